#include "zonestore/journal_codec.hpp"

#include "dns/rdata.hpp"
#include "dns/wire.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

/// A full chunk takes one more record at most, and then stays below 1 MiB.
constexpr std::size_t chunk_octets = 960 * 1024;
constexpr std::size_t checksum_size = 8;
constexpr std::size_t max_records = 65535;
constexpr std::uint8_t format = 1;
constexpr std::uint8_t before_side = 1;
constexpr std::uint8_t after_side = 2;

enum class Kind : std::uint8_t { changes = 'C', snapshot = 'S' };

using Checksum = std::array<std::uint8_t, checksum_size>;

/// Nothing if OpenSSL cannot: then nothing may be written or believed.
std::optional<Checksum> checksum_of(Octets octets) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  if (EVP_Digest(octets.data(), octets.size(), digest.data(), nullptr, EVP_sha256(), nullptr) !=
      1) {
    return std::nullopt;
  }
  Checksum sum;
  std::copy_n(digest.begin(), sum.size(), sum.begin());
  return sum;
}

/// A chunk being written.
class Chunk {
 public:
  explicit Chunk(Kind kind) : kind_(kind) { clear(); }

  void u8(std::uint8_t value) { octets_.push_back(value); }
  void u16(std::size_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
  }
  void u32(std::uint32_t value) {
    u16(value >> 16);
    u16(value & 0xffff);
  }
  void append(Octets value) { octets_.insert(octets_.end(), value.begin(), value.end()); }
  void put_u16(std::size_t at, std::size_t value) {
    octets_[at] = static_cast<std::uint8_t>(value >> 8);
    octets_[at + 1] = static_cast<std::uint8_t>(value);
  }

  std::size_t size() const { return octets_.size(); }

  /// Hands the octets over and starts anew.
  Result<void> flush(const ChunkSink& sink) {
    const auto sum = checksum_of(Octets(octets_).subspan(checksum_size));
    if (!sum) return fail(Errc::io, "cannot compute a SHA-256 checksum");
    std::copy(sum->begin(), sum->end(), octets_.begin());
    auto taken = sink(octets_);
    clear();
    return taken;
  }

 private:
  void clear() {
    octets_.assign(checksum_size, 0);
    u8(format);
    u8(static_cast<std::uint8_t>(kind_));
  }

  Kind kind_;
  std::vector<std::uint8_t> octets_;
};

/// Checks checksum, format and kind, and gives the body.
Result<Octets> open_chunk(Octets chunk, Kind kind) {
  if (chunk.size() < checksum_size + 2) return fail(Errc::truncated, "a chunk without its head");
  const auto sum = checksum_of(chunk.subspan(checksum_size));
  if (!sum || !std::equal(sum->begin(), sum->end(), chunk.begin())) {
    return fail(Errc::bad_message, "the checksum is wrong");
  }
  if (chunk[checksum_size] != format) {
    return fail(Errc::bad_message, "unknown format " + std::to_string(chunk[checksum_size]));
  }
  if (chunk[checksum_size + 1] != static_cast<std::uint8_t>(kind)) {
    return fail(Errc::bad_message, "the chunk is of another kind");
  }
  return chunk.subspan(checksum_size + 2);
}

Result<void> write_side(Chunk& chunk, const std::optional<dns::RRset>& rrset) {
  if (!rrset) return {};
  if (rrset->rdata.size() > max_records) {
    return fail(Errc::too_large, rrset->owner.to_text() + " " + dns::to_text(rrset->type) +
                                     " has more than 65535 records");
  }
  chunk.u32(rrset->ttl);
  chunk.u16(rrset->rdata.size());
  for (const auto& rdata : rrset->rdata) {
    chunk.u16(rdata.size());
    chunk.append(rdata.wire());
  }
  return {};
}

Result<void> write_change(Chunk& chunk, const Change& change) {
  chunk.u8(static_cast<std::uint8_t>((change.before ? before_side : 0) |
                                     (change.after ? after_side : 0)));
  chunk.append(change.owner().wire());
  chunk.u16(static_cast<std::uint16_t>(change.type()));
  if (auto written = write_side(chunk, change.before); !written) return written;
  return write_side(chunk, change.after);
}

