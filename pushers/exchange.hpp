#pragma once

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/tsig.hpp"
#include "net/child_process.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"
#include "net/tls_context.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace taproot::pushers {

/// A request to a server that speaks DNS: one message over TCP or TLS, or the transfer of a zone.
struct DnsRequest {
  net::Endpoint server;
  std::optional<dns::TsigKey> key;  ///< signs it, and must have signed what comes back
  std::shared_ptr<const net::TlsContext> tls = nullptr;  ///< null: plain TCP
  /// Without TSIG; the carrier gives it an id and signs it. Empty: nothing that could be sent.
  std::vector<std::uint8_t> message = {};
  std::optional<dns::Name> transfer = std::nullopt;  ///< AXFR of this zone, instead of a message
};

/// What came back, and was signed as the request was.
struct DnsResponse {
  dns::Message message;              ///< of a request that was a message
  std::vector<dns::Record> records;  ///< of a transfer that is complete; the SOA once and first
};

/// What a driver sends: HTTP, or DNS if `dns` is set, or a run of a program if `exec` is. It may
/// carry secrets: it is never logged.
struct Request : net::HttpRequest {
  std::optional<DnsRequest> dns = std::nullopt;
  std::optional<net::ChildOrder> exec = std::nullopt;
};

/// What a driver gets; the kind is that of the request.
struct Response : net::HttpResponse {
  std::optional<DnsResponse> dns = std::nullopt;
  std::optional<net::ChildEnd> exec = std::nullopt;  ///< however it ended
};

}  // namespace taproot::pushers
