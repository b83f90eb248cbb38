#include "zonestore/sources/source_lines.hpp"

#include <algorithm>
#include <string_view>

namespace taproot::zonestore {

namespace {

std::vector<std::size_t> line_starts(const std::string& text) {
  std::vector<std::size_t> starts = {0};
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    starts.push_back(at + 1);
  }
  return starts;
}

}  // namespace

SourceLines::SourceLines(const std::vector<std::string>& files,
                         const std::vector<std::shared_ptr<const std::string>>& texts) {
  for (std::size_t i = 0; i < std::min(files.size(), texts.size()); ++i) {
    if (texts[i]) texts_.try_emplace(files[i], Indexed{texts[i], {}});
  }
}

std::string SourceLines::line(const std::string& file, std::size_t number) {
  const auto found = texts_.find(file);
  if (found == texts_.end()) return "";
  auto& [text, starts] = found->second;
  if (starts.empty()) starts = line_starts(*text);
  if (number == 0 || number > starts.size()) return "";
  constexpr std::size_t enough = 4096;
  const auto part = std::string_view(*text).substr(starts[number - 1], enough);
  auto line = part.substr(0, part.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return std::string(line);
}

}  // namespace taproot::zonestore