/// An uncompressed name, which the apex may complete.
Result<dns::Name> read_name(dns::WireReader& reader) {
  const std::size_t size = dns::name_length(reader.message().subspan(reader.position()));
  if (size == 0)
    return fail(Errc::bad_label, "no whole name at " + std::to_string(reader.position()));
  auto wire = reader.take(size);
  if (!wire) return tl::unexpected(wire.error());
  return dns::Name::from_trusted(*wire);
}

Result<dns::Name> read_labels(dns::WireReader& reader, const dns::Name& apex) {
  const auto size = reader.u8();
  if (!size) return tl::unexpected(size.error());
  const auto labels = reader.take(*size);
  if (!labels) return tl::unexpected(labels.error());
  std::array<std::uint8_t, 255> wire;
  if (labels->size() > wire.size() - apex.size()) {
    return fail(Errc::name_too_long, "an owner of more than 255 octets");
  }
  const auto end = std::copy(labels->begin(), labels->end(), wire.begin());
  std::copy(apex.wire().begin(), apex.wire().end(), end);
  const Octets whole(wire.data(), labels->size() + apex.size());
  // The length of the labels above the apex must be that of whole labels.
  std::size_t at = 0;
  while (at < labels->size()) at += whole[at] + std::size_t{1};
  if (at != labels->size() || dns::name_length(whole) != whole.size()) {
    return fail(Errc::bad_label, "labels that are no owner");
  }
  return dns::Name::from_trusted(whole);
}

Result<dns::RRType> read_type(dns::WireReader& reader) {
  const auto type = reader.u16();
  if (!type) return tl::unexpected(type.error());
  if (dns::is_meta(static_cast<dns::RRType>(*type))) {
    return fail(Errc::bad_message, "type " + std::to_string(*type) + " cannot stand in a zone");
  }
  return static_cast<dns::RRType>(*type);
}

Result<dns::Rdata> read_rdata(dns::WireReader& reader, dns::RRType type) {
  const auto size = reader.u16();
  if (!size) return tl::unexpected(size.error());
  const auto wire = reader.take(*size);
  if (!wire) return tl::unexpected(wire.error());
  return dns::rdata_from_octets(type, *wire);
}

Result<dns::RRset> read_records(dns::WireReader& reader, dns::Name owner, dns::RRType type) {
  const auto ttl = reader.u32();
  if (!ttl) return tl::unexpected(ttl.error());
  const auto count = reader.u16();
  if (!count) return tl::unexpected(count.error());
  if (*ttl > dns::max_ttl || *count == 0) {
    return fail(Errc::bad_message, "an RRset with a TTL over 2^31 - 1 or without records");
  }
  dns::RRset rrset{std::move(owner), type, *ttl, {}};
  rrset.rdata.reserve(std::min<std::size_t>(*count, reader.left() / 2));
  for (std::size_t i = 0; i < *count; ++i) {
    auto rdata = read_rdata(reader, type);
    if (!rdata) return tl::unexpected(rdata.error());
    rrset.rdata.push_back(std::move(*rdata));
  }
  return rrset;
}

Result<Change> read_change(dns::WireReader& reader) {
  const auto sides = reader.u8();
  if (!sides) return tl::unexpected(sides.error());
  if (*sides == 0 || *sides > (before_side | after_side)) {
    return fail(Errc::bad_message, "a change without sides");
  }
  const auto owner = read_name(reader);
  if (!owner) return tl::unexpected(owner.error());
  const auto type = read_type(reader);
  if (!type) return tl::unexpected(type.error());
  Change change;
  for (const auto side : {before_side, after_side}) {
    if ((*sides & side) == 0) continue;
    auto rrset = read_records(reader, *owner, *type);
    if (!rrset) return tl::unexpected(rrset.error());
    (side == before_side ? change.before : change.after) = std::move(*rrset);
  }
  return change;
}

