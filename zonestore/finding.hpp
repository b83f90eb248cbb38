#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

/// In this order: the gravest first.
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
  /// The words of the line that it is about, where `column` is only that of the record.
  std::string focus{};
  std::size_t length = 0;  ///< octets from `column` on that it is about; 0: the word there

  /// Another place that it takes to see what is wrong.
  struct Related {
    std::string file;
    std::size_t line = 0;
    std::size_t column = 0;
    std::string message;  ///< "the CNAME is here"
    std::string excerpt{};
    bool operator==(const Related&) const = default;
  };
  std::vector<Related> related{};

  bool operator==(const Finding&) const = default;
};

/// Gives a finding its source line, and makes it point at its focus if that stands in the line.
void add_excerpt(Finding& finding, std::string line);

/// Octets that a finding is about in its excerpt, from its column on: at least 1.
std::size_t length_of(const Finding& finding);

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

/// The first error among them as one line; `otherwise` if there is none.
std::string first_error(const std::vector<Finding>& findings, std::string_view otherwise);

}  // namespace taproot::zonestore
