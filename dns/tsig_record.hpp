#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/wire.hpp"

#include <cstdint>

namespace taproot::dns {

/// A TSIG record (RFC 8945 section 4.2). What it borrows stays in the message.
struct TsigRecord {
  Name key_name;
  Name algorithm;
  std::uint64_t time_signed = 0;  ///< seconds, 48 bits
  std::uint16_t fudge = 0;
  Octets mac;
  std::uint16_t original_id = 0;
  std::uint16_t error = 0;
  Octets other;

  /// Reads the record that begins at `at` and must be the last in `message`. Errc::bad_message.
  static Result<TsigRecord> parse(Octets message, std::size_t at);

  /// Writes the whole record, names uncompressed.
  void write(WireWriter& writer) const;

  /// The "TSIG variables" that a MAC covers (section 4.3.3), names in lower case; only the other
  /// data, which comes last and has any length, is left to the caller.
  void write_variables(WireWriter& writer) const;
  /// The "TSIG timers" that a MAC of a later message covers (section 5.3.1).
  void write_timers(WireWriter& writer) const;
};

}  // namespace taproot::dns
