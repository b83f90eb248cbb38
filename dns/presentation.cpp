#include "dns/presentation.hpp"

#include "dns/rdata.hpp"
#include "dns/rdata_layout.hpp"
#include "dns/rdata_text.hpp"
#include "dns/text_fields.hpp"
#include "dns/text_shapes.hpp"

#include <ldns/ldns.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

namespace taproot::dns {

namespace {

constexpr std::size_t max_rdata = 65535;

struct FreeRr {
  void operator()(ldns_rr* rr) const noexcept { ldns_rr_free(rr); }
};
struct FreeRdf {
  void operator()(ldns_rdf* rdf) const noexcept { ldns_rdf_deep_free(rdf); }
};
struct FreeBuffer {
  void operator()(ldns_buffer* buffer) const noexcept { ldns_buffer_free(buffer); }
};
struct FreeText {
  void operator()(char* text) const noexcept { std::free(text); }
};
using RrPtr = std::unique_ptr<ldns_rr, FreeRr>;
using RdfPtr = std::unique_ptr<ldns_rdf, FreeRdf>;
using BufferPtr = std::unique_ptr<ldns_buffer, FreeBuffer>;
using TextPtr = std::unique_ptr<char, FreeText>;

tl::unexpected<Error> bad_rdata(RRType type, const std::string& why) {
  return fail(Errc::bad_rdata, to_text(type) + ": " + why);
}

/// What ldns would take for more than fields, or would stumble over.
const char* why_not_for_ldns(std::string_view text) {
  constexpr std::size_t most = 8192;  // ldns reads lines of up to 10,230 characters
  if (text.size() > most) {
    return "is longer than 8192 characters; write it as \\# and hexadecimal digits";
  }
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
  return plain ? nullptr : "has a character that is not printable ASCII; write it as \\DDD";
}

/// Whether ldns is asked for the text of a type that we have none of our own for. The others
/// (NULL, NXT, WKS) have no text that all programs agree on: WKS needs the system's tables of
/// services, which are neither alike on all machines nor safe to read on two threads.
bool is_read_by_ldns(RRType type) {
  return type == RRType::LOC || type == RRType::APL;
}

const char* why_not_shaped(RRType type, std::string_view text) {
  return type == RRType::LOC ? why_not_loc(text) : why_not_apl(text);
}

/// The rdata octets of what ldns read.
Result<Rdata> rdata_of(RRType type, const ldns_rr& rr) {
  const BufferPtr buffer(ldns_buffer_new(LDNS_MIN_BUFLEN));
  if (!buffer || ldns_rr_rdata2buffer_wire(buffer.get(), &rr) != LDNS_STATUS_OK) {
    return bad_rdata(type, "cannot be put in wire format");
  }
  const Octets octets(ldns_buffer_begin(buffer.get()), ldns_buffer_position(buffer.get()));
  return rdata_from_octets(type, octets);
}

/// One record with the root as its owner, as ldns wants to see it.
std::optional<std::string> ldns_rdata_to_text(RRType type, Octets rdata) {
  std::vector<std::uint8_t> wire(rdata.size() + 11);
  WireWriter writer(wire);
  writer.u8(0);
  writer.u16(static_cast<std::uint16_t>(type));
  writer.u16(static_cast<std::uint16_t>(Class::IN));
  writer.u32(0);
  writer.u16(static_cast<std::uint16_t>(rdata.size()));
  writer.octets(rdata);

  ldns_rr* raw = nullptr;
  std::size_t position = 0;
  const auto status = ldns_wire2rr(&raw, wire.data(), wire.size(), &position, LDNS_SECTION_ANSWER);
  if (status != LDNS_STATUS_OK) return std::nullopt;
  const RrPtr rr(raw);
  const TextPtr line(ldns_rr2str_fmt(ldns_output_format_nocomments, rr.get()));
  if (!line) return std::nullopt;

  std::string_view text(line.get());  // owner, TTL, class and type come first, a tab after each
  for (int i = 0; i < 4; ++i) {
    const std::size_t tab = text.find('\t');
    if (tab == std::string_view::npos) return std::nullopt;
    text.remove_prefix(tab + 1);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

std::string generic_text(Octets rdata) {
  std::string text = "\\# " + std::to_string(rdata.size());
  if (!rdata.empty()) text += ' ';
  append_hex(text, rdata);
  return text;
}

bool is_generic_text(std::string_view text) {
  if (text.find("\\#") == std::string_view::npos) return false;
  const auto first = TextFields(text).next();
  return first && !first->quoted && first->text == "\\#";
}

/// RFC 3597 section 5: `\#`, the number of octets, and that many in hexadecimal.
Result<Rdata> generic_from_text(RRType type, std::string_view text) {
  TextFields fields(text);
  (void)fields.next();
  const auto length = fields.next();
  std::size_t count = 0;
  if (!length ||
      std::from_chars(length->text.data(), length->text.data() + length->text.size(), count).ptr !=
          length->text.data() + length->text.size()) {
    return bad_rdata(type, "after \\# comes the number of octets");
  }
  std::string hex;
  while (const auto field = fields.next()) {
    if (field->quoted) return bad_rdata(type, "hexadecimal digits may not be quoted");
    hex += field->text;
  }
  if (fields.trouble() != nullptr) return bad_rdata(type, fields.trouble());
  std::string wire;
  if (const char* why = append_from_hex(wire, hex))
    return bad_rdata(type, "\\# " + std::string(why));
  if (wire.size() != count || count > max_rdata) {
    return bad_rdata(type, "\\# says " + std::to_string(count) + " octets but " +
                               std::to_string(wire.size()) + " follow");
  }
  return rdata_from_octets(type, Rdata(std::move(wire)).wire());
}

}  // namespace

Result<Rdata> detail::rdata_from_text_ldns(RRType type, std::string_view text, const Name& origin) {
  if (const char* why = why_not_for_ldns(text)) return bad_rdata(type, why);
  const std::string line = ". 0 IN " + to_text(type) + " " + std::string(text);
  const RdfPtr origin_rdf(
      ldns_dname_new_frm_data(static_cast<std::uint16_t>(origin.size()), origin.wire().data()));
  ldns_rr* raw = nullptr;
  const auto status = ldns_rr_new_frm_str(&raw, line.c_str(), 0, origin_rdf.get(), nullptr);
  if (status != LDNS_STATUS_OK) return bad_rdata(type, ldns_get_errorstr_by_id(status));
  const RrPtr rr(raw);
  return rdata_of(type, *rr);
}

Result<Rdata> rdata_from_text(RRType type, std::string_view text, const Name& origin) {
  if (is_generic_text(text)) return generic_from_text(type, text);
  const Layout* layout = find_layout(type);
  if (layout != nullptr && layout->has_text) return own_rdata_from_text(*layout, text, origin);
  if (!is_read_by_ldns(type)) {
    return bad_rdata(type,
                     "has no text form here; write \\#, the number of octets and "
                     "hexadecimal digits (RFC 3597)");
  }
  if (const char* why = why_not_shaped(type, text)) return bad_rdata(type, why);
  return detail::rdata_from_text_ldns(type, text, origin);
}

std::string rdata_to_text(RRType type, Octets rdata) {
  const Layout* layout = find_layout(type);
  if (layout != nullptr && layout->has_text) {
    std::string text;
    append_own_rdata_text(text, *layout, rdata);
    return text;
  }
  if (!is_read_by_ldns(type)) return generic_text(rdata);
  // What a library says is believed once it has been read back.
  if (auto text = ldns_rdata_to_text(type, rdata)) {
    const auto again = rdata_from_text(type, *text, Name::root());
    if (again && std::ranges::equal(again->wire(), rdata)) return std::move(*text);
  }
  return generic_text(rdata);
}

std::string to_text(const RRset& rrset) {
  const std::string head = rrset.owner.to_text() + "\t" + std::to_string(rrset.ttl) + "\tIN\t" +
                           to_text(rrset.type) + "\t";
  std::string text;
  for (const Rdata& rdata : rrset.rdata) {
    text += head;
    text += rdata_to_text(rrset.type, rdata.wire());
    text += '\n';
  }
  return text;
}

Result<std::uint32_t> ttl_from_text(std::string_view text) {
  const auto seconds = seconds_from_text(text, max_ttl);
  if (seconds) return *seconds;
  return fail(Errc::bad_text, "TTL \"" + std::string(text.substr(0, 40)) +
                                  "\" is not a number of seconds up to 2147483647 or a time like "
                                  "1d12h");
}

}  // namespace taproot::dns
