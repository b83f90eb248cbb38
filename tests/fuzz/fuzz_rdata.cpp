#include "dns/dsync.hpp"
#include "dns/presentation.hpp"
#include "dns/rdata.hpp"

#include <cstdlib>

using namespace taproot;

/// The first two octets are the type. Rdata that is accepted must come back from its own text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto type = static_cast<dns::RRType>(data[0] << 8 | data[1]);
  if (type == dns::Dsync::rrtype) (void)dns::Dsync::from_rdata({data + 2, size - 2});
  const auto rdata = dns::rdata_from_octets(type, {data + 2, size - 2});
  if (!rdata) return 0;
  const auto text = dns::rdata_to_text(type, rdata->wire());
  const auto again = dns::rdata_from_text(type, text, dns::Name());
  if (!again || dns::canonical(type, *again) != dns::canonical(type, *rdata)) std::abort();
  return 0;
}
