#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace taproot::zonestore {

/// What the text before a piece means for the piece. The last owner is not part of it: a piece
/// begins with an owner.
struct ReadingContext {
  dns::Name origin;
  std::optional<std::uint32_t> default_ttl;  ///< of $TTL
  std::optional<std::uint32_t> last_ttl;     ///< of the last record that wrote one

  /// The same text gives the same records, octet for octet, behind both.
  friend bool operator==(const ReadingContext& a, const ReadingContext& b);
};

/// Octets one behind the other, kept when they are cleared. What is handed out as a pointer is
/// good until room() is asked for more.
class OctetArena {
 public:
  /// The end of the arena, with room for `octets` more.
  std::uint8_t* room(std::size_t octets) {
    if (capacity_ - size_ < octets) grow(octets);
    return octets_.get() + size_;
  }
  /// Keeps the first `octets` of what room() gave; says where they begin.
  std::uint32_t keep(std::size_t octets) {
    const auto at = static_cast<std::uint32_t>(size_);
    size_ += octets;
    return at;
  }
  std::uint32_t append(Octets octets);
  Octets at(std::uint32_t offset, std::size_t octets) const {
    return {octets_.get() + offset, octets};
  }
  std::size_t size() const { return size_; }
  void clear() { size_ = 0; }
  /// Drops what was kept since size() was `octets`.
  void restore(std::size_t octets) { size_ = octets; }

 private:
  void grow(std::size_t octets);

  std::unique_ptr<std::uint8_t[]> octets_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// One record; its octets stand in the arena of its piece.
struct PieceRecord {
  std::uint32_t owner = 0;  ///< where the owner begins
  std::uint32_t rdata = 0;  ///< where the rdata begin
  std::uint32_t ttl = 0;
  std::uint32_t line = 0;    ///< in the piece, counted from 1
  std::uint16_t column = 0;  ///< of the first field, counted from 1; 65535: that or more
  dns::RRType type = dns::RRType::none;
  std::uint16_t rdata_size = 0;
  std::uint8_t owner_size = 0;  ///< of the uncompressed wire name, case as written
};

/// The records of one piece in the order of its text. Of records one behind the other with the
/// same owner `owner` is the same. Can be filled again without asking for memory.
struct PieceRecords {
  OctetArena octets;
  std::vector<PieceRecord> records;
  ReadingContext end;  ///< for the next piece

  Octets owner_of(const PieceRecord& record) const {
    return octets.at(record.owner, record.owner_size);
  }
  Octets rdata_of(const PieceRecord& record) const {
    return octets.at(record.rdata, record.rdata_size);
  }
};

}  // namespace taproot::zonestore
