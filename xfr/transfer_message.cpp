#include "xfr/transfer_message.hpp"

#include <endian.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace taproot::xfr {

namespace {

using dns::RRType;

constexpr std::size_t apex_at = 12;  // the question's name, right behind the header
/// Pointers of RFC 1035 section 4.1.4 have 14 bits.
constexpr std::size_t max_pointer = 0x3fff;
constexpr std::size_t pointer_size = 2;
constexpr std::size_t fixed_size = 10;  // TYPE, CLASS, TTL, RDLENGTH

std::size_t depth_of(Octets labels) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < labels.size(); i += labels[i] + std::size_t{1}) ++depth;
  return depth;
}

/// Octets of the uncompressed name at the front of valid rdata.
std::size_t name_size(Octets rdata) {
  std::size_t at = 0;
  while (rdata[at] != 0) at += rdata[at] + std::size_t{1};
  return at + 1;
}

/// Appends to what is written at `at`, and returns where to go on. Places are handed from one to
/// the next: a member would be read and written anew for each octet, since octets may alias it.
std::uint8_t* put16(std::uint8_t* at, std::size_t value) {
  const std::uint16_t wire = htobe16(static_cast<std::uint16_t>(value));
  std::memcpy(at, &wire, sizeof wire);
  return at + sizeof wire;
}

template <class Word>
Word load(const std::uint8_t* from) {
  Word value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// memcpy() without the call for what is as short as most labels. This and same_octets() are most
/// of the work of a transfer: in their callers they cost a tenth less of it.
[[gnu::always_inline]] inline std::uint8_t* put(std::uint8_t* at, Octets octets) {
  const std::uint8_t* const from = octets.data();
  const std::size_t size = octets.size();
  if (size > 2 * sizeof(std::uint64_t)) {
    std::memcpy(at, from, size);
  } else if (size >= sizeof(std::uint64_t)) {
    const auto first = load<std::uint64_t>(from);
    const auto last = load<std::uint64_t>(from + size - sizeof(std::uint64_t));
    std::memcpy(at, &first, sizeof first);
    std::memcpy(at + size - sizeof last, &last, sizeof last);
  } else if (size >= sizeof(std::uint32_t)) {
    const auto first = load<std::uint32_t>(from);
    const auto last = load<std::uint32_t>(from + size - sizeof(std::uint32_t));
    std::memcpy(at, &first, sizeof first);
    std::memcpy(at + size - sizeof last, &last, sizeof last);
  } else {
    for (std::size_t i = 0; i < size; ++i) at[i] = from[i];
  }
  return at + size;
}

std::uint8_t* put_pointer(std::uint8_t* at, std::size_t to) {
  return put16(at, 0xc000 | to);
}

template <class Word>
std::uint64_t differ(const std::uint8_t* x, const std::uint8_t* y, std::size_t at) {
  return load<Word>(x + at) ^ load<Word>(y + at);
}

/// memcmp() without the call, and with few branches: words overlap where the size is no multiple of
/// theirs.
[[gnu::always_inline]] inline bool same_octets(Octets a, Octets b) {
  if (a.size() != b.size()) return false;
  const std::uint8_t* x = a.data();
  const std::uint8_t* y = b.data();
  const std::size_t size = a.size();
  using Word = std::uint64_t;
  using Half = std::uint32_t;
  constexpr std::size_t word = sizeof(Word);
  constexpr std::size_t half = sizeof(Half);
  if (size > 4 * word) return std::memcmp(x, y, size) == 0;
  if (size >= 2 * word) {
    return (differ<Word>(x, y, 0) | differ<Word>(x, y, word) | differ<Word>(x, y, size - 2 * word) |
            differ<Word>(x, y, size - word)) == 0;
  }
  if (size >= word) return (differ<Word>(x, y, 0) | differ<Word>(x, y, size - word)) == 0;
  if (size >= half) return (differ<Half>(x, y, 0) | differ<Half>(x, y, size - half)) == 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (x[i] != y[i]) return false;
  }
  return true;
}

std::uint64_t mix(std::uint64_t sum, std::uint64_t word) {
  sum = (sum ^ word) * 0x9e37'79b9'7f4a'7c15u;
  return sum ^ sum >> 29;
}

