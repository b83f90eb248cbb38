#include "xfr/apply_ixfr.hpp"
#include "xfr/incoming_transfer.hpp"

#include "dns/presentation.hpp"

#include <cstdlib>

using namespace taproot;

namespace {

std::shared_ptr<const zonestore::ZoneVersion> base_zone() {
  const auto apex = dns::Name::from_text("example.").value();
  zonestore::ZoneBuilder builder(apex);
  const auto put = [&](const char* owner, dns::RRType type, const char* rdata) {
    builder.put({dns::Name::from_text(owner, apex).value(),
                 type,
                 300,
                 {dns::rdata_from_text(type, rdata, apex).value()}});
  };
  put("@", dns::RRType::SOA, "ns h 7 1 2 3 4");
  put("@", dns::RRType::NS, "ns");
  put("ns", dns::RRType::A, "192.0.2.1");
  return builder.finish().value();
}

}  // namespace

/// What a primary sends in answer to an IXFR: messages with their lengths before them. Header and
/// question are put right, so that the records are reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto base = base_zone();
  xfr::IncomingTransfer transfer(base->apex(), 99, std::nullopt, {1 << 20, 1000}, base->soa());
  const auto request = transfer.request(0);
  constexpr std::size_t question = 12 + 9 + 4;
  for (std::size_t at = 0; at + 2 <= size;) {
    const auto length = static_cast<std::size_t>(data[at] << 8 | data[at + 1]);
    const auto part = Octets(data, size).subspan(at + 2, std::min(length, size - at - 2));
    at += 2 + length;
    std::vector<std::uint8_t> message(request.begin(), request.begin() + question);
    message[2] = 0x84;
    message[6] = 0;  // as many answers as the first octet says
    message[7] = part.empty() ? 0 : part[0];
    message[8] = message[9] = message[10] = message[11] = 0;
    if (!part.empty()) message.insert(message.end(), part.begin() + 1, part.end());
    if (!transfer.on_message(message, 0)) return 0;
  }
  if (!transfer.on_end() || transfer.kind() != xfr::IncomingKind::differences) return 0;
  const auto steps = transfer.take_steps();
  const auto next = xfr::apply_ixfr(*base, steps);
  if (!next) return 0;
  // What was applied ends at the serial that the server has.
  if ((*next)->serial() != transfer.soa().serial) std::abort();
  (void)zonestore::changes_between(*base, **next);
  return 0;
}
