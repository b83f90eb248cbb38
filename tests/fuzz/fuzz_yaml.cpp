#include "zonestore/check.hpp"
#include "zonestore/sources/records.hpp"

using namespace taproot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto apex = dns::Name::from_text("example.").value();
  zonestore::SourceLimits limits;
  limits.yaml_nodes = 10'000;
  auto records = zonestore::read_yaml_records(apex, {reinterpret_cast<const char*>(data), size},
                                              "fuzz.yaml", limits);
  (void)zonestore::check_zone(apex, std::move(records), {});
  return 0;
}