/// Goes on from `sum`, a word at a time: this runs for every NS of a zone.
std::uint64_t hash(std::uint64_t sum, Octets octets) {
  const std::uint8_t* const begin = octets.data();
  const std::size_t size = octets.size();
  constexpr std::size_t word = sizeof(std::uint64_t);
  constexpr std::size_t half = sizeof(std::uint32_t);
  if (size < half) {
    std::uint64_t few = size;
    for (const std::uint8_t octet : octets) few = few << 8 | octet;
    return mix(sum, few);
  }
  if (size < word) {
    return mix(sum, std::uint64_t{load<std::uint32_t>(begin)} << 32 |
                        load<std::uint32_t>(begin + size - half));
  }
  for (std::size_t i = 0; i + word < size; i += word)
    sum = mix(sum, load<std::uint64_t>(begin + i));
  return mix(sum, load<std::uint64_t>(begin + size - word));
}

/// TYPE, CLASS and TTL.
std::uint64_t fixed_octets(RRType type, std::uint32_t ttl) {
  return htobe64(std::uint64_t{static_cast<std::uint16_t>(type)} << 48 |
                 std::uint64_t{static_cast<std::uint16_t>(dns::Class::IN)} << 32 | ttl);
}

}  // namespace

void TransferMessage::start(std::span<std::uint8_t> buffer, std::size_t keep_free, std::uint16_t id,
                            std::uint8_t flags_high, Octets question) {
  assert(buffer.size() >= keep_free + apex_at + question.size());
  buffer_ = buffer.data();
  last_end_ = buffer.size() - keep_free;
  usual_end_ = std::min(last_end_, usual_size - std::min(keep_free, usual_size));
  record_count_ = 0;
  std::uint8_t* at = put16(buffer_, id);
  at = put16(at, static_cast<std::size_t>(flags_high << 8));
  at = put16(at, 1);
  std::memset(at, 0, 6);
  size_ = offset_of(put(at + 6, question));
  ++message_;
  path_.labels = {};
  path_.count = 0;
  path_.at[0] = apex_at;
  below_count_ = 0;
  rest_ = {};
  owner_at_ = owner_.empty() ? apex_at : 0;
}

void TransferMessage::owner(Octets labels) {
  owner_ = labels;
  owner_at_ = labels.empty() ? apex_at : 0;
}

bool TransferMessage::record(RRType type, std::uint32_t ttl, Octets rdata) {
  return append(fixed_octets(type, ttl), type, rdata);
}

bool TransferMessage::rrset(RRType type, std::uint32_t ttl, Octets packed, std::size_t& done) {
  const std::uint64_t fixed = fixed_octets(type, ttl);
  while (done < packed.size()) {
    const std::uint8_t* const at = packed.data() + done;
    const auto length = static_cast<std::size_t>(at[0] << 8 | at[1]);
    if (!append(fixed, type, {at + 2, length})) return false;
    done += 2 + length;
  }
  return true;
}

/// `fixed` is what stands between the owner and RDLENGTH. What most zones have most of is written
/// here, without a call.
[[gnu::always_inline]] inline bool TransferMessage::append(std::uint64_t fixed, RRType type,
                                                           Octets rdata) {
  const std::size_t owner_size = owner_at_ != 0 ? 0 : owner_.size();
  const std::size_t most = owner_size + pointer_size + fixed_size + rdata.size();
  const std::size_t end = record_count_ == 0 ? last_end_ : usual_end_;
  if (size_ > end || most > end - size_) return false;
  std::uint8_t* at = buffer_ + size_;
  at = owner_at_ != 0 ? put_pointer(at, owner_at_) : write_owner(at);
  std::memcpy(at, &fixed, sizeof fixed);
  at += sizeof fixed;
  if (type == RRType::A || type == RRType::AAAA) {
    at = put(put16(at, rdata.size()), rdata);
  } else if (type == RRType::NS) {
    std::uint8_t* const length_at = at;
    at = write_name(at + 2, rdata);
    put16(length_at, static_cast<std::size_t>(at - length_at) - 2);
  } else {
    at = write_rdata(at, type, rdata);
  }
  size_ = offset_of(at);
  ++record_count_;
  return true;
}

std::size_t TransferMessage::finish() {
  std::uint8_t* at = put16(buffer_ + 6, record_count_);
  at = put16(at, 0);
  put16(at, 0);
  return size_;
}