Result<void> write_snapshot_piece(Chunk& chunk, const Node& node, const RRsetView& rrset,
                                  const ChunkSink& sink) {
  std::size_t count_at = 0;
  std::size_t count = 0;
  for (const Octets rdata : rrset) {
    // Started anew in each chunk, and where the chunk is full.
    if (count > 0 && chunk.size() + 2 + rdata.size() > chunk_octets) {
      if (auto flushed = chunk.flush(sink); !flushed) return flushed;
      count = 0;
    }
    if (count == 0) {
      chunk.u8(static_cast<std::uint8_t>(node.labels().size()));
      chunk.append(node.labels());
      chunk.u16(static_cast<std::uint16_t>(rrset.type()));
      chunk.u32(rrset.ttl());
      count_at = chunk.size();
      chunk.u16(0);
    }
    chunk.put_u16(count_at, ++count);
    chunk.u16(rdata.size());
    chunk.append(rdata);
  }
  return {};
}

}  // namespace

Result<void> encode_changes(const ChangeSet& changes, const ChunkSink& sink) {
  Chunk chunk(Kind::changes);
  const auto start = [&] {
    chunk.u32(changes.from.value());
    chunk.u32(changes.to.value());
  };
  start();
  for (const auto& change : changes.changes) {
    if (auto written = write_change(chunk, change); !written) return written;
    if (chunk.size() < chunk_octets || &change == &changes.changes.back()) continue;
    if (auto flushed = chunk.flush(sink); !flushed) return flushed;
    start();
  }
  return chunk.flush(sink);
}

Result<ChangeSet> decode_changes(Octets chunk) {
  const auto body = open_chunk(chunk, Kind::changes);
  if (!body) return tl::unexpected(body.error());
  dns::WireReader reader(*body);
  const auto from = reader.u32();
  if (!from) return tl::unexpected(from.error());
  const auto to = reader.u32();
  if (!to) return tl::unexpected(to.error());
  ChangeSet changes{dns::Serial(*from), dns::Serial(*to), {}};
  while (!reader.at_end()) {
    auto change = read_change(reader);
    if (!change) return tl::unexpected(change.error());
    changes.changes.push_back(std::move(*change));
  }
  return changes;
}

Result<void> encode_snapshot(const ZoneVersion& version, const ChunkSink& sink) {
  Chunk chunk(Kind::snapshot);
  for (auto cursor = version.walk(); cursor.leaf() != nullptr; cursor.next()) {
    for (const auto rrset : cursor.leaf()->rrsets()) {
      if (auto written = write_snapshot_piece(chunk, *cursor.leaf(), rrset, sink); !written) {
        return written;
      }
      if (chunk.size() < chunk_octets) continue;
      if (auto flushed = chunk.flush(sink); !flushed) return flushed;
    }
  }
  return chunk.flush(sink);
}

Result<void> SnapshotDecoder::feed(Octets chunk) {
  const auto body = open_chunk(chunk, Kind::snapshot);
  if (!body) return tl::unexpected(body.error());
  dns::WireReader reader(*body);
  while (!reader.at_end()) {
    auto owner = read_labels(reader, builder_.apex());
    if (!owner) return tl::unexpected(owner.error());
    const auto type = read_type(reader);
    if (!type) return tl::unexpected(type.error());
    auto rrset = read_records(reader, std::move(*owner), *type);
    if (!rrset) return tl::unexpected(rrset.error());
    if (auto taken = take(std::move(*rrset)); !taken) return taken;
  }
  return {};
}

Result<void> SnapshotDecoder::take(dns::RRset rrset) {
  if (!pending_ || pending_->type != rrset.type || pending_->owner != rrset.owner) {
    finish();
    pending_ = std::move(rrset);
    return {};
  }
  if (rrset.rdata.size() > max_records - pending_->rdata.size()) {
    return fail(Errc::too_large, "an RRset of more than 65535 records");
  }
  std::move(rrset.rdata.begin(), rrset.rdata.end(), std::back_inserter(pending_->rdata));
  return {};
}

void SnapshotDecoder::finish() {
  if (pending_) builder_.put(std::move(*pending_));
  pending_.reset();
}

}  // namespace taproot::zonestore
