// Both readers of zone files on the same text: what the fast one takes, the other must take
// without a word, and read as the same records.
#include "tests/zonestore/fast_samples.hpp"

#include <cstdlib>

using namespace taproot;
using namespace taproot::zonestore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto apex = dns::Name::from_text("example.").value();
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto sizes = data[0] == 0 ? PieceSizes() : samples::small_pieces(data[0]);
  const auto fast = samples::read_fast(apex, text, sizes);
  if (!fast) return 0;
  SourceLimits limits;
  limits.generate_records = 1000;
  const auto other = read_zone_text(apex, text, "fuzz.zone", limits);
  if (!other.findings.empty() || samples::difference(*fast, other) != "") std::abort();
  return 0;
}