std::size_t TransferMessage::add_opt(std::span<std::uint8_t> buffer, std::size_t size,
                                     bool dnssec_ok) {
  constexpr std::size_t additional_count_at = 10;
  constexpr std::uint8_t do_bit = 0x80;
  const std::array<std::uint8_t, opt_size> opt = {
      0, 0, static_cast<std::uint8_t>(RRType::OPT), 1232 >> 8, 1232 & 0xff,
      0, 0, dnssec_ok ? do_bit : std::uint8_t{0},   0,         0,
      0};
  std::memcpy(buffer.data() + size, opt.data(), opt.size());
  buffer[additional_count_at] = 0;
  buffer[additional_count_at + 1] = 1;
  return size + opt.size();
}

std::uint8_t* TransferMessage::write_owner(std::uint8_t* at) {
  const std::size_t first_label = owner_[0] + std::size_t{1};
  if (std::uint8_t* const end = write_usual_owner(at, first_label)) return end;
  const Match match = match_path(owner_);
  const std::size_t start = offset_of(at);
  // The path down to the new name, from its end: `match.plain` octets of it are new.
  std::array<std::uint8_t, max_labels> begins;
  std::size_t count = 0;
  for (std::size_t i = 0; i < match.plain; i += owner_[i] + std::size_t{1}) {
    begins[count++] = static_cast<std::uint8_t>(i);
  }
  path_.labels = owner_;
  std::size_t depth = depth_of(owner_.subspan(match.plain));
  while (count > 0) {
    const std::size_t begin = begins[--count];
    ++depth;
    path_.size[depth] = static_cast<std::uint8_t>(owner_.size() - begin);
    const std::size_t offset = start + begin;
    path_.at[depth] = static_cast<std::uint16_t>(offset <= max_pointer ? offset : 0);
  }
  path_.count = depth;
  owner_at_ = path_.at[depth];
  return put_pointer(put(at, owner_.first(match.plain)), match.at);
}

/// A name right below the apex, or right below one that stands on the path; null: another one.
std::uint8_t* TransferMessage::write_usual_owner(std::uint8_t* at, std::size_t first_label) {
  const Octets parent = owner_.subspan(first_label);
  std::size_t depth = 0;
  if (!parent.empty()) {
    depth = path_.count;
    while (depth > 0 && path_.size[depth] > parent.size()) --depth;
    if (depth == 0 || path_.at[depth] == 0 ||
        !same_octets(parent, path_.labels.last(path_.size[depth]))) {
      return nullptr;
    }
    if (below_count_ > 0 && same_octets(parent, below_of_)) {
      for (std::size_t i = 0; i < below_count_; ++i) {
        if (!same_octets(below_[i].label, owner_.first(first_label))) continue;
        enter(depth + 1, below_[i].offset);
        return put_pointer(at, below_[i].offset);
      }
    }
  }
  const std::size_t above = path_.at[depth];
  const std::size_t offset = offset_of(at);
  enter(depth + 1, offset <= max_pointer ? offset : 0);
  return put_pointer(put(at, owner_.first(first_label)), above);
}

/// The owner stands at `offset`, and is one label longer than the path is at the depth above.
void TransferMessage::enter(std::size_t depth, std::size_t offset) {
  path_.labels = owner_;
  path_.count = depth;
  path_.size[depth] = static_cast<std::uint8_t>(owner_.size());
  path_.at[depth] = static_cast<std::uint16_t>(offset);
  owner_at_ = offset;
}

/// How many of their last labels `labels` and the path have in common.
std::size_t TransferMessage::depth_in_common(Octets labels) const {
  std::array<std::uint8_t, max_labels> begins;
  std::size_t count = 0;
  for (std::size_t i = 0; i < labels.size(); i += labels[i] + std::size_t{1}) {
    begins[count++] = static_cast<std::uint8_t>(i);
  }
  std::size_t depth = 0;
  while (depth < std::min(count, path_.count)) {
    const Octets last = labels.subspan(begins[count - depth - 1]);
    if (!same_octets(last, path_.labels.last(path_.size[depth + 1]))) break;
    ++depth;
  }
  return depth;
}

TransferMessage::Match TransferMessage::match_path(Octets labels) const {
  std::size_t depth = depth_in_common(labels);
  while (path_.at[depth] == 0) --depth;  // the apex always is in reach
  return {labels.size() - (depth == 0 ? 0 : path_.size[depth]), path_.at[depth]};
}

