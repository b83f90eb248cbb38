#include "dns/rdata_text.hpp"

#include "dns/key_records.hpp"
#include "dns/rdata_checks.hpp"
#include "dns/svcb.hpp"
#include "dns/text_fields.hpp"
#include "dns/text_values.hpp"
#include "dns/tsig.hpp"

#include <sys/socket.h>

#include <array>
#include <limits>
#include <optional>

namespace taproot::dns {

namespace {

constexpr std::size_t max_rdata = 65535;
constexpr std::size_t max_string = 255;

template <class Number>
void append_number(std::string& wire, Number value) {
  for (std::size_t shift = sizeof(Number) * 8; shift > 0;) {
    shift -= 8;
    wire += static_cast<char>(value >> shift & 0xff);
  }
}

std::uint32_t number_in(Octets octets) {
  std::uint32_t value = 0;
  for (const std::uint8_t octet : octets) value = value << 8 | octet;
  return value;
}

Octets octets_of(const std::string& wire) {
  return {reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()};
}

/// Reads the fields of one rdata. Each reader appends to the rdata and returns what is wrong, or
/// nullptr.
class RdataText {
 public:
  RdataText(const Layout& layout, std::string_view text, const Name& origin)
      : layout_(layout), fields_(text), origin_(origin) {
    // Short rdata needs no memory of its own; for longer one piece is enough, mostly.
    constexpr std::size_t in_place = 15;
    if (text.size() > in_place) wire_.reserve(text.size() + 2 * in_place);
  }

  Result<Rdata> read();

 private:
  const char* take();
  const char* read_field(Field field);
  const char* one_field(Field field);
  const char* all_fields(Field field);
  template <class Number>
  const char* number(std::optional<Number> value, const char* why) {
    if (!value) return why;
    append_number(wire_, *value);
    return nullptr;
  }
  const char* name();
  const char* string();
  const char* strings();
  const char* blob(Field field);
  const char* base64(std::string_view text, bool may_be_empty);
  /// Keeps the words of `why`, which is empty when all is well.
  const char* say(std::string why) {
    why_ = std::move(why);
    return why_.empty() ? nullptr : why_.c_str();
  }
  tl::unexpected<Error> bad(const std::string& why) const;

