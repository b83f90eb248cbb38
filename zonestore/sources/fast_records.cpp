#include "zonestore/sources/fast_records.hpp"

#include "dns/presentation.hpp"
#include "zonestore/sources/fast_rdata.hpp"
#include "zonestore/sources/zone_file_reader.hpp"
#include "zonestore/sources/zone_scanner.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace taproot::zonestore {

namespace {

using dns::RRType;

/// Larger text is no piece.
constexpr std::size_t max_piece = std::size_t{16} << 20;

/// A word of up to eight letters as a number, whatever their case.
constexpr std::uint64_t word_key(std::string_view word) {
  std::uint64_t key = 0;
  for (const char c : word) key = key << 8 | static_cast<std::uint8_t>(c & ~0x20);
  return key;
}

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr std::uint64_t class_in = word_key("IN");

/// The types with rdata that fast_rdata() knows.
RRType fast_type(std::uint64_t key) {
  switch (key) {
    case word_key("A"):
      return RRType::A;
    case word_key("NS"):
      return RRType::NS;
    case word_key("AAAA"):
      return RRType::AAAA;
    case word_key("CNAME"):
      return RRType::CNAME;
    case word_key("MX"):
      return RRType::MX;
    case word_key("TXT"):
      return RRType::TXT;
    case word_key("PTR"):
      return RRType::PTR;
    case word_key("SRV"):
      return RRType::SRV;
    case word_key("DS"):
      return RRType::DS;
    case word_key("CAA"):
      return RRType::CAA;
    case word_key("DNAME"):
      return RRType::DNAME;
    default:
      return RRType::none;
  }
}

bool is_class_in(std::string_view text) {
  return same_word(text, "IN") || same_word(text, "CLASS1");
}

bool starts_with_digit(std::string_view text) {
  return !text.empty() && is_kind(text[0], octet_kind::digit);
}

/// Reads one piece. Each entry is tried the short way first; what that does not understand is
/// read again from its beginning the long way.
class PlainReader {
 public:
  PlainReader(const dns::Name& apex, std::string_view text, const ReadingContext& start,
              PieceRecords& into);

  bool read();

 private:
  /// What stands between the owner and the rdata.
  struct Head {
    std::optional<std::uint32_t> ttl;
    RRType type = RRType::none;
  };

  /// Where the first field of a record stands.
  struct TextPlace {
    std::uint32_t line;
    std::uint32_t column;
  };

  bool entry();
  bool nothing(const char* p);

  bool short_entry();
  bool short_owner(const char*& p);
  bool short_head(const char*& p, Head& head);
  bool short_ttl(const char*& p, Head& head) const;

  bool long_entry();
  bool long_directive();
  bool long_owner();
  bool long_head(std::size_t& field, Head& head);

  bool take_owner(std::uint32_t size, std::string_view text);
  bool is_in_zone(Octets owner) const;
  bool set_origin(dns::Name origin);
  bool find_ttl(Head& head);
  void add(const Head& head, const FastRdata& rdata, const TextPlace& place);

  const dns::Name& apex_;
  std::string_view text_;
  PieceRecords& into_;
  ReadingContext& context_;
  const char* at_;  // where the next entry begins: always at the beginning of a line
  const char* end_;
  std::uint32_t line_ = 1;  // of at_
  bool origin_in_zone_ = false;
  std::uint32_t owner_ = 0;  // in the arena
  std::uint8_t owner_size_ = 0;
  std::string_view owner_text_;  // what it was read from, "" if the origin is another now
  Entry entry_;
  std::string room_;
};

PlainReader::PlainReader(const dns::Name& apex, std::string_view text, const ReadingContext& start,
                         PieceRecords& into)
    : apex_(apex),
      text_(text),
      into_(into),
      context_(into.end),
      at_(text.data()),
      end_(text.data() + text.size()) {
  into_.octets.clear();
  into_.records.clear();
  context_ = start;
  origin_in_zone_ = context_.origin.is_subdomain_of(apex_);
}

bool PlainReader::read() {
  if (text_.empty()) return true;
  // With a newline at the end no loop over an entry needs to look for the end of the text.
  if (text_.back() != '\n' || text_.size() > max_piece) return false;
  if (std::memchr(text_.data(), '\0', text_.size()) != nullptr) return false;
  into_.octets.room(2 * text_.size());
  while (at_ != end_) {
    if (!nothing(at_) && !entry()) return false;
  }
  return true;
}

bool PlainReader::entry() {
  const std::size_t octets = into_.octets.size();
  if (short_entry()) return true;
  into_.octets.restore(octets);
  return long_entry();
}

/// Passes over a line without a field, and over the rest of one behind its last field.
bool PlainReader::nothing(const char* p) {
  while (is_kind(*p, octet_kind::blank)) ++p;
  if (*p == ';')
    p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end_ - p)));
  if (*p != '\n') return false;
  at_ = p + 1;
  ++line_;
  return true;
}

