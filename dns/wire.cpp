#include "dns/wire.hpp"

#include "dns/name.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace taproot::dns {

namespace {

tl::unexpected<Error> truncated(std::size_t wanted, std::size_t position) {
  return fail(Errc::truncated,
              "wanted " + std::to_string(wanted) + " octets at " + std::to_string(position));
}

constexpr std::size_t max_labels = 128;
constexpr std::size_t max_probes = 8;
/// Labels compared for one name before compression gives up: names made of a hundred equal labels
/// must not cost more than others.
constexpr std::size_t max_steps = 512;
constexpr std::uint16_t offset_bits = 0x3fff;

/// Where the suffixes of a name begin, and a hash of each that ignores case.
struct Suffixes {
  std::array<std::uint8_t, max_labels> at;
  std::array<std::uint32_t, max_labels> hash;
  std::size_t count = 0;

  explicit Suffixes(Octets name) {
    for (std::size_t i = 0; name[i] != 0; i += name[i] + std::size_t{1}) {
      at[count++] = static_cast<std::uint8_t>(i);
    }
    std::uint32_t running = 0x811c'9dc5u;
    for (std::size_t i = count; i-- > 0;) {
      const Octets label = name.subspan(at[i], name[at[i]] + std::size_t{1});
      for (const std::uint8_t octet : label) running = (running ^ lower(octet)) * 0x0100'0193u;
      hash[i] = running ^ running >> 15;
    }
  }
};

/// The table of a writer: offsets of names in 14 bits, and above them two bits of the hash that
/// spare most comparisons. 0 is an empty place, as no name stands at the front of a message.
class Targets {
 public:
  Targets(WireWriter::Table table, Octets written) : table_(table), written_(written) {}

  /// The offset of a name equal to `suffix`, or 0.
  std::size_t find(Octets suffix, std::uint32_t hash) {
    for (std::size_t i = 0; i < probes(); ++i) {
      const std::uint16_t entry = table_[slot(hash, i)];
      if (entry == 0) return 0;
      const std::size_t offset = entry & offset_bits;
      if (entry >> 14 == tag(hash) && offset < written_.size() && same(offset, suffix)) {
        return offset;
      }
    }
    return 0;
  }

  void insert(std::size_t offset, std::uint32_t hash) {
    if (offset == 0 || offset > offset_bits) return;
    for (std::size_t i = 0; i < probes(); ++i) {
      std::uint16_t& entry = table_[slot(hash, i)];
      if (entry != 0) continue;
      entry = static_cast<std::uint16_t>(tag(hash) << 14 | offset);
      return;
    }
  }

 private:
  std::size_t probes() const { return std::min(max_probes, table_.size()); }
  std::size_t slot(std::uint32_t hash, std::size_t i) const {
    return (hash + i) & (table_.size() - 1);
  }
  static std::uint32_t tag(std::uint32_t hash) { return hash >> 30; }

  /// Compares with the name at `offset`, which this writer wrote; only a rewind() into the middle
  /// of a name can have cut it off.
  bool same(std::size_t offset, Octets suffix) {
    std::size_t at = 0;
    while (steps_++ < max_steps && offset < written_.size()) {
      const std::size_t size = written_[offset];
      if (size >= 0xc0) {
        if (written_.size() - offset < 2) return false;
        offset = (size & 0x3f) << 8 | written_[offset + 1];
        continue;
      }
      if (size != suffix[at] || size >= written_.size() - offset) return false;
      if (size == 0) return true;
      for (std::size_t k = 1; k <= size; ++k) {
        if (lower(written_[offset + k]) != lower(suffix[at + k])) return false;
      }
      offset += size + 1;
      at += size + 1;
    }
    return false;
  }

  WireWriter::Table table_;
  Octets written_;
  std::size_t steps_ = 0;
};

}  // namespace

Result<std::uint8_t> WireReader::u8() {
  if (left() < 1) return truncated(1, position_);
  return message_[position_++];
}

Result<std::uint16_t> WireReader::u16() {
  if (left() < 2) return truncated(2, position_);
  const std::uint8_t* p = message_.data() + position_;
  position_ += 2;
  return static_cast<std::uint16_t>(p[0] << 8 | p[1]);
}

