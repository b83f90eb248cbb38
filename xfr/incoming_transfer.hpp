#pragma once

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/rdata.hpp"
#include "dns/result.hpp"
#include "dns/tsig.hpp"
#include "xfr/ixfr_step.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taproot::xfr {

/// Bounds on what a server may make us keep of one transfer.
struct IncomingLimits {
  std::size_t octets = std::size_t{4} << 30;  ///< of all messages together
  std::size_t records = 200'000'000;
};

/// What an answer brought.
enum class IncomingKind {
  current,      ///< the SOA alone: the server has nothing newer than what we have
  differences,  ///< the steps that lead from what we have to what it has (RFC 1995)
  whole_zone
};

/// The client's side of one AXFR (RFC 5936) or IXFR (RFC 1995), as a machine without I/O and
/// clock: a request goes out, messages come in, and after the closing SOA the zone is there, or
/// the steps to it.
///
///     request() ─> on_message()… ─> is_complete() ─> take_records() or take_steps()
///                        └─> an error, or on_end() before the closing SOA: nothing at all
///
/// What it insists on: ID, QR and opcode of every message; the question where one is repeated
/// (section 2.2.2); the apex's SOA first and the same SOA last, and nothing behind it; no other
/// SOA of the apex between them; class IN; no records in the authority section. Of differences,
/// that they begin at the serial we have, that each step begins where the one before it ended,
/// that every step goes ahead (RFC 1982), and that the last ends at the SOA of the beginning. With
/// a key, that the first and the last message and at least every hundredth between them are signed
/// with it (RFC 8945 section 5.3.1). Names outside of the zone are dropped and counted, as other
/// secondaries do it. It does not check what the records say; whether differences fit to what we
/// have is for apply_ixfr().
class IncomingTransfer {
 public:
  using Limits = IncomingLimits;

  /// Asks for `apex`; `id` is a random number. With a key everything is signed. With `have`, the
  /// SOA of what we have, it asks for an IXFR, and all three kinds of answers are good.
  IncomingTransfer(dns::Name apex, std::uint16_t id, std::optional<dns::TsigKey> key,
                   Limits limits = {}, std::optional<dns::Soa> have = std::nullopt);

  /// The request's octets, to be called once; without the length that TCP puts before it. With
  /// `udp_size` it goes over UDP, and says that answers up to that size can be taken (RFC 6891).
  std::vector<std::uint8_t> request(dns::TsigTime now,
                                    std::optional<std::uint16_t> udp_size = std::nullopt);

  /// Takes the next message. Fails, and the transfer is over, with
  ///   Errc::refused      the server says REFUSED, NOTAUTH or another RCODE
  ///   Errc::unauthorized a signature is missing, wrong, or the server does not take ours
  ///   Errc::bad_answer   what came is not an answer to the request, or not a transfer
  ///   Errc::too_large    more than the limits
  /// The detail is for people and says what to do where that is known.
  Result<void> on_message(Octets message, dns::TsigTime now);

  /// The connection has ended. Fails with Errc::bad_answer if the zone is not complete.
  Result<void> on_end() const;

  bool is_complete() const { return stage_ == Stage::complete; }
  std::size_t messages() const { return messages_; }
  std::size_t octets() const { return octets_; }
  /// Records that were dropped because their owner is not in the zone.
  std::size_t outside() const { return outside_; }

  /// When it is complete: what came, and the SOA that the server has.
  IncomingKind kind() const { return kind_; }
  const dns::Soa& soa() const { return soa_; }

  /// All records of the zone in the order they came, each as often as it came, the SOA once and
  /// first. To be called once, when a transfer of the kind whole_zone is complete.
  std::vector<dns::Record> take_records() { return std::move(records_); }
  /// The same for the kind differences: the steps, oldest first.
  std::vector<IxfrStep> take_steps() { return std::move(steps_); }

 private:
  enum class Stage {
    first,     ///< nothing came
    second,    ///< of an IXFR: the first SOA came, and the next record says what this is
    middle,    ///< of a whole zone
    deleting,  ///< of a step: what it takes out
    adding,    ///< of a step: what it brings in
    complete,
    failed
  };

  Result<void> take(Octets octets, dns::TsigTime now);
  Result<void> check_header(const dns::Message& message) const;
  Result<void> check_rcode(const dns::Message& message, Octets octets, dns::TsigTime now);
  Result<void> check_question(const dns::Message& message) const;
  Result<void> check_signature(const dns::Message& message, Octets octets, dns::TsigTime now,
                               bool last);
  Result<void> take_record(dns::Record record);
  Result<void> take_first(dns::Record record);
  Result<void> take_soa(dns::Record record);
  Result<void> begin_step(dns::Record soa);
  Result<void> keep(dns::Record record, std::vector<dns::Record>& where);
  bool is_first_again(const dns::Record& soa) const;
  Result<void> too_many() const;

  dns::Name apex_;
  std::uint16_t id_;
  std::optional<dns::TsigSession> session_;
  Limits limits_;
  std::optional<dns::Soa> have_;
  Stage stage_ = Stage::first;
  IncomingKind kind_ = IncomingKind::whole_zone;
  dns::Soa soa_{};
  std::size_t messages_ = 0;
  std::size_t octets_ = 0;
  std::size_t outside_ = 0;
  std::size_t kept_ = 0;              ///< records, in all steps
  std::vector<dns::Record> records_;  ///< the first SOA, and those of a whole zone
  std::vector<IxfrStep> steps_;
};

}  // namespace taproot::xfr