// The short way: one line, the usual types, nothing escaped outside of strings. False if that is
// not what stands here; then nothing has changed but what is behind the end of the arena.

bool PlainReader::short_entry() {
  const char* p = at_;
  Head head;
  std::uint32_t column = 1;
  const std::uint32_t owner_before = owner_;
  const std::uint8_t size_before = owner_size_;
  const std::string_view text_before = owner_text_;
  const auto undo = [&] {
    owner_ = owner_before;
    owner_size_ = size_before;
    owner_text_ = text_before;
    return false;
  };
  if (is_kind(*p, octet_kind::blank)) {
    if (owner_size_ == 0) return false;
    while (is_kind(*p, octet_kind::blank)) ++p;
    column = static_cast<std::uint32_t>(p - at_) + 1;
  } else if (!short_owner(p)) {
    return false;
  }
  if (!short_head(p, head)) return undo();
  const auto rdata = fast_rdata(head.type, p, end_, context_.origin, into_.octets);
  const std::uint32_t line = line_;
  if (!rdata || !find_ttl(head) || !nothing(p)) return undo();
  add(head, *rdata, {line, column});
  return true;
}

bool PlainReader::short_owner(const char*& p) {
  const std::size_t known = owner_text_.size();
  if (known > 0 && static_cast<std::size_t>(end_ - p) > known &&
      is_kind(p[known], octet_kind::blank) && std::memcmp(p, owner_text_.data(), known) == 0) {
    p += known;
    return true;
  }
  if (*p == '$') return false;
  constexpr std::size_t room = 512;
  const char* const begin = p;
  const std::size_t size = fast_name(p, context_.origin, into_.octets.room(room));
  if (size == 0) return false;
  return take_owner(static_cast<std::uint32_t>(size), {begin, static_cast<std::size_t>(p - begin)});
}

/// TTL and class in either order, then the type (RFC 1035 section 5.1).
bool PlainReader::short_head(const char*& p, Head& head) {
  bool has_class = false;
  for (;;) {
    while (is_kind(*p, octet_kind::blank)) ++p;
    if (is_kind(*p, octet_kind::digit)) {
      if (head.ttl || !short_ttl(p, head)) return false;
      continue;
    }
    std::uint64_t key = 0;
    const char* const begin = p;
    for (; is_letter(*p); ++p) key = key << 8 | static_cast<std::uint8_t>(*p & ~0x20);
    if (p - begin > 8 || !is_kind(*p, octet_kind::ends)) return false;
    if (key == class_in && !has_class) {
      has_class = true;
      continue;
    }
    head.type = fast_type(key);
    return head.type != RRType::none;
  }
}

bool PlainReader::short_ttl(const char*& p, Head& head) const {
  constexpr int most_digits = 9;  // all of these numbers are TTLs
  std::uint32_t value = 0;
  const char* const begin = p;
  for (; is_kind(*p, octet_kind::digit) && p - begin < most_digits; ++p) {
    value = value * 10 + static_cast<std::uint32_t>(*p - '0');
  }
  if (is_kind(*p, octet_kind::ends)) {
    head.ttl = value;
    return true;
  }
  while (is_kind(*p, octet_kind::in_field)) ++p;
  if (!is_kind(*p, octet_kind::ends)) return false;
  const auto ttl = dns::ttl_from_text({begin, static_cast<std::size_t>(p - begin)});
  if (ttl) head.ttl = *ttl;
  return ttl.has_value();
}

// The long way: what ZoneFileReader does, without words.

bool PlainReader::long_entry() {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  ZoneScanner scanner(rest, rest.size());
  const auto outcome = scanner.next(entry_);
  if (outcome == ZoneScanner::Outcome::trouble) return false;
  at_ += scanner.position();
  const std::uint32_t lines_before = std::exchange(line_, line_ + scanner.line() - 1) - 1;
  if (outcome == ZoneScanner::Outcome::end) return true;
  const Token& first = entry_.tokens[0];
  if (first.quoted) return false;
  if (first.text[0] == '$') return long_directive();
  if (!long_owner()) return false;
  std::size_t field = entry_.blank_owner ? 0 : 1;
  Head head;
  if (!long_head(field, head)) return false;
  const auto rdata =
      dns::rdata_from_text(head.type, entry_.text_from(field + 1, room_), context_.origin);
  if (!rdata || !find_ttl(head)) return false;
  const auto size = static_cast<std::uint16_t>(rdata->size());
  add(head, {into_.octets.append(rdata->wire()), size}, {lines_before + first.line, first.column});
  return true;
}

