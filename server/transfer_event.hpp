#pragma once

#include "dns/name.hpp"
#include "dns/serial.hpp"
#include "net/endpoint.hpp"
#include "xfr/ixfr_choice.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taproot::server {

/// What a serving loop has to tell about a secondary: for the log, and for the board as an
/// observation of what the secondary has.
struct TransferEvent {
  enum class Kind {
    soa_query,   ///< it asked for the SOA, and its address or key is known for this zone
    refused,     ///< it asked for what it may not have: see `asked` and `why`
    broken_tls,  ///< it came to the TLS port and could not be spoken to: see `why`
    started,
    finished,  ///< all octets were taken by the system
    aborted,   ///< the connection ended before: see `why`
    notified,  ///< a primary that we follow says it has news; `before` is the serial it names
  };
  Kind kind = Kind::refused;
  dns::Name apex;
  net::Endpoint from;
  std::optional<dns::Name> key;  ///< if the request was rightly signed
  /// Of the rule that allowed it. If refused: whose it seems to be by its address or key; empty
  /// if nobody's.
  std::string provider;
  std::string_view asked;  ///< "AXFR", "IXFR", "SOA", "NOTIFY" or "UPDATE", only of refused
  std::string why;
  bool over_tls = false;

  // Only of started, finished and aborted.
  xfr::IxfrChoice::Kind what = xfr::IxfrChoice::Kind::whole_zone;
  dns::Serial serial;                 ///< what it gets
  std::optional<dns::Serial> before;  ///< what it said it has (IXFR)
  std::string note;  ///< why it gets the whole zone in place of differences; empty: it does not
  bool over_tcp = true;
  std::uint64_t octets = 0;
  std::uint64_t records = 0;
  std::uint64_t messages = 0;
  std::chrono::microseconds took{0};
};

}  // namespace taproot::server