/// How a name that was not written as rdata before can be written.
TransferMessage::Match TransferMessage::match(Octets name) const {
  const std::size_t first_label = name[0] + std::size_t{1};
  Match best{name.size(), 0};
  if (name.size() >= apex_.size() && same_octets(name.last(apex_.size()), apex_)) {
    const Octets below = name.first(name.size() - apex_.size());
    std::size_t at = 0;
    while (at < below.size()) at += below[at] + std::size_t{1};
    if (at == below.size()) best = match_path(below);
    // Of the root's zone, whose apex is one octet.
    if (best.plain + pointer_size > name.size()) best = {name.size(), 0};
  }
  if (rest_.at != 0 && first_label < best.plain) return {first_label, rest_.at};
  return best;
}

/// Writes a name that is the owner with one label before it; null: it is another one.
std::uint8_t* TransferMessage::write_below_owner(std::uint8_t* at, Octets name) {
  const std::size_t first_label = name[0] + std::size_t{1};
  if (owner_at_ == 0 || owner_.empty()) return nullptr;
  if (name.size() != first_label + owner_.size() + apex_.size()) return nullptr;
  if (!same_octets(name.subspan(first_label, owner_.size()), owner_) ||
      !same_octets(name.last(apex_.size()), apex_)) {
    return nullptr;
  }
  if (below_of_.data() != owner_.data()) below_count_ = 0;
  below_of_ = owner_;
  const std::size_t offset = offset_of(at);
  if (below_count_ < below_.size() && offset <= max_pointer) {
    below_[below_count_++] = {name.first(first_label), static_cast<std::uint16_t>(offset)};
  }
  return put_pointer(put(at, name.first(first_label)), owner_at_);
}

std::uint8_t* TransferMessage::write_name(std::uint8_t* at, Octets name) {
  if (name.size() == 1) return put(at, name);
  if (std::uint8_t* const end = write_below_owner(at, name)) return end;
  const std::size_t first_label = name[0] + std::size_t{1};
  enter_rest(name.subspan(first_label));
  Target& target = place_of(hash(rest_.hash, name.first(first_label)));
  if (const std::size_t offset = find(target, name); offset != 0) return put_pointer(at, offset);
  const Match found = match(name);
  const std::size_t offset = offset_of(at);
  if (found.plain > 0) remember(target, name, offset);
  if (found.plain > first_label && rest_.name.size() > 1) {
    remember(place_of(rest_.hash), rest_.name, offset + first_label);
    rest_.at = offset + first_label <= max_pointer ? offset + first_label : 0;
  }
  at = put(at, name.first(found.plain));
  return found.at != 0 ? put_pointer(at, found.at) : at;
}

/// The nameservers of one name often differ in their first label only.
void TransferMessage::enter_rest(Octets rest) {
  if (same_octets(rest, rest_.name)) return;
  rest_ = {rest, hash(0, rest), 0};
  if (rest.size() > 1) rest_.at = find(place_of(rest_.hash), rest);
}

/// Compresses the names in the types of RFC 1035 that are still in use; copies all others. NS, A
/// and AAAA are append()'s.
std::uint8_t* TransferMessage::write_rdata(std::uint8_t* at, RRType type, Octets rdata) {
  std::uint8_t* const length_at = at;
  at = put16(at, rdata.size());
  switch (type) {
    case RRType::CNAME:
    case RRType::PTR:
      at = write_name(at, rdata);
      break;
    case RRType::MX:
      at = write_name(put(at, rdata.first(2)), rdata.subspan(2));
      break;
    case RRType::SOA: {
      const std::size_t mname = name_size(rdata);
      const std::size_t rname = name_size(rdata.subspan(mname));
      at = write_name(at, rdata.first(mname));
      at = write_name(at, rdata.subspan(mname, rname));
      at = put(at, rdata.subspan(mname + rname));
      break;
    }
    default:
      return put(at, rdata);
  }
  put16(length_at, static_cast<std::size_t>(at - length_at) - 2);
  return at;
}

TransferMessage::Target& TransferMessage::place_of(std::uint64_t hash) {
  return targets_[static_cast<std::size_t>(hash >> 32) % targets_.size()];
}

/// Where this name stands in the message, or 0.
std::size_t TransferMessage::find(const Target& target, Octets name) const {
  const bool is_it = target.message == message_ && same_octets({target.name, target.size}, name);
  return is_it ? target.offset : 0;
}

void TransferMessage::remember(Target& place, Octets name, std::size_t offset) const {
  if (offset > max_pointer) return;
  place = {name.data(), message_, static_cast<std::uint16_t>(name.size()),
           static_cast<std::uint16_t>(offset)};
}

}  // namespace taproot::xfr
