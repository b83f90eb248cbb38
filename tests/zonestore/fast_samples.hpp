#pragma once

#include "zonestore/sources/fast_records.hpp"
#include "zonestore/sources/zone_file.hpp"
#include "zonestore/sources/zone_pieces.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace taproot::zonestore::samples {

/// The whole text through pieces, or nothing if it is not plain.
inline std::optional<SourceRecords> read_fast(const dns::Name& apex, std::string_view text,
                                              const PieceSizes& sizes = {}) {
  SourceRecords all;
  PieceReader reader(text, sizes);
  PieceRecords records;
  records.end.origin = apex;
  std::uint32_t lines = 0;
  for (;;) {
    const auto piece = reader.next();
    if (!piece) return std::nullopt;
    if (!*piece) return all;
    const ReadingContext start = records.end;
    if (!read_piece(apex, (*piece)->text, start, records)) return std::nullopt;
    for (const PieceRecord& record : records.records) {
      all.items.push_back({dns::Name::from_trusted(records.owner_of(record)),
                           record.type,
                           record.ttl,
                           dns::Rdata(records.rdata_of(record)),
                           {0, lines + record.line, record.column}});
    }
    lines += (*piece)->newlines;
  }
}

/// What differs between two readings, octet for octet, or "".
inline std::string difference(const SourceRecords& a, const SourceRecords& b) {
  for (std::size_t i = 0; i < std::max(a.items.size(), b.items.size()); ++i) {
    const std::string number = "record " + std::to_string(i) + ": ";
    if (i >= a.items.size() || i >= b.items.size()) return number + "only in one";
    const auto& x = a.items[i];
    const auto& y = b.items[i];
    if (!std::ranges::equal(x.owner.wire(), y.owner.wire())) return number + "owner";
    if (x.type != y.type || x.ttl != y.ttl) return number + "type or TTL";
    if (!(x.rdata == y.rdata)) return number + "rdata";
    if (x.place.line != y.place.line) return number + "line";
    if (x.place.column != y.place.column && y.place.column < 65535) return number + "column";
  }
  return "";
}

/// Pieces of a few lines, to meet every boundary.
inline PieceSizes small_pieces(std::size_t least) {
  PieceSizes sizes;
  sizes.least = least;
  sizes.one_in = 2;
  sizes.most = 4 * least;
  return sizes;
}

}  // namespace taproot::zonestore::samples
