#pragma once

#include <string>
#include <string_view>

namespace taproot::zonestore {

// The one place that puts text into YAML. What is written here is read back as the same text by
// every YAML 1.1 and 1.2 reader, whatever the text is: names and texts come from strangers.

/// True for UTF-8 without control characters, line and paragraph separators, byte order marks and
/// non-characters: text that may stand in a YAML document as it is, on one line.
bool is_yaml_text(std::string_view text);

/// Appends a scalar for which is_yaml_text() holds: bare where no reader could take it for a
/// number, a date, a boolean, null or syntax, and in single quotes otherwise.
void append_yaml_scalar(std::string& out, std::string_view text);

/// The text of a comment as it may stand behind "# ": what is not YAML text is replaced.
std::string yaml_comment(std::string_view text);

}  // namespace taproot::zonestore
