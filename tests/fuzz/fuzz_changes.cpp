#include "zonestore/journal_codec.hpp"

using namespace taproot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)zonestore::decode_changes({data, size});
  return 0;
}
