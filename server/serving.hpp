#pragma once

#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/tls_context.hpp"
#include "server/counters.hpp"
#include "server/policy.hpp"
#include "server/transfer_event.hpp"
#include "server/update_order.hpp"
#include "xfr/composed_transfers.hpp"
#include "xfr/delivered_differences.hpp"
#include "zonestore/published.hpp"
#include "zonestore/store.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace taproot::server {

/// The serving loops: each a thread with its own listeners on the same endpoints
/// (SO_REUSEPORT), its own dispatch and its own counters. What they share is published: the set
/// of zones and the policy.
class Serving {
 public:
  struct Options {
    std::vector<net::Endpoint> listen;  ///< UDP and TCP on each
    std::size_t workers = 1;
    /// Outlives the serving loops, which share it.
    xfr::DeliveredDifferences* delivered = nullptr;
    std::vector<net::Endpoint> listen_tls = {};  ///< TLS on each; then `tls` is there
    const zonestore::Published<net::TlsContext>* tls = nullptr;  ///< must outlive the Serving
    xfr::ComposedTransfers* composed = nullptr;                  ///< shared as `delivered` is
  };
  /// Called on a serving loop; must post to where the event is used.
  using Tell = std::function<void(TransferEvent)>;
  /// The same for UPDATEs.
  using Submit = std::function<void(UpdateOrder)>;

  /// Binds everything, then starts the threads. Fails with Errc::in_use or Errc::io, naming the
  /// endpoint. `store` and `policy` must outlive it.
  static Result<std::unique_ptr<Serving>> start(const zonestore::ZoneStore& store,
                                                const zonestore::Published<Policy>& policy,
                                                Options options, Tell tell, Submit submit);
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  /// Stops accepting, ends the threads and joins them.
  ~Serving();

  /// One per loop; readable from any thread.
  std::vector<const Counters*> counters() const;
  /// Where it listens, with the ports the system chose.
  const std::vector<net::Endpoint>& local() const { return local_; }
  const std::vector<net::Endpoint>& local_tls() const { return local_tls_; }

 private:
  class Worker;
  Serving() = default;

  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<net::Endpoint> local_;
  std::vector<net::Endpoint> local_tls_;
};

}  // namespace taproot::server
