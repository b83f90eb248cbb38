#pragma once

#include "dns/message.hpp"

#include <vector>

namespace taproot::xfr {

/// One step of the differences that an IXFR brings (RFC 1995 section 4): from one SOA to the next.
struct IxfrStep {
  dns::Record before;  ///< the SOA it begins with
  dns::Record after;   ///< the SOA it ends with
  std::vector<dns::Record> deleted;
  std::vector<dns::Record> added;
};

}  // namespace taproot::xfr
