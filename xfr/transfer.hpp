#pragma once

#include "dns/message.hpp"
#include "dns/octets.hpp"
#include "dns/serial.hpp"
#include "xfr/composed_transfers.hpp"
#include "xfr/ixfr_choice.hpp"
#include "zonestore/zone_version.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace taproot::xfr {

/// One running AXFR (RFC 5936) or IXFR (RFC 1995), pulled one message at a time: a slow secondary
/// costs one message of memory. Holds its version, so a zone that changes meanwhile neither waits
/// nor shows. Does no I/O; signing is done by the caller on each message.
///
///     AXFR, or IXFR of the whole zone:   SOA, all other records in canonical order, SOA
///     IXFR of differences, for each step:   SOA, { old SOA, deleted…, new SOA, added… }, SOA
///     IXFR of one who is current:   SOA
class Transfer {
 public:
  /// Room that next() wants: an answer to the longest question with the largest record there is.
  static constexpr std::size_t buffer_size = 65535;

  /// The question of `request` is repeated in every message (RFC 5936 section 2.2.2), its ID and
  /// RD in the headers; the first message has an OPT if the request has one. Borrows nothing but
  /// `composed`, which knows what was composed for others; null: each composes for itself.
  Transfer(const dns::Query& request, std::shared_ptr<const zonestore::ZoneVersion> version,
           IxfrChoice choice, ComposedTransfers* composed = nullptr);
  Transfer(Transfer&&) noexcept;
  Transfer& operator=(Transfer&&) noexcept;
  ~Transfer();

  /// Composes the next message at the start of `buffer`, leaving `keep_free` octets at its end
  /// for TSIG, and returns its size; 0 if it is done() or has failed(). AA is set (RFC 5936
  /// section 2.2.1). A message is at most 16 KiB unless a single record is larger.
  std::size_t next(std::span<std::uint8_t> buffer, std::size_t keep_free);

  /// True once the message with the closing SOA has been composed.
  bool done() const;
  /// A record did not fit into the whole buffer: the transfer cannot be completed, and the
  /// connection has to be dropped so that the secondary does not take what it got for a zone.
  bool failed() const;

  IxfrChoice::Kind kind() const;
  dns::Serial serial() const;
  std::size_t records() const;  ///< composed so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace taproot::xfr