bool PlainReader::long_directive() {
  if (entry_.tokens.size() != 2) return false;
  const std::string_view name = entry_.tokens[0].text;
  const Token& value = entry_.tokens[1];
  if (same_word(name, "$ORIGIN")) {
    auto origin = dns::Name::from_text(value.text, context_.origin);
    return origin && !value.quoted && set_origin(std::move(*origin));
  }
  if (!same_word(name, "$TTL")) return false;
  const auto ttl = dns::ttl_from_text(value.text);
  if (ttl) context_.default_ttl = *ttl;
  return ttl.has_value();
}

bool PlainReader::long_owner() {
  if (entry_.blank_owner) return owner_size_ > 0;
  const std::string_view text = entry_.tokens[0].text;
  if (!owner_text_.empty() && text == owner_text_) return true;
  const auto name = dns::Name::from_text(text, context_.origin);
  if (!name) return false;
  const Octets wire = name->wire();
  std::copy(wire.begin(), wire.end(), into_.octets.room(wire.size()));
  return take_owner(static_cast<std::uint32_t>(wire.size()), text);
}

bool PlainReader::long_head(std::size_t& field, Head& head) {
  bool has_class = false;
  for (; field < entry_.tokens.size(); ++field) {
    const Token& token = entry_.tokens[field];
    if (!head.ttl && starts_with_digit(token.text)) {
      const auto ttl = dns::ttl_from_text(token.text);
      if (!ttl) return false;
      head.ttl = *ttl;
    } else if (!has_class && is_class_in(token.text)) {
      has_class = true;
    } else {
      const auto type = dns::rrtype_from_text(token.text);
      if (!type || token.quoted || dns::is_meta(*type)) return false;
      head.type = *type;
      return true;
    }
  }
  return false;
}

// What both ways do.

/// Takes the owner that was written behind the end of the arena.
bool PlainReader::take_owner(std::uint32_t size, std::string_view text) {
  const bool relative = text.back() != '.';
  const std::uint32_t at = into_.octets.keep(size);
  const Octets owner = into_.octets.at(at, size);
  if (std::ranges::equal(owner, into_.octets.at(owner_, owner_size_))) {
    into_.octets.restore(at);
    owner_text_ = text;
    return true;
  }
  if (!(relative && origin_in_zone_) && !is_in_zone(owner)) return false;
  owner_ = at;
  owner_size_ = static_cast<std::uint8_t>(size);
  owner_text_ = text;
  return true;
}

bool PlainReader::is_in_zone(Octets owner) const {
  const Octets apex = apex_.wire();
  if (owner.size() < apex.size()) return false;
  const std::size_t want = owner.size() - apex.size();
  std::size_t at = 0;
  while (at < want) at += owner[at] + std::size_t{1};
  return at == want && dns::same_name(owner.subspan(at), apex);
}

bool PlainReader::set_origin(dns::Name origin) {
  context_.origin = std::move(origin);
  origin_in_zone_ = context_.origin.is_subdomain_of(apex_);
  owner_text_ = {};
  return true;
}

/// The TTL of a record that may have none of its own (RFC 2308 section 4, RFC 1035 section 5.1).
bool PlainReader::find_ttl(Head& head) {
  if (head.ttl) {
    context_.last_ttl = head.ttl;
  } else {
    head.ttl = context_.default_ttl ? context_.default_ttl : context_.last_ttl;
  }
  return head.ttl.has_value();
}

void PlainReader::add(const Head& head, const FastRdata& rdata, const TextPlace& place) {
  constexpr std::uint32_t last_column = 65535;
  PieceRecord record;
  record.owner = owner_;
  record.rdata = rdata.offset;
  record.ttl = *head.ttl;
  record.line = place.line;
  record.column = static_cast<std::uint16_t>(std::min(place.column, last_column));
  record.type = head.type;
  record.rdata_size = rdata.size;
  record.owner_size = owner_size_;
  into_.records.push_back(record);
}

}  // namespace

bool read_piece(const dns::Name& apex, std::string_view text, const ReadingContext& start,
                PieceRecords& into) {
  return PlainReader(apex, text, start, into).read();
}

}  // namespace taproot::zonestore
