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
constexpr std::uint8_t changes_format = 1;
constexpr std::uint8_t snapshot_format = 2;
constexpr std::uint8_t before_side = 1;
constexpr std::uint8_t after_side = 2;

enum class Kind : std::uint8_t { changes = 'C', snapshot = 'S' };

constexpr std::uint8_t format_of(Kind kind) {
  return kind == Kind::changes ? changes_format : snapshot_format;
}

using Checksum = std::array<std::uint8_t, checksum_size>;

/// Fetched once: looking it up costs more than the sum of a small chunk.
const EVP_MD* sha256() {
  static EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

/// Nothing if OpenSSL cannot: then nothing may be written or believed.
std::optional<Checksum> checksum_of(Octets octets) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  if (EVP_Digest(octets.data(), octets.size(), digest.data(), nullptr, sha256(), nullptr) != 1) {
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
  /// A number with its lowest octet first.
  template <class Number>
  void low_first(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) u8(static_cast<std::uint8_t>(value >> (8 * i)));
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
    u8(format_of(kind_));
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
  if (chunk[checksum_size] != format_of(kind)) {
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

/// The labels of an owner above the apex.
Result<Octets> read_labels(dns::WireReader& reader, const dns::Name& apex) {
  const auto size = reader.u8();
  if (!size) return tl::unexpected(size.error());
  const auto labels = reader.take(*size);
  if (!labels) return labels;
  if (labels->size() > 255 - apex.size()) {
    return fail(Errc::name_too_long, "an owner of more than 255 octets");
  }
  std::size_t at = 0;
  while (at < labels->size() && (*labels)[at] > 0 && (*labels)[at] <= 63) {
    at += (*labels)[at] + std::size_t{1};
  }
  if (at != labels->size()) return fail(Errc::bad_label, "labels that are no owner");
  return labels;
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

void write_node(Chunk& chunk, const Node& node) {
  chunk.u8(static_cast<std::uint8_t>(node.labels().size()));
  chunk.append(node.labels());
  chunk.u8(static_cast<std::uint8_t>(node.rrset_count()));
  for (const auto rrset : node.rrsets()) {
    chunk.low_first(static_cast<std::uint16_t>(rrset.type()));
    chunk.low_first(static_cast<std::uint16_t>(rrset.count()));
    chunk.low_first(rrset.ttl());
    chunk.low_first(static_cast<std::uint32_t>(rrset.packed().size()));
    chunk.append(rrset.packed());
  }
}

template <class Number>
Result<Number> read_low_first(dns::WireReader& reader) {
  const auto octets = reader.take(sizeof(Number));
  if (!octets) return tl::unexpected(octets.error());
  Number value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<Number>(value | Number{(*octets)[i]} << (8 * i));
  }
  return value;
}

/// Walks the records of an RRset of a snapshot.
Result<void> check_records(dns::RRType type, std::size_t count, Octets packed) {
  dns::WireReader reader(packed);
  for (; count > 0; --count) {
    const auto size = reader.u16();
    if (!size) return tl::unexpected(size.error());
    const auto rdata = reader.take(*size);
    if (!rdata) return tl::unexpected(rdata.error());
    if (auto good = dns::check_rdata_octets(type, *rdata); !good) return good;
  }
  if (!reader.at_end()) return fail(Errc::trailing_octets, "octets behind the last record");
  return {};
}

/// An RRset of a snapshot, as RRsetView has it, appended to `to`. Types must ascend from `last`.
Result<void> read_set(dns::WireReader& reader, std::uint16_t& last, std::vector<std::uint8_t>& to) {
  const auto type = read_low_first<std::uint16_t>(reader);
  const auto count = read_low_first<std::uint16_t>(reader);
  const auto ttl = read_low_first<std::uint32_t>(reader);
  const auto size = read_low_first<std::uint32_t>(reader);
  if (!size) return tl::unexpected(size.error());
  const auto packed = reader.take(*size);
  if (!packed) return tl::unexpected(packed.error());
  if (*type <= last || dns::is_meta(static_cast<dns::RRType>(*type)) || *count == 0 ||
      *ttl > dns::max_ttl) {
    return fail(Errc::bad_message, "an RRset that cannot stand in a zone");
  }
  if (auto good = check_records(static_cast<dns::RRType>(*type), *count, *packed); !good) {
    return good;
  }
  last = *type;
  const auto append = [&to](auto value) {
    const auto* octets = reinterpret_cast<const std::uint8_t*>(&value);
    to.insert(to.end(), octets, octets + sizeof value);
  };
  append(*type);
  append(*count);
  append(*ttl);
  append(*size);
  to.insert(to.end(), packed->begin(), packed->end());
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
    write_node(chunk, *cursor.leaf());
    if (chunk.size() < chunk_octets) continue;
    if (auto flushed = chunk.flush(sink); !flushed) return flushed;
  }
  return chunk.flush(sink);
}

Result<void> decode_snapshot(Octets chunk, ZoneBuilder& builder) {
  const auto body = open_chunk(chunk, Kind::snapshot);
  if (!body) return tl::unexpected(body.error());
  dns::WireReader reader(*body);
  std::vector<std::uint8_t> rrsets;
  while (!reader.at_end()) {
    const auto labels = read_labels(reader, builder.apex());
    if (!labels) return tl::unexpected(labels.error());
    const auto count = reader.u8();
    if (!count) return tl::unexpected(count.error());
    rrsets.clear();
    std::uint16_t last = 0;
    for (std::size_t i = 0; i < *count; ++i) {
      if (auto read = read_set(reader, last, rrsets); !read) return read;
    }
    builder.put_node(Node::from_octets(*labels, rrsets, *count));
  }
  return {};
}

}  // namespace taproot::zonestore
