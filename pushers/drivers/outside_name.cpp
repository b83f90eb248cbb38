#include "pushers/drivers/outside_name.hpp"

#include <idn2.h>

#include <algorithm>
#include <memory>

namespace taproot::pushers {

Result<dns::Name> name_from_outside(const std::string& text) {
  const bool is_ascii = std::all_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  constexpr std::size_t longest = 4 * 255;  // no name is longer in UTF-8
  if (is_ascii || text.size() > longest) return dns::Name::from_text(text);
  char* found = nullptr;
  const int outcome = idn2_to_ascii_8z(text.c_str(), &found, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  const std::unique_ptr<char, decltype(&idn2_free)> owned(found, &idn2_free);
  if (outcome != IDN2_OK) return fail(Errc::bad_label, idn2_strerror(outcome));
  return dns::Name::from_text(found);
}

}  // namespace taproot::pushers
