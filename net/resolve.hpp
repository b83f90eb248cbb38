#pragma once

#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace taproot::net {

/// Asks this host's resolver (getaddrinfo, on the work pool) for the addresses of a host name, in
/// the order to try them. An address in text is its own answer. Destroying it gives up.
class HostLookup {
 public:
  /// Errc::not_found when there is no such name or it has no address, Errc::io when nobody could
  /// tell. A list is never empty.
  using OnFound = std::function<void(Result<std::vector<Address>> addresses)>;

  HostLookup(Loop& loop, const std::string& host, OnFound on_found);
  HostLookup(const HostLookup&) = delete;
  HostLookup& operator=(const HostLookup&) = delete;
  ~HostLookup();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace taproot::net
