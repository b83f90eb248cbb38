#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace taproot::dns {

/// Reads a DNS message from front to back. Borrows the octets: keep them alive
/// and unchanged for as long as the reader, and never store the reader.
class WireReader {
 public:
  explicit WireReader(Octets message) : message_(message) {}
  /// Starts at `position`, which must not be after the end.
  WireReader(Octets message, std::size_t position) : message_(message), position_(position) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return message_.size() - position_; }
  bool at_end() const { return left() == 0; }
  Octets message() const { return message_; }

  Result<std::uint8_t> u8();
  Result<std::uint16_t> u16();
  Result<std::uint32_t> u32();
  /// 48 bits, as in TSIG's Time Signed.
  Result<std::uint64_t> u48();

  /// The next `count` octets, or Errc::truncated with the position unmoved.
  Result<Octets> take(std::size_t count);

 private:
  Octets message_;
  std::size_t position_ = 0;
};

/// Writes a DNS message into a buffer it borrows, compressing names (RFC 1035 section 4.1.4).
///
/// What does not fit leaves the buffer as it was from the last mark on and makes `overflowed()`
/// true; nothing is written after that until `rewind()`. Allocates nothing.
class WireWriter {
 public:
  /// Room for the offsets of names already written; a power of two. A larger table finds more
  /// suffixes in a long message. A full table only means less compression.
  using Table = std::span<std::uint16_t>;

  /// Without a table names are written uncompressed. The table is cleared here.
  explicit WireWriter(std::span<std::uint8_t> buffer, Table table = {});

  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void u48(std::uint64_t value);
  void octets(Octets value);

  /// A name in uncompressed wire format (root label included), compressed where a suffix of it
  /// stands earlier in the message. Comparison ignores case; what is written keeps it.
  void name(Octets wire);
  /// The same name octet for octet (RFC 3597 section 4: types that must not be compressed). Its
  /// suffixes may still serve as targets of later pointers.
  void name_uncompressed(Octets wire);

  /// Overwrites two octets written before, e.g. a count or an RDLENGTH.
  void put_u16(std::size_t at, std::uint16_t value);

  std::size_t position() const { return position_; }
  std::size_t left() const { return limit_ - position_; }
  bool overflowed() const { return overflowed_; }
  Octets written() const { return {buffer_.data(), position_}; }

  /// Goes back to `position` and clears `overflowed()`: what was written after it is forgotten,
  /// also as a target of compression.
  void rewind(std::size_t position);
  /// Uses at most `octets` of the buffer from now on (never more than the buffer has).
  void limit(std::size_t octets);

 private:
  bool room(std::size_t count);
  std::span<std::uint8_t> buffer_;
  Table table_;
  std::size_t position_ = 0;
  std::size_t limit_ = 0;
  bool overflowed_ = false;
};

}  // namespace taproot::dns
