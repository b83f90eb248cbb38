#include "zonestore/check.hpp"
#include "zonestore/sources/zone_file.hpp"

using namespace taproot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto apex = dns::Name::from_text("example.").value();
  zonestore::SourceLimits limits;
  limits.generate_records = 1000;
  auto records = zonestore::read_zone_text(apex, {reinterpret_cast<const char*>(data), size},
                                           "fuzz.zone", limits);
  (void)zonestore::check_zone(apex, std::move(records), {});
  return 0;
}
