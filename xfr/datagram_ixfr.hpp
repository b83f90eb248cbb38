#pragma once

#include "dns/name.hpp"
#include "dns/rdata.hpp"
#include "dns/result.hpp"
#include "dns/tsig.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "net/udp_socket.hpp"
#include "xfr/incoming_transfer.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace taproot::xfr {

/// Asks a server for an IXFR over UDP (RFC 1995 section 2): one datagram there, one back, on a
/// socket of its own, whose port nobody can guess and which hears that server only.
///
///     asked ──all in one datagram, or we are current──> done
///       │ └──a newer SOA alone, TC, an RCODE, no answer in time, no socket──> ask over TCP
///       └──anything that is not a right answer, or not signed right: goes on waiting
///
/// So nothing is lost by it but the wait: whatever does not come whole, comes over TCP. Destroying
/// it gives up and calls nothing.
class DatagramIxfr {
 public:
  struct Options {
    std::optional<net::Address> source;
    std::optional<dns::TsigKey> key;
    IncomingLimits limits;
    dns::Soa have;  ///< the differences from it
    std::chrono::milliseconds wait = std::chrono::seconds(2);
  };
  /// A complete transfer, of differences or of the kind current, or of a whole zone if the server
  /// finds that shorter. An error says why it has to be asked for over TCP.
  using OnDone = std::function<void(Result<IncomingTransfer> transfer)>;

  /// What we tell the server that we can take: less than any path should have to take apart.
  static constexpr std::uint16_t largest_answer = 1232;

  /// Asks at once; `on_done` is called once, from the loop.
  DatagramIxfr(net::Loop& loop, dns::Name apex, const net::Endpoint& server, Options options,
               OnDone on_done);
  DatagramIxfr(const DatagramIxfr&) = delete;
  DatagramIxfr& operator=(const DatagramIxfr&) = delete;
  ~DatagramIxfr() = default;

 private:
  IncomingTransfer new_transfer() const;
  void on_datagram(Octets datagram);
  void finish(Result<IncomingTransfer> result);

  dns::Name apex_;
  Options options_;
  OnDone on_done_;
  std::uint16_t id_;
  dns::TsigTime asked_;  ///< what the request is signed with
  std::unique_ptr<net::UdpSocket> socket_;
  net::Timer timer_;
};

}  // namespace taproot::xfr
