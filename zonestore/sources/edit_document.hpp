#pragma once

#include "dns/name.hpp"
#include "zonestore/edit.hpp"
#include "zonestore/finding.hpp"

#include <string_view>
#include <vector>

namespace taproot::zonestore {

/// The changes of a transaction, or what is wrong with them: each finding names the change by its
/// index, "changes[2]", and where it stands in the text.
struct EditDocument {
  std::vector<EditChange> changes;
  std::vector<Finding> findings;
};

/// At most so many changes in one transaction.
constexpr std::size_t max_edit_changes = 10'000;

/// Reads the `changes` of a JSON object; its other keys are left to others. Each change has `op`
/// (put, add, remove, delete), `owner` (as in the YAML format), `type`, `ttl`, and `value` or
/// `values`: text or maps as docs/zone-format.md has them.
EditDocument read_edit_document(const dns::Name& apex, std::string_view json);

}  // namespace taproot::zonestore
