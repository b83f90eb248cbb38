#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

enum class Severity { error, warning, note };

/// One thing wrong, or worth a look, in a source of zones: what, where, why, and how to mend it.
struct Finding {
  Severity severity = Severity::error;
  std::string rule;      ///< stable name, e.g. "cname-and-other-data"; docs/rules.md explains each
  std::string file;      ///< as the operator wrote it; empty if the zone did not come from a file
  std::size_t line = 0;  ///< from 1; 0 where there is none
  std::size_t column = 0;  ///< from 1, in octets; 0 where there is none
  std::string message;     ///< one sentence with the names and values concerned
  std::string cure;        ///< one sentence: what to write instead
  std::string excerpt;     ///< the source line, for the caret display; may be empty
};

bool has_errors(const std::vector<Finding>& findings);

/// Like a good compiler:
///
///     zones/example.org.yaml:14:5: error: www.example.org. has a CNAME beside A
///     [cname-and-other-data]
///       14 |   - type: A
///          |     ^
///       cure: remove either the CNAME or the other records
std::string to_text(const Finding& finding, bool colour);

/// Something that was written, for messages: in quotes, and shortened if it is long.
std::string in_quotes(std::string_view written);

/// One line without excerpt and cure, for logs and status.
std::string to_line(const Finding& finding);

}  // namespace taproot::zonestore
