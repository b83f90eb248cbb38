#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/zone_version.hpp"

#include <functional>

namespace taproot::zonestore {

// How records lie in the journal: in chunks that stand alone, each below 1 MiB (unless one change
// or one name alone is larger), so that neither writing nor reading a large zone needs a second
// copy of it.
//
//     chunk:     checksum, 8 octets of the SHA-256 of the rest | format u8 | kind u8 | body
//     changes:   from u32 | to u32 | change …                                         (format 1)
//     change:    sides u8 (1 before, 2 after, 3 both) | owner | type u16 | records per side
//     records:   ttl u32 | count u16 | ( rdlength u16 | rdata ) …
//     snapshot:  ( labels' size u8 | labels of the owner above the apex | RRsets u8 | RRset … ) …
//     RRset:     type u16 | count u16 | ttl u32 | octets u32 | ( rdlength u16 | rdata ) … (format
//     2)
//
// Numbers are in network order, but those before the records of an RRset in a snapshot have their
// lowest octet first, as in memory on most machines: a snapshot is nearly a copy of the version, a
// name after the other, empty non-terminals among them. Names are uncompressed. What is decoded is
// checked as if it came from the network.

/// Takes one chunk, borrowed for the call; a failure ends the encoding and is passed on.
using ChunkSink = std::function<Result<void>(Octets)>;

/// Fails with what `sink` fails with, or Errc::too_large for an RRset of more than 65,535 records.
Result<void> encode_changes(const ChangeSet& changes, const ChunkSink& sink);

/// One chunk of a ChangeSet. Any octets may come: fails with Errc::bad_message, truncated,
/// trailing_octets or what reading names and rdata fails with.
Result<ChangeSet> decode_changes(Octets chunk);

Result<void> encode_snapshot(const ZoneVersion& version, const ChunkSink& sink);

/// Puts the names of one chunk of a snapshot into a builder; chunks may come in any order. Fails as
/// decode_changes() does, and leaves the builder in between.
Result<void> decode_snapshot(Octets chunk, ZoneBuilder& builder);

}  // namespace taproot::zonestore
