#pragma once

#include "dns/octets.hpp"
#include "dns/types.hpp"

#include <string>
#include <utility>
#include <vector>

namespace taproot::zonestore {

/// A value of a record set as a YAML or JSON document has it.
struct CanonicalValue {
  enum class Kind { text, number, list, map };
  Kind kind = Kind::text;
  std::string text;  ///< of a text or a number; is_yaml_text() holds
  /// Of a map its keys and values, of a list its values with empty keys.
  struct Part;
  std::vector<Part> parts;
};

struct CanonicalValue::Part {
  std::string key;
  CanonicalValue value;
};

/// The one way to write rdata of a type: a map of fields where the format has one, text
/// otherwise, and `\# n hex` (RFC 3597) for what has no other form. Without `with_serial` a SOA
/// map has no serial. Reading it gives the same rdata, octet for octet (a serial left out reads
/// as 1): each form was read back before it is given out. `rdata` must be valid for its type.
CanonicalValue canonical_value(dns::RRType type, Octets rdata, bool with_serial);

}  // namespace taproot::zonestore
