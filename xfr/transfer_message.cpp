#include "xfr/transfer_message.hpp"

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

bool same_octets(Octets a, Octets b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
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

TransferMessage::Split::Split(Octets below_apex) : labels(below_apex) {
  for (std::size_t i = 0; i < labels.size() && count < max_labels;
       i += labels[i] + std::size_t{1}) {
    at[count++] = static_cast<std::uint8_t>(i);
  }
}

std::size_t TransferMessage::Split::labels_in_common(const Split& other) const {
  const std::size_t most = std::min(count, other.count);
  std::size_t same = 0;
  std::size_t end = labels.size();
  std::size_t other_end = other.labels.size();
  while (same < most) {
    const std::size_t begin = before(same + 1);
    const std::size_t other_begin = other.before(same + 1);
    if (!same_octets(labels.subspan(begin, end - begin),
                     other.labels.subspan(other_begin, other_end - other_begin))) {
      break;
    }
    end = begin;
    other_end = other_begin;
    ++same;
  }
  return same;
}

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
  targets_.fill({});
  path_ = Split();
  path_at_[0] = apex_at;
  owner_at_ = owner_.count == 0 ? apex_at : 0;
}

void TransferMessage::owner(Octets labels) {
  owner_ = Split(labels);
  owner_at_ = owner_.count == 0 ? apex_at : 0;
}

bool TransferMessage::record(RRType type, std::uint32_t ttl, Octets rdata) {
  const std::size_t owner_size = owner_at_ != 0 ? 0 : owner_.labels.size();
  const std::size_t most = owner_size + pointer_size + fixed_size + rdata.size();
  const std::size_t end = record_count_ == 0 ? last_end_ : usual_end_;
  if (position_ > end || most > end - position_) return false;
  if (owner_at_ != 0) {
    u16(0xc000 | owner_at_);
  } else {
    write_owner();
  }
  u16(static_cast<std::size_t>(type));
  u16(static_cast<std::size_t>(dns::Class::IN));
  u32(ttl);
  write_rdata(type, rdata);
  ++record_count_;
  return true;
}

std::size_t TransferMessage::finish(bool with_opt, bool dnssec_ok) {
  const std::size_t end = position_;
  position_ = 6;
  u16(record_count_);
  u16(0);
  u16(with_opt ? 1 : 0);
  position_ = end;
  if (!with_opt) return position_;
  buffer_[position_++] = 0;  // RFC 6891 section 6.1.2
  u16(static_cast<std::size_t>(RRType::OPT));
  u16(1232);
  u32(dnssec_ok ? 0x8000u : 0u);
  u16(0);
  return position_;
}

void TransferMessage::write_owner() {
  const Match match = match_path(owner_);
  for (std::size_t d = owner_.count; d > 0; --d) {
    const std::size_t before = owner_.before(d);
    if (before >= match.plain) break;  // from here on the path stays as it is
    const std::size_t offset = position_ + before;
    path_at_[d] = static_cast<std::uint16_t>(offset <= max_pointer ? offset : 0);
  }
  copy(owner_.labels.first(match.plain));
  u16(0xc000 | match.at);
  path_ = owner_;
  owner_at_ = path_at_[owner_.count];
}

TransferMessage::Match TransferMessage::match_path(const Split& name) const {
  std::size_t depth = name.labels_in_common(path_);
  while (path_at_[depth] == 0) --depth;  // the apex always is in reach
  return {name.before(depth), path_at_[depth]};
}

TransferMessage::Match TransferMessage::match(Octets name) {
  const Target& whole = place_of(name);
  if (whole.offset != 0 && same_octets(whole.name, name)) return {0, whole.offset};

  Match best{name.size(), 0};
  if (name.size() >= apex_.size() && same_octets(name.last(apex_.size()), apex_)) {
    const Split below(name.first(name.size() - apex_.size()));
    const bool at_label = below.count == 0 || below.at[below.count - 1] + std::size_t{1} +
                                                      below.labels[below.at[below.count - 1]] ==
                                                  below.labels.size();
    if (at_label) best = match_path(below);
  }
  const std::size_t first_label = name[0] + std::size_t{1};
  if (first_label >= best.plain) return best;
  const Octets rest = name.subspan(first_label);
  const Target& parent = place_of(rest);
  if (parent.offset != 0 && same_octets(parent.name, rest)) return {first_label, parent.offset};
  return best;
}

void TransferMessage::write_name(Octets name) {
  if (name.size() == 1) return copy(name);
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

void TransferMessage::remember(Octets name, std::size_t offset) {
  if (name.size() == 1 || offset > max_pointer) return;
  place_of(name) = {name, static_cast<std::uint16_t>(offset)};
}

void TransferMessage::u16(std::size_t value) {
  buffer_[position_] = static_cast<std::uint8_t>(value >> 8);
  buffer_[position_ + 1] = static_cast<std::uint8_t>(value);
  position_ += 2;
}

void TransferMessage::u32(std::uint32_t value) {
  u16(value >> 16);
  u16(value & 0xffff);
}

void TransferMessage::copy(Octets octets) {
  if (octets.empty()) return;
  std::memcpy(buffer_.data() + position_, octets.data(), octets.size());
  position_ += octets.size();
}

}  // namespace taproot::xfr
