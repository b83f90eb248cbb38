#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"
#include "zonestore/sources/document.hpp"

#include <tl/expected.hpp>

#include <string>

namespace taproot::zonestore {

/// Why a value of a YAML or JSON record is not rdata.
struct ValueProblem {
  const DocumentNode* place;
  const char* rule;
  std::string message;
  std::string cure;
};

/// The rdata that one value stands for: text, or a map of the type's fields as octoDNS names
/// them. Text is presentation format; of TXT and SPF it is the text itself, unless it begins with
/// a quote. Names must end in a dot; `apex` serves to say what they may have been meant to be.
tl::expected<dns::Rdata, ValueProblem> rdata_from_value(dns::RRType type, const DocumentNode& value,
                                                        const dns::Name& apex);

}  // namespace taproot::zonestore
