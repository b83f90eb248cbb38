#include "dns/message.hpp"
#include "dns/presentation.hpp"
#include "server/dispatch.hpp"
#include "zonestore/zone_version.hpp"

#include <array>
#include <cstdlib>

using namespace taproot;

namespace {

dns::Name name_of(const char* text) {
  return dns::Name::from_text(text).value();
}

void put(zonestore::ZoneBuilder& zone, const char* owner, dns::RRType type, const char* rdata) {
  zone.put({name_of(owner), type, 300, {dns::rdata_from_text(type, rdata, dns::Name()).value()}});
}

server::Snapshot snapshot() {
  using dns::RRType;
  zonestore::ZoneBuilder zone(name_of("e."));
  put(zone, "e.", RRType::SOA, "ns.e. h.e. 1 2 3 4 5");
  put(zone, "e.", RRType::NS, "ns.e.");
  put(zone, "ns.e.", RRType::A, "192.0.2.1");
  put(zone, "*.w.e.", RRType::CNAME, "a.d.e.");
  put(zone, "d.e.", RRType::DNAME, "w.e.");
  put(zone, "s.e.", RRType::NS, "n.s.e.");
  put(zone, "n.s.e.", RRType::AAAA, "2001:db8::1");
  put(zone, "m.e.", RRType::MX, "10 ns.e.");
  const auto version = zone.finish().value();
  return {std::make_shared<const zonestore::ZoneSet>(
              zonestore::ZoneSet().with(name_of("e."), version).with(name_of("f."), nullptr)),
          std::make_shared<const server::Policy>()};
}

}  // namespace

/// Whatever is asked, the answer is silence or a message that parses and answers the question.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto served = snapshot();
  static server::Counters counters;
  static server::Dispatch dispatch(
      counters, [] { return dns::TsigTime{1'700'000'000}; }, [](const server::TransferEvent&) {});
  static std::array<std::uint8_t, server::Dispatch::buffer_size> buffer;
  const net::Endpoint from = net::Endpoint::from_text("192.0.2.9:53").value();
  for (const auto transport : {server::Transport::udp, server::Transport::tcp}) {
    const auto reply = dispatch.handle(served, {{data, size}, from, transport}, buffer);
    if (reply.transfer) std::abort();  // nobody is allowed one
    if (reply.size == 0) continue;
    if (transport == server::Transport::udp && reply.size > server::edns_udp_size) std::abort();
    const auto message = dns::Message::parse({buffer.data(), reply.size});
    if (!message || !message->header.qr || buffer[0] != data[0] || buffer[1] != data[1]) {
      std::abort();
    }
  }
  return 0;
}