  const Layout& layout_;
  TextFields fields_;
  const Name& origin_;
  std::string wire_;
  TextField now_;          // the field last taken
  std::size_t taken_ = 0;  // fields taken so far
  std::string why_;        // what say() was told
};

tl::unexpected<Error> RdataText::bad(const std::string& why) const {
  constexpr std::size_t enough = 80;
  std::string where = to_text(layout_.type);
  if (taken_ > 0) {
    where += " field " + std::to_string(taken_);
    where += " \"" + std::string(now_.text.substr(0, enough)) + "\"";
  }
  return fail(Errc::bad_rdata, where + ": " + why);
}

Result<Rdata> RdataText::read() {
  for (const Field field : layout_.fields) {
    if (field == Field::end) break;
    const char* why = read_field(field);
    if (why == nullptr) continue;
    return bad(why);
  }
  if (!fields_.at_end()) {
    if (const char* why = take()) return bad(why);
    return bad("is one field too many");
  }
  if (wire_.size() > max_rdata) return bad("the rdata takes more than 65535 octets");
  Rdata rdata(octets_of(wire_));  // a copy of exact size: zones hold millions of these
  if (layout_.why_bad != nullptr) {
    if (const char* why = layout_.why_bad(rdata.wire())) return bad(why);
  }
  return rdata;
}

const char* RdataText::take() {
  const auto field = fields_.next();
  if (!field) {
    if (fields_.trouble() != nullptr) return fields_.trouble();
    now_ = TextField();
    ++taken_;
    return "is missing";
  }
  now_ = *field;
  ++taken_;
  return nullptr;
}

/// The fields that take all that is left.
bool takes_all(Field field) {
  return field == Field::strings || field == Field::bitmap || field == Field::hex_some ||
         field == Field::base64_rest || field == Field::base64_some || field == Field::ipseckey ||
         field == Field::hip || field == Field::svc_params;
}

const char* RdataText::read_field(Field field) {
  if (takes_all(field)) return all_fields(field);
  if (const char* why = take()) return why;
  const bool may_be_quoted = field == Field::string || field == Field::tag ||
                             field == Field::text_rest || field == Field::text_some;
  if (now_.quoted && !may_be_quoted) return "may not be quoted";
  return one_field(field);
}

const char* RdataText::one_field(Field field) {
  const std::string_view text = now_.text;
  switch (field) {
    case Field::u8:
      return number(number_from_text<std::uint8_t>(text), "is not a number from 0 to 255");
    case Field::algorithm:
      return number(algorithm_from_text(text), "is not a DNSSEC algorithm");
    case Field::u16:
      return number(number_from_text<std::uint16_t>(text), "is not a number from 0 to 65535");
    case Field::cert_type:
      return number(cert_type_from_text(text), "is not a certificate type");
    case Field::rrtype: {
      const auto type = rrtype_from_text(text);
      if (!type) return say(type.error().detail);
      append_number(wire_, static_cast<std::uint16_t>(*type));
      return nullptr;
    }
    case Field::dsync_scheme:
      return number(dsync_scheme_from_text(text), "is not NOTIFY or a number from 0 to 255");
    case Field::u32:
      return number(number_from_text<std::uint32_t>(text), "is not a number from 0 to 4294967295");
    case Field::seconds:
      return number(seconds_from_text(text, std::numeric_limits<std::uint32_t>::max()),
                    "is not a number of seconds or a time like 1d12h");
    case Field::time:
      return number(time_from_text(text), "is not a time like 20301231235959");
    case Field::ipv4:
      return append_from_address(wire_, AF_INET, text);
    case Field::ipv6:
      return append_from_address(wire_, AF_INET6, text);
    case Field::octets_6:
      return append_from_eui(wire_, text, 6);
    case Field::octets_8:
      return append_from_eui(wire_, text, 8);
    case Field::name:
    case Field::name_legacy:
    case Field::name_lowered:
    case Field::name_kept:
      return name();
    case Field::string:
      return string();
    case Field::tag: {
      const std::size_t at = wire_.size() + 1;
      if (const char* why = string()) return why;
      return why_bad_tag(octets_of(wire_).subspan(at));
    }
    case Field::salt:
    case Field::hash:
      return blob(field);
    case Field::text_some:
      if (text.empty()) return "is empty";
      return append_unescaped(wire_, text);
    case Field::text_rest:
      return append_unescaped(wire_, text);
    case Field::end:
    case Field::strings:
    case Field::bitmap:
    case Field::rest:
    case Field::rest_some:
    case Field::hex_some:
    case Field::base64_rest:
    case Field::base64_some:
    case Field::ipseckey:
    case Field::hip:
    case Field::svc_params:
      break;
  }
  return "has no text form here";
}

const char* RdataText::all_fields(Field field) {
  if (field == Field::strings) return strings();
  now_ = TextField{fields_.take_rest(), false};
  ++taken_;
  const bool may_be_empty =
      field == Field::base64_rest || field == Field::bitmap || field == Field::svc_params;
  if (now_.text.empty() && !may_be_empty) return "is missing";
  if (field == Field::bitmap) return append_from_types(wire_, now_.text);
  if (field == Field::hex_some) return append_from_hex(wire_, now_.text);
  if (field == Field::ipseckey) return say(append_from_ipseckey(wire_, now_.text, origin_));
  if (field == Field::hip) return say(append_from_hip(wire_, now_.text, origin_));
  if (field == Field::svc_params) return say(append_from_svc_params(wire_, now_.text));
  return base64(now_.text, may_be_empty);
}

const char* RdataText::strings() {
  do {
    if (const char* why = take()) return why;
    if (const char* why = string()) return why;
  } while (!fields_.at_end());
  return nullptr;
}

const char* RdataText::name() {
  std::array<std::uint8_t, 255> octets;
  const auto size = name_from_text(now_.text, &origin_, octets);
  if (!size) return say(size.error().detail);
  wire_.append(reinterpret_cast<const char*>(octets.data()), *size);
  return nullptr;
}

const char* RdataText::string() {
  const std::size_t at = wire_.size();
  wire_ += '\0';
  if (const char* why = append_unescaped(wire_, now_.text)) return why;
  const std::size_t size = wire_.size() - at - 1;
  if (size > max_string) return "has more than 255 octets; split it into several strings";
  wire_[at] = static_cast<char>(size);
  return nullptr;
}

/// A length octet and the octets of a salt or a hash.
const char* RdataText::blob(Field field) {
  const std::size_t at = wire_.size();
  wire_ += '\0';
  if (field == Field::hash || now_.text != "-") {
    const char* why = field == Field::hash ? append_from_base32hex(wire_, now_.text)
                                           : append_from_hex(wire_, now_.text);
    if (why != nullptr) return why;
    if (wire_.size() == at + 1) return "is empty";
  }
  const std::size_t size = wire_.size() - at - 1;
  if (size > max_string) return "has more than 255 octets";
  wire_[at] = static_cast<char>(size);
  return nullptr;
}

const char* RdataText::base64(std::string_view text, bool may_be_empty) {
  const auto octets = base64_decode(text);
  if (!octets || (octets->empty() && !may_be_empty)) return "is not base64";
  wire_ += *octets;
  return nullptr;
}

void append_strings(std::string& out, Octets octets) {
  for (bool first = true; !octets.empty(); first = false) {
    if (!first) out += ' ';
    append_quoted(out, octets.subspan(1, octets[0]));
    octets = octets.subspan(octets[0] + std::size_t{1});
  }
}

void append_field(std::string& out, Field field, Octets octets) {
  switch (field) {
    case Field::u8:
    case Field::algorithm:
    case Field::u16:
    case Field::u32:
    case Field::seconds:
      out += std::to_string(number_in(octets));
      return;
    case Field::cert_type:
      return append_cert_type(out, static_cast<std::uint16_t>(number_in(octets)));
    case Field::dsync_scheme:
      return append_dsync_scheme(out, static_cast<std::uint8_t>(number_in(octets)));
    case Field::rrtype:
      out += to_text(static_cast<RRType>(number_in(octets)));
      return;
    case Field::time:
      return append_time(out, number_in(octets));
    case Field::ipv4:
      return append_address(out, AF_INET, octets);
    case Field::ipv6:
      return append_address(out, AF_INET6, octets);
    case Field::octets_6:
    case Field::octets_8:
      return append_eui(out, octets);
    case Field::name:
    case Field::name_legacy:
    case Field::name_lowered:
    case Field::name_kept:
      return append_name_text(out, octets);
    case Field::string:
    case Field::strings:
      return append_strings(out, octets);
    case Field::tag:
      out.append(reinterpret_cast<const char*>(octets.data()) + 1, octets.size() - 1);
      return;
    case Field::salt:
      if (octets.size() == 1) out += '-';
      return append_hex(out, octets.subspan(1));
    case Field::hash:
      return append_base32hex(out, octets.subspan(1));
    case Field::bitmap:
      return append_types(out, octets);
    case Field::text_rest:
    case Field::text_some:
      return append_quoted(out, octets);
    case Field::hex_some:
      return append_hex(out, octets);
    case Field::base64_rest:
    case Field::base64_some:
      out += base64_encode(octets);
      return;
    case Field::ipseckey:
      return append_ipseckey(out, octets);
    case Field::hip:
      return append_hip(out, octets);
    case Field::svc_params:
      return append_svc_params(out, octets);
    case Field::end:
    case Field::rest:
    case Field::rest_some:
      return;
  }
}

}  // namespace

Result<Rdata> own_rdata_from_text(const Layout& layout, std::string_view text, const Name& origin) {
  return RdataText(layout, text, origin).read();
}

void append_own_rdata_text(std::string& out, const Layout& layout, Octets rdata) {
  bool first = true;
  for (const Field field : layout.fields) {
    if (field == Field::end) return;
    const std::size_t size = field_size(field, rdata);
    // An empty bitmap or key is no field at all, and a SvcParam brings its own blank.
    const bool nothing = size == 0 && (field == Field::bitmap || field == Field::base64_rest);
    if (!first && !nothing && field != Field::svc_params) out += ' ';
    first = false;
    append_field(out, field, rdata.first(size));
    rdata = rdata.subspan(size);
  }
}

}  // namespace taproot::dns
