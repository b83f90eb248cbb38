#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace taproot::zonestore {

/// Lines of texts by their numbers, for excerpts. An index of a text is made when its first line
/// is asked for.
class SourceLines {
 public:
  /// As SourceRecords has them: `texts` may be shorter than `files`, or hold nulls.
  SourceLines(const std::vector<std::string>& files,
              const std::vector<std::shared_ptr<const std::string>>& texts);

  /// The line without its end, cut to 4096 octets; empty if it cannot be had.
  std::string line(const std::string& file, std::size_t number);

 private:
  struct Indexed {
    std::shared_ptr<const std::string> text;
    std::vector<std::size_t> starts;
  };

  std::map<std::string, Indexed> texts_;
};

}  // namespace taproot::zonestore