Result<std::uint32_t> WireReader::u32() {
  if (left() < 4) return truncated(4, position_);
  const std::uint8_t* p = message_.data() + position_;
  position_ += 4;
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

Result<std::uint64_t> WireReader::u48() {
  if (left() < 6) return truncated(6, position_);
  std::uint64_t value = 0;
  for (int i = 0; i < 6; ++i) value = value << 8 | message_[position_++];
  return value;
}

Result<Octets> WireReader::take(std::size_t count) {
  if (count > left()) return truncated(count, position_);
  const Octets part = message_.subspan(position_, count);
  position_ += count;
  return part;
}

WireWriter::WireWriter(std::span<std::uint8_t> buffer, Table table)
    : buffer_(buffer), table_(table), limit_(buffer.size()) {
  assert((table.size() & (table.size() - 1)) == 0);
  std::fill(table_.begin(), table_.end(), std::uint16_t{0});
}

bool WireWriter::room(std::size_t count) {
  if (!overflowed_ && count <= left()) return true;
  overflowed_ = true;
  return false;
}

void WireWriter::u8(std::uint8_t value) {
  if (room(1)) buffer_[position_++] = value;
}

void WireWriter::u16(std::uint16_t value) {
  if (!room(2)) return;
  put_u16(position_, value);
  position_ += 2;
}

void WireWriter::u32(std::uint32_t value) {
  if (!room(4)) return;
  put_u16(position_, static_cast<std::uint16_t>(value >> 16));
  put_u16(position_ + 2, static_cast<std::uint16_t>(value));
  position_ += 4;
}

void WireWriter::u48(std::uint64_t value) {
  if (!room(6)) return;
  for (int shift = 40; shift >= 0; shift -= 8) {
    buffer_[position_++] = static_cast<std::uint8_t>(value >> shift);
  }
}

void WireWriter::octets(Octets value) {
  if (!room(value.size()) || value.empty()) return;
  std::memcpy(buffer_.data() + position_, value.data(), value.size());
  position_ += value.size();
}

void WireWriter::name(Octets wire) {
  if (table_.empty() || wire.size() == 1) return octets(wire);
  const Suffixes suffixes(wire);
  Targets targets(table_, written());
  std::size_t plain = wire.size();  // octets to write before a pointer
  std::size_t target = 0;
  std::size_t fresh = 0;  // suffixes that are not in the table yet
  for (; fresh < suffixes.count; ++fresh) {
    const std::size_t at = suffixes.at[fresh];
    target = targets.find(wire.subspan(at), suffixes.hash[fresh]);
    if (target == 0) continue;
    plain = at;
    break;
  }
  if (!room(plain + (target != 0 ? 2 : 0))) return;
  for (std::size_t i = 0; i < fresh; ++i) {
    targets.insert(position_ + suffixes.at[i], suffixes.hash[i]);
  }
  octets(wire.first(plain));
  if (target != 0) u16(static_cast<std::uint16_t>(0xc000 | target));
}

void WireWriter::name_uncompressed(Octets wire) {
  if (table_.empty() || wire.size() == 1) return octets(wire);
  if (!room(wire.size())) return;
  const Suffixes suffixes(wire);
  Targets targets(table_, written());
  for (std::size_t i = 0; i < suffixes.count; ++i) {
    const std::size_t at = suffixes.at[i];
    if (targets.find(wire.subspan(at), suffixes.hash[i]) != 0) break;
    targets.insert(position_ + at, suffixes.hash[i]);
  }
  octets(wire);
}

void WireWriter::put_u16(std::size_t at, std::uint16_t value) {
  assert(at + 2 <= buffer_.size());
  buffer_[at] = static_cast<std::uint8_t>(value >> 8);
  buffer_[at + 1] = static_cast<std::uint8_t>(value);
}

void WireWriter::rewind(std::size_t position) {
  assert(position <= position_);
  if (position < position_) {
    // Forgotten names must go: other octets will stand where they stood.
    for (std::uint16_t& entry : table_) {
      if ((entry & offset_bits) >= position) entry = 0;
    }
  }
  position_ = position;
  overflowed_ = false;
}

void WireWriter::limit(std::size_t octets) {
  limit_ = std::max(position_, std::min(octets, buffer_.size()));
}

}  // namespace taproot::dns
