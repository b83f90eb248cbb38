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

std::uint64_t load(const std::uint8_t* from) {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// memcmp() without the call: most names are a few octets, and this is most of the work.
bool same_octets(Octets a, Octets b) {
  if (a.size() != b.size()) return false;
  const std::uint8_t* x = a.data();
  const std::uint8_t* y = b.data();
  const std::size_t size = a.size();
  constexpr std::size_t word = sizeof(std::uint64_t);
  if (size >= word) {
    for (std::size_t i = 0; i + word < size; i += word) {
      if (load(x + i) != load(y + i)) return false;
    }
    return load(x + size - word) == load(y + size - word);
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (x[i] != y[i]) return false;
  }
  return true;
}

/// Spreads names over the table. Eight octets at a time: this runs for every NS of a zone.
std::size_t hash(Octets name) {
  constexpr std::uint64_t factor = 0x9e37'79b9'7f4a'7c15u;
  std::uint64_t sum = name.size();
  if (name.size() < sizeof sum) {
    for (const std::uint8_t octet : name) sum = (sum ^ octet) * factor;
    return static_cast<std::size_t>(sum >> 32);
  }
  const std::uint8_t* const last = name.data() + name.size() - sizeof sum;
  for (const std::uint8_t* at = name.data(); at < last; at += sizeof sum) {
    sum = (sum ^ load(at)) * factor;
    sum ^= sum >> 29;
  }
  return static_cast<std::size_t>(((sum ^ load(last)) * factor) >> 32);
}

}  // namespace

void TransferMessage::start(std::span<std::uint8_t> buffer, std::size_t keep_free, std::uint16_t id,
                            std::uint8_t flags_high, Octets question) {
  assert(buffer.size() >= keep_free + apex_at + question.size());
  buffer_ = buffer;
  position_ = 0;
  last_end_ = buffer.size() - keep_free;
  usual_end_ = std::min(last_end_, usual_size - std::min(keep_free, usual_size));
  record_count_ = 0;
  u16(id);
  u16(static_cast<std::size_t>(flags_high << 8));
  u16(1);
  std::memset(buffer_.data() + position_, 0, 6);
  position_ += 6;
  copy(question);
  ++message_;
  path_.labels = {};
  path_.count = 0;
  path_.at[0] = apex_at;
  below_count_ = 0;
  owner_at_ = owner_.empty() ? apex_at : 0;
}

void TransferMessage::owner(Octets labels) {
  owner_ = labels;
  owner_at_ = labels.empty() ? apex_at : 0;
}

bool TransferMessage::record(RRType type, std::uint32_t ttl, Octets rdata) {
  const std::size_t owner_size = owner_at_ != 0 ? 0 : owner_.size();
  const std::size_t most = owner_size + pointer_size + fixed_size + rdata.size();
  const std::size_t end = record_count_ == 0 ? last_end_ : usual_end_;
  if (position_ > end || most > end - position_) return false;
  if (owner_at_ != 0) {
    u16(0xc000 | owner_at_);
  } else {
    write_owner();
  }
  const auto fixed = std::uint64_t{static_cast<std::uint16_t>(type)} << 48 |
                     std::uint64_t{static_cast<std::uint16_t>(dns::Class::IN)} << 32 | ttl;
  const std::uint64_t wire = htobe64(fixed);
  std::memcpy(buffer_.data() + position_, &wire, sizeof wire);
  position_ += sizeof wire;
  write_rdata(type, rdata);
  ++record_count_;
  return true;
}

