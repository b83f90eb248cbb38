#include "net/loop.hpp"
#include "net/resolve.hpp"
#include "server/import_source.hpp"
#include "xfr/transfer_client.hpp"

#include <charconv>
#include <memory>
#include <utility>

namespace taproot::server {

namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::uint16_t tls_port = 853;

/// A server as it was typed.
struct Server {
  std::string host;  ///< an address or a name
  std::uint16_t port = dns_port;
};

Result<Server> server_of(std::string_view text, std::uint16_t port) {
  if (text.ends_with('/')) text.remove_suffix(1);
  if (const auto endpoint = net::Endpoint::from_text(text, port)) {
    return Server{endpoint->address().to_text(), endpoint->port()};
  }
  const auto bad = [&] {
    return fail(Errc::bad_text, std::string(axfr_scheme) + std::string(text) +
                                    ": write axfr://HOST[:PORT], with an IPv6 address as [::1]:53");
  };
  Server server{std::string(text.substr(0, text.find(':'))), port};
  if (server.host.empty() || text.find_first_of("/@[]?# ") != std::string_view::npos) return bad();
  if (server.host.size() == text.size()) return server;
  const auto digits = text.substr(server.host.size() + 1);
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, server.port);
  if (error != std::errc() || at != end || server.port == 0) return bad();
  return server;
}

Result<std::vector<net::Address>> addresses_of(const std::string& host) {
  net::Loop loop;
  Result<std::vector<net::Address>> found = fail(Errc::io, host + ": nobody could be asked");
  const net::HostLookup lookup(loop, host, [&](Result<std::vector<net::Address>> addresses) {
    found = std::move(addresses);
    loop.stop();
  });
  loop.run();
  return found;
}

Result<xfr::IncomingTransfer> transfer_from(const net::Endpoint& endpoint, const dns::Name& apex,
                                            const ImportTransfer& transfer,
                                            std::shared_ptr<const net::TlsContext> tls) {
  xfr::TransferClient::Options options;
  options.tls = std::move(tls);
  options.key = transfer.key;
  options.deadline = transfer.deadline;
  net::Loop loop;
  Result<xfr::IncomingTransfer> result = fail(Errc::io, "nothing came");
  const xfr::TransferClient client(loop, apex, endpoint, std::move(options),
                                   [&](Result<xfr::IncomingTransfer> done) {
                                     result = std::move(done);
                                     loop.stop();
                                   });
  loop.run();
  return result;
}

/// Whether another address of the same host may do better.
bool may_differ(const Error& error) {
  return error.code == Errc::io || error.code == Errc::timed_out;
}

/// Null without TLS.
Result<std::shared_ptr<const net::TlsContext>> tls_for(const ImportTransfer& transfer,
                                                       const std::string& host) {
  if (!transfer.tls) return nullptr;
  auto settings = *transfer.tls;
  if (settings.hostname.empty() && settings.pins.empty()) settings.hostname = host;
  return net::TlsContext::for_client(settings);
}

ImportedZone zone_of(xfr::IncomingTransfer transfer, const net::Endpoint& endpoint, bool tls) {
  ImportedZone zone;
  zone.source = std::string(tls ? "AXFR over TLS from " : "AXFR from ") + endpoint.to_text();
  if (transfer.outside() > 0) {
    zone.left_behind.push_back(std::to_string(transfer.outside()) +
                               " records of names outside of the zone were left behind");
  }
  for (auto& record : transfer.take_records()) {
    zone.records.items.push_back(
        {std::move(record.owner), record.type, record.ttl, std::move(record.rdata), {}});
  }
  return zone;
}

}  // namespace

Result<ImportedZone> import_by_axfr(const dns::Name& apex, std::string_view host_and_port,
                                    const ImportTransfer& transfer) {
  const auto server = server_of(host_and_port, transfer.tls ? tls_port : dns_port);
  if (!server) return tl::unexpected(server.error());
  const auto tls = tls_for(transfer, server->host);
  if (!tls) return tl::unexpected(tls.error());
  const auto addresses = addresses_of(server->host);
  if (!addresses) return tl::unexpected(addresses.error());
  Error trouble{Errc::io, server->host + ": has no address"};
  for (const auto& address : *addresses) {
    const net::Endpoint endpoint(address, server->port);
    auto transferred = transfer_from(endpoint, apex, transfer, *tls);
    if (transferred) return zone_of(std::move(*transferred), endpoint, *tls != nullptr);
    trouble = {transferred.error().code, endpoint.to_text() + ": " + transferred.error().detail};
    if (!may_differ(trouble)) break;
  }
  return tl::unexpected(std::move(trouble));
}

}  // namespace taproot::server
