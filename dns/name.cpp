#include "dns/name.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <optional>

namespace taproot::dns {

namespace {

constexpr std::size_t max_name = 255;
constexpr std::size_t max_label = 63;
constexpr std::size_t max_labels = 128;

/// Where the labels of a valid name begin, the root label left out.
struct LabelStarts {
  std::array<std::uint8_t, max_labels> at;
  std::size_t count = 0;
};

LabelStarts label_starts(Octets wire) {
  LabelStarts starts;
  for (std::size_t i = 0; wire[i] != 0; i += wire[i] + std::size_t{1}) {
    starts.at[starts.count++] = static_cast<std::uint8_t>(i);
  }
  return starts;
}

/// Lowers the ASCII letters among eight octets at once.
std::uint64_t lower_eight(std::uint64_t v) {
  constexpr std::uint64_t each = 0x0101'0101'0101'0101u;
  const std::uint64_t seven = v & (0x7f * each);
  const std::uint64_t from_a = seven + (0x80 - 'A') * each;
  const std::uint64_t after_z = seven + (0x80 - 'Z' - 1) * each;
  const std::uint64_t letter = (from_a & ~after_z) & ~v & (0x80 * each);
  return v | (letter >> 2);
}

std::uint64_t load_eight(const std::uint8_t* p) {
  std::uint64_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return v;
}

bool same_octets(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) {
  for (; size >= 8; a += 8, b += 8, size -= 8) {
    if (lower_eight(load_eight(a)) != lower_eight(load_eight(b))) return false;
  }
  for (; size > 0; ++a, ++b, --size) {
    if (lower(*a) != lower(*b)) return false;
  }
  return true;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string quoted(std::string_view text) {
  constexpr std::size_t enough = 300;
  return "\"" + std::string(text.substr(0, enough)) + "\"";
}

/// One octet of presentation format, escapes undone; moves `text` past it.
/// The reason is nullptr when all is well.
const char* take_escaped(std::string_view& text, std::uint8_t& octet) {
  if (text.size() < 2) return "ends in a backslash";
  if (!is_digit(text[1])) {
    if (text[1] < 0x20 || text[1] > 0x7e) return "has a backslash before a control character";
    octet = static_cast<std::uint8_t>(text[1]);
    text.remove_prefix(2);
    return nullptr;
  }
  if (text.size() < 4 || !is_digit(text[2]) || !is_digit(text[3])) {
    return "has a \\ with fewer than three digits";
  }
  const int value = (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
  if (value > 255) return "has an escape \\DDD over 255";
  octet = static_cast<std::uint8_t>(value);
  text.remove_prefix(4);
  return nullptr;
}

/// Why a character may not stand in a name as it is.
const char* why_not_plain(char c) {
  if (static_cast<unsigned char>(c) > 0x7e) {
    return "is not ASCII; write the A-label (xn--...) of an internationalised name";
  }
  if (c <= ' ') return "has a blank or control character; write it as \\DDD";
  if (c == '"' || c == ';' || c == '(' || c == ')') {
    return "has a character special to zone files; put a backslash before it";
  }
  return nullptr;
}

/// Builds a wire name label by label in a buffer of 255 octets.
class NameBuilder {
 public:
  explicit NameBuilder(std::span<std::uint8_t, max_name> out) : out_(out) {}

  /// One octet more in the open label; one place is always kept for the root label.
  bool add(std::uint8_t octet) {
    if (size_ + 1 >= max_name) return false;
    out_[size_++] = octet;
    return true;
  }
  std::size_t label_size() const { return size_ - open_ - 1; }
  void close() {
    out_[open_] = static_cast<std::uint8_t>(label_size());
    open_ = size_++;
  }
  /// Ends the name after a closed label, with the root label or with `origin`.
  bool finish(Octets origin) {
    const std::size_t used = open_;
    if (origin.size() > max_name - used) return false;
    std::copy(origin.begin(), origin.end(), out_.begin() + static_cast<std::ptrdiff_t>(used));
    size_ = used + origin.size();
    return true;
  }
  std::size_t size() const { return size_; }

 private:
  std::span<std::uint8_t, max_name> out_;
  std::size_t open_ = 0;  // where the length octet of the open label goes
  std::size_t size_ = 1;
};

tl::unexpected<Error> bad_text(std::string_view text, const char* why) {
  return fail(Errc::bad_text, "name " + quoted(text) + " " + why);
}

tl::unexpected<Error> too_long(std::string_view text) {
  return fail(Errc::name_too_long, "name " + quoted(text) + " takes more than 255 octets");
}

/// Closes the label that is open, or says what is wrong with it.
std::optional<Error> close_label(NameBuilder& builder, std::string_view text) {
  if (builder.label_size() == 0) {
    return Error{Errc::bad_label, "name " + quoted(text) + " has an empty label"};
  }
  if (builder.label_size() > max_label) {
    return Error{Errc::bad_label, "name " + quoted(text) + " has a label of more than 63 octets"};
  }
  builder.close();
  return std::nullopt;
}

/// The labels of `text`. True if the last dot is there: the name is absolute.
Result<bool> read_labels(std::string_view text, NameBuilder& builder) {
  std::string_view rest = text;
  while (!rest.empty()) {
    std::uint8_t octet = 0;
    if (rest[0] == '.') {
      if (auto error = close_label(builder, text)) return tl::unexpected(std::move(*error));
      rest.remove_prefix(1);
      if (rest.empty()) return true;
      continue;
    }
    if (rest[0] == '\\') {
      if (const char* why = take_escaped(rest, octet)) return bad_text(text, why);
    } else {
      if (const char* why = why_not_plain(rest[0])) return bad_text(text, why);
      octet = static_cast<std::uint8_t>(rest[0]);
      rest.remove_prefix(1);
    }
    if (!builder.add(octet)) return too_long(text);
  }
  if (auto error = close_label(builder, text)) return tl::unexpected(std::move(*error));
  return false;
}

void append_octet(std::string& text, char c) {
  const auto octet = static_cast<std::uint8_t>(c);
  if (octet > 0x20 && octet < 0x7f) {
    if (std::strchr(".\\\"();@$", c) != nullptr) text += '\\';
    text += c;
    return;
  }
  text += '\\';
  text += static_cast<char>('0' + octet / 100);
  text += static_cast<char>('0' + octet / 10 % 10);
  text += static_cast<char>('0' + octet % 10);
}

/// The labels in `wire`, which need not end in the root label, with a dot after each.
void append_labels(std::string& text, Octets wire) {
  for (std::size_t i = 0; i < wire.size() && wire[i] != 0;) {
    const std::size_t length = wire[i];
    for (std::size_t k = 1; k <= length; ++k) append_octet(text, static_cast<char>(wire[i + k]));
    text += '.';
    i += length + 1;
  }
}

}  // namespace

void append_name_text(std::string& text, Octets wire) {
  if (wire.size() == 1) text += '.';
  append_labels(text, wire);
}

Result<std::size_t> name_from_text(std::string_view text, const Name* origin,
                                   std::span<std::uint8_t, 255> out) {
  static constexpr std::uint8_t root_label[1] = {0};
  if (text.empty()) return bad_text(text, "is empty; write \".\" for the root");
  if (text == ".") {
    out[0] = 0;
    return std::size_t{1};
  }
  NameBuilder builder(out);
  if (origin != nullptr && text == "@") {
    (void)builder.finish(origin->wire());  // a Name always fits
    return builder.size();
  }
  const auto absolute = read_labels(text, builder);
  if (!absolute) return tl::unexpected(absolute.error());
  const bool relative = origin != nullptr && !*absolute;
  if (!builder.finish(relative ? origin->wire() : Octets(root_label))) return too_long(text);
  return builder.size();
}

Result<Name> Name::from_text(std::string_view text) {
  std::array<std::uint8_t, max_name> buffer;
  const auto size = name_from_text(text, nullptr, buffer);
  if (!size) return tl::unexpected(size.error());
  return from_trusted(Octets(buffer).first(*size));
}

Result<Name> Name::from_text(std::string_view text, const Name& origin) {
  std::array<std::uint8_t, max_name> buffer;
  const auto size = name_from_text(text, &origin, buffer);
  if (!size) return tl::unexpected(size.error());
  return from_trusted(Octets(buffer).first(*size));
}

Result<Name> Name::from_wire(WireReader& reader) {
  std::array<char, max_name> buffer;
  std::size_t size = 0;
  const Octets message = reader.message();
  std::size_t at = reader.position();
  std::size_t backstop = at;         // a pointer must point before this
  std::optional<std::size_t> after;  // where reading goes on, once a pointer was followed
  std::size_t pointers = 0;
  for (;;) {
    if (at >= message.size()) return fail(Errc::truncated, "a name goes past the end");
    const std::size_t length = message[at];
    if (length >= 0xc0) {
      if (message.size() - at < 2) return fail(Errc::truncated, "half a compression pointer");
      const std::size_t target = (length & 0x3f) << 8 | message[at + 1];
      // Without the second condition a chain of bare pointers would cost thousands of steps.
      if (target >= backstop || ++pointers > max_labels) {
        return fail(Errc::bad_pointer, "compression pointer at " + std::to_string(at) + " to " +
                                           std::to_string(target));
      }
      if (!after) after = at + 2;
      at = backstop = target;
      continue;
    }
    if (length > max_label) {
      return fail(Errc::bad_label,
                  "label type " + std::to_string(length >> 6) + " at " + std::to_string(at));
    }
    if (message.size() - at <= length) return fail(Errc::truncated, "a label goes past the end");
    if (length + 1 > max_name - size) {
      return fail(Errc::name_too_long, "a name takes more than 255 octets");
    }
    std::memcpy(buffer.data() + size, message.data() + at, length + 1);
    size += length + 1;
    at += length + 1;
    if (length == 0) break;
  }
  const std::size_t end = after.value_or(at);
  reader = WireReader(message, end);
  return Name(std::string(buffer.data(), size));
}

Name Name::from_trusted(Octets wire) {
  assert(!wire.empty() && wire.size() <= max_name && wire.back() == 0);
  return Name(std::string(reinterpret_cast<const char*>(wire.data()), wire.size()));
}

std::string Name::to_text() const {
  std::string text;
  text.reserve(wire_.size());
  append_name_text(text, wire());
  return text;
}

std::string Name::to_text_in(const Name& origin) const {
  if (!is_subdomain_of(origin)) return to_text();
  if (wire_.size() == origin.wire_.size()) return "@";
  std::string text;
  append_labels(text, wire().first(wire_.size() - origin.wire_.size()));
  text.pop_back();
  return text;
}

std::size_t Name::label_count() const {
  return label_starts(wire()).count;
}

Name Name::parent() const {
  if (is_root()) return Name();
  return Name(wire_.substr(static_cast<std::size_t>(wire_[0]) + 1));
}

Result<Name> Name::child(std::string_view label) const {
  if (label.empty() || label.size() > max_label) {
    return fail(Errc::bad_label, "a label has 1 to 63 octets, not " + std::to_string(label.size()));
  }
  if (label.size() + 1 > max_name - wire_.size()) {
    return fail(Errc::name_too_long, "a label more and " + to_text() + " takes over 255 octets");
  }
  std::string wire;
  wire.reserve(label.size() + 1 + wire_.size());
  wire += static_cast<char>(label.size());
  wire += label;
  wire += wire_;
  return Name(std::move(wire));
}

bool Name::is_subdomain_of(const Name& ancestor) const {
  if (wire_.size() < ancestor.wire_.size()) return false;
  const std::size_t want = wire_.size() - ancestor.wire_.size();
  std::size_t at = 0;
  while (at < want) at += static_cast<std::size_t>(wire_[at]) + 1;
  return at == want && same_name(wire().subspan(at), ancestor.wire());
}

Name Name::lowered() const {
  std::string wire = wire_;
  for (char& c : wire) c = static_cast<char>(lower(static_cast<std::uint8_t>(c)));
  return Name(std::move(wire));
}

bool operator==(const Name& a, const Name& b) {
  return same_name(a.wire(), b.wire());
}

std::weak_ordering operator<=>(const Name& a, const Name& b) {
  const Octets aw = a.wire();
  const Octets bw = b.wire();
  const LabelStarts as = label_starts(aw);
  const LabelStarts bs = label_starts(bw);
  const std::size_t common = std::min(as.count, bs.count);
  for (std::size_t i = 1; i <= common; ++i) {
    const std::size_t at_a = as.at[as.count - i];
    const std::size_t at_b = bs.at[bs.count - i];
    const Octets la = aw.subspan(at_a + 1, aw[at_a]);
    const Octets lb = bw.subspan(at_b + 1, bw[at_b]);
    const std::size_t shorter = std::min(la.size(), lb.size());
    for (std::size_t k = 0; k < shorter; ++k) {
      if (const auto order = lower(la[k]) <=> lower(lb[k]); order != 0) return order;
    }
    if (const auto order = la.size() <=> lb.size(); order != 0) return order;
  }
  return as.count <=> bs.count;
}

std::size_t NameHash::operator()(const Name& name) const {
  const Octets wire = name.wire();
  const std::uint8_t* p = wire.data();
  std::size_t left = wire.size();
  std::uint64_t hash = 0x9e37'79b9'7f4a'7c15u ^ left;
  const auto mix = [&hash](std::uint64_t v) {
    hash = (hash ^ v) * 0xbf58'476d'1ce4'e5b9u;
    hash ^= hash >> 32;
  };
  for (; left >= 8; p += 8, left -= 8) mix(lower_eight(load_eight(p)));
  std::uint64_t tail = 0;
  std::memcpy(&tail, p, left);
  mix(lower_eight(tail));
  return static_cast<std::size_t>(hash);
}

bool same_name(Octets a, Octets b) {
  return a.size() == b.size() && same_octets(a.data(), b.data(), a.size());
}

std::size_t name_length(Octets wire) {
  std::size_t at = 0;
  while (at < wire.size() && at < max_name) {
    const std::size_t length = wire[at];
    if (length == 0) return at + 1;
    if (length > max_label) return 0;
    at += length + 1;
  }
  return 0;
}

}  // namespace taproot::dns