std::size_t TransferMessage::finish() {
  const std::size_t end = position_;
  position_ = 6;
  u16(record_count_);
  u16(0);
  u16(0);
  position_ = end;
  return end;
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

void TransferMessage::write_owner() {
  const std::size_t first_label = owner_[0] + std::size_t{1};
  if (write_usual_owner(first_label)) return;
  const Match match = match_path(owner_);
  const std::size_t start = position_;
  copy(owner_.first(match.plain));
  u16(0xc000 | match.at);
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
}

/// A name right below the apex, or right below one that stands on the path; false: another one.
bool TransferMessage::write_usual_owner(std::size_t first_label) {
  const Octets parent = owner_.subspan(first_label);
  std::size_t depth = 0;
  if (!parent.empty()) {
    depth = path_.count;
    while (depth > 0 && path_.size[depth] > parent.size()) --depth;
    if (depth == 0 || path_.at[depth] == 0 ||
        !same_octets(parent, path_.labels.last(path_.size[depth]))) {
      return false;
    }
    if (below_count_ > 0 && same_octets(parent, below_of_)) {
      for (std::size_t i = 0; i < below_count_; ++i) {
        if (!same_octets(below_[i].label, owner_.first(first_label))) continue;
        u16(0xc000 | below_[i].offset);
        enter(depth + 1, below_[i].offset);
        return true;
      }
    }
  }
  const std::size_t offset = position_;
  copy(owner_.first(first_label));
  u16(0xc000 | path_.at[depth]);
  enter(depth + 1, offset <= max_pointer ? offset : 0);
  return true;
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

TransferMessage::Match TransferMessage::match(Octets name) {
  if (const std::size_t offset = find_target(name); offset != 0) return {0, offset};

  Match best{name.size(), 0};
  if (name.size() >= apex_.size() && same_octets(name.last(apex_.size()), apex_)) {
    const Octets below = name.first(name.size() - apex_.size());
    std::size_t at = 0;
    while (at < below.size()) at += below[at] + std::size_t{1};
    if (at == below.size()) best = match_path(below);
  }
  const std::size_t first_label = name[0] + std::size_t{1};
  if (first_label >= best.plain) return best;
  const Octets rest = name.subspan(first_label);
  if (const std::size_t offset = find_target(rest); offset != 0) return {first_label, offset};
  return best;
}

/// Writes a name that is the owner with one label before it; false: it is another one.
bool TransferMessage::write_below_owner(Octets name) {
  const std::size_t first_label = name[0] + std::size_t{1};
  if (owner_at_ == 0 || owner_.empty()) return false;
  if (name.size() != first_label + owner_.size() + apex_.size()) return false;
  if (!same_octets(name.subspan(first_label, owner_.size()), owner_) ||
      !same_octets(name.last(apex_.size()), apex_)) {
    return false;
  }
  if (below_of_.data() != owner_.data()) below_count_ = 0;
  below_of_ = owner_;
  if (below_count_ < below_.size() && position_ <= max_pointer) {
    below_[below_count_++] = {name.first(first_label), static_cast<std::uint16_t>(position_)};
  }
  copy(name.first(first_label));
  u16(0xc000 | owner_at_);
  return true;
}

void TransferMessage::write_name(Octets name) {
  if (name.size() == 1) return copy(name);
  if (write_below_owner(name)) return;
  const Match found = match(name);
  const std::size_t first_label = name[0] + std::size_t{1};
  if (found.plain > 0) remember(name, position_);
  if (found.plain > first_label) remember(name.subspan(first_label), position_ + first_label);
  copy(name.first(found.plain));
  if (found.at != 0) u16(0xc000 | found.at);
}

/// Compresses the names in the types of RFC 1035 that are still in use; copies all others.
void TransferMessage::write_rdata(RRType type, Octets rdata) {
  const std::size_t length_at = position_;
  u16(rdata.size());
  switch (type) {
    case RRType::NS:
    case RRType::CNAME:
    case RRType::PTR:
      write_name(rdata);
      break;
    case RRType::MX:
      copy(rdata.first(2));
      write_name(rdata.subspan(2));
      break;
    case RRType::SOA: {
      const std::size_t mname = name_size(rdata);
      const std::size_t rname = name_size(rdata.subspan(mname));
      write_name(rdata.first(mname));
      write_name(rdata.subspan(mname, rname));
      copy(rdata.subspan(mname + rname));
      break;
    }
    default:
      return copy(rdata);
  }
  const std::size_t end = position_;
  position_ = length_at;
  u16(end - length_at - 2);
  position_ = end;
}

TransferMessage::Target& TransferMessage::place_of(Octets name) {
  return targets_[hash(name) % targets_.size()];
}

/// Where this name stands in the message, or 0.
std::size_t TransferMessage::find_target(Octets name) {
  const Target& target = place_of(name);
  const bool is_it = target.message == message_ && same_octets({target.name, target.size}, name);
  return is_it ? target.offset : 0;
}

void TransferMessage::remember(Octets name, std::size_t offset) {
  if (name.size() == 1 || offset > max_pointer) return;
  place_of(name) = {name.data(), message_, static_cast<std::uint16_t>(name.size()),
                    static_cast<std::uint16_t>(offset)};
}

void TransferMessage::u16(std::size_t value) {
  buffer_[position_] = static_cast<std::uint8_t>(value >> 8);
  buffer_[position_ + 1] = static_cast<std::uint8_t>(value);
  position_ += 2;
}

void TransferMessage::copy(Octets octets) {
  if (octets.empty()) return;
  std::memcpy(buffer_.data() + position_, octets.data(), octets.size());
  position_ += octets.size();
}

}  // namespace taproot::xfr
