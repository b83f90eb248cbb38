#pragma once

#include "dns/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

/// The range of a $GENERATE directive of BIND: "start-stop" or "start-stop/step".
struct GenerateRange {
  std::uint32_t start = 0;
  std::uint32_t stop = 0;
  std::uint32_t step = 1;

  /// Fails with Errc::bad_text.
  static Result<GenerateRange> from_text(std::string_view text);
  std::uint64_t count() const { return (std::uint64_t{stop} - start) / step + 1; }
};

/// Text with "$" in it, which each round of a $GENERATE replaces by its number:
/// "$", "${offset}", "${offset,width}", "${offset,width,base}" with base d, o, x, X, n or N (the
/// last two are nibbles, lowest first, for ip6.arpa); "$$" is a dollar, and "\$" stays as it is.
class GenerateTemplate {
 public:
  /// Fails with Errc::bad_text.
  static Result<GenerateTemplate> from_text(std::string_view text);

  /// The text of round `number`; fails with Errc::bad_text if an offset makes it negative.
  Result<std::string> text_for(std::uint32_t number) const;

 private:
  struct Part {
    std::string before;  ///< plain text, then the number
    bool has_number = false;
    std::int64_t offset = 0;
    unsigned width = 0;
    char base = 'd';
  };
  static Result<Part> number_part(std::string_view inside);

  std::vector<Part> parts_;
};

}  // namespace taproot::zonestore
