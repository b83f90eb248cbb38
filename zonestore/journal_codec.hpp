#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/zone_version.hpp"

#include <functional>
#include <optional>

namespace taproot::zonestore {

// How records lie in the journal: in chunks that stand alone, each below 1 MiB (unless one change
// alone is larger), so that neither writing nor reading a large zone needs a second copy of it.
//
//     chunk:     checksum, 8 octets of the SHA-256 of the rest | format u8 (1) | kind u8 | body
//     changes:   from u32 | to u32 | change …
//     change:    sides u8 (1 before, 2 after, 3 both) | owner | type u16 | records per side
//     snapshot:  ( labels' size u8 | labels of the owner above the apex | type u16 | records ) …
//     records:   ttl u32 | count u16 | ( rdlength u16 | rdata ) …
//
// Numbers are in network order, names uncompressed. An RRset of a snapshot may go on in the next
// chunk. What is decoded is checked as if it came from the network.

/// Takes one chunk, borrowed for the call; a failure ends the encoding and is passed on.
using ChunkSink = std::function<Result<void>(Octets)>;

/// Fails with what `sink` fails with, or Errc::too_large for an RRset of more than 65,535 records.
Result<void> encode_changes(const ChangeSet& changes, const ChunkSink& sink);

/// One chunk of a ChangeSet. Any octets may come: fails with Errc::bad_message, truncated,
/// trailing_octets or what reading names and rdata fails with.
Result<ChangeSet> decode_changes(Octets chunk);

Result<void> encode_snapshot(const ZoneVersion& version, const ChunkSink& sink);

/// Puts the chunks of a snapshot into a builder, in their order.
class SnapshotDecoder {
 public:
  explicit SnapshotDecoder(ZoneBuilder& builder) : builder_(builder) {}

  /// Fails as decode_changes() does, and leaves the builder in between.
  Result<void> feed(Octets chunk);
  /// After the last chunk.
  void finish();

 private:
  Result<void> take(dns::RRset rrset);

  ZoneBuilder& builder_;
  std::optional<dns::RRset> pending_;  ///< may go on in the next piece
};

}  // namespace taproot::zonestore
