#pragma once

#include "dns/types.hpp"

#include <span>
#include <string_view>

namespace taproot::zonestore {

// The maps that YAML and JSON documents may have in the place of presentation format: read in
// record_values.cpp, written in canonical_value.cpp.

/// How a field of a map is written into presentation format.
enum class FieldForm { number, decimal, metres, name, word, text, parameters };

/// One key of a map; the fields of a type stand in the order of its presentation format.
struct RecordField {
  std::string_view key;
  std::string_view other_key;  ///< what older octoDNS files call it
  FieldForm form;
  const char* otherwise;  ///< presentation text if it is left out; null: it must be there
};

/// The fields of a type that may be a map, as octoDNS names them; none for the other types.
std::span<const RecordField> record_fields(dns::RRType type);

}  // namespace taproot::zonestore
