#include "zonestore/check_practice.hpp"
#include "zonestore/check_text.hpp"

#include <idn2.h>

#include <memory>
#include <string>

namespace taproot::zonestore {

namespace {

/// Why a label that begins with xn-- is no A-label of IDNA 2008, or "".
std::string why_no_a_label(const std::string& label) {
  char* unicode = nullptr;
  const int decoded = ::idn2_to_unicode_8z8z(label.c_str(), &unicode, 0);
  const std::unique_ptr<char, void (*)(void*)> owned(unicode, ::idn2_free);
  if (decoded != IDN2_OK) return ::idn2_strerror(decoded);
  char* again = nullptr;
  const int encoded = ::idn2_to_ascii_8z(unicode, &again, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> owned_again(again, ::idn2_free);
  if (encoded != IDN2_OK) return ::idn2_strerror(encoded);
  return again == label ? "" : "written in full it would be another label";
}

}  // namespace

void check_idn(CheckedZone& zone, const CheckIndex::Owner& owner) {
  const auto is = [&](std::size_t at, char want) { return (owner.wire[at] | 0x20) == want; };
  if (owner.wire[0] < 4 || owner.wire[3] != '-' || owner.wire[4] != '-' || !is(1, 'x') ||
      !is(2, 'n') || owner.set_count == 0) {
    return;
  }
  const auto labels = first_labels(owner.wire, 1);
  if (labels.empty()) return;
  const auto why = why_no_a_label(labels[0]);
  if (why.empty()) return;
  const auto& item = zone.index().first_item(zone.index().sets_of(owner)[0]);
  zone.warning("bad-a-label", item,
               item.owner.to_text() + ": " + in_quotes(labels[0]) +
                   " is no A-label of an internationalized name: " + why,
               "convert the name again, for example with idn2(1)");
}

}  // namespace taproot::zonestore
