#pragma once

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/rdata.hpp"
#include "dns/serial.hpp"
#include "dns/tsig.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taproot::xfr {

/// What a version says of itself in a NOTIFY.
struct NotifySubject {
  dns::Name apex;
  dns::Soa soa;
  std::uint32_t ttl = 0;  ///< of the SOA record, in seconds
};

/// Tells one secondary about one version (RFC 1996), again and again, until that secondary has
/// been seen with its serial or a later one. That it acknowledged the NOTIFY ends nothing: many
/// have acknowledged and stayed where they were.
///
///   try 1 ─1 s─ 2 ─2 s─ 3 ─4 s─ 4 ─8 s─ … ─15 min─ n ─15 min─ … ─> on_seen()
///
/// Does no I/O, reads no clock and throws no dice: the caller brings the octets, the time and the
/// random bits.
class NotifyRound {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// What a machine cannot know by itself.
  struct Moment {
    Instant now;
    dns::TsigTime wall = 0;    ///< the time that TSIG signs
    std::uint16_t jitter = 0;  ///< random bits: a wait is lengthened by up to a quarter
  };

  /// What the caller has to do now, and when it has to come back.
  struct Step {
    std::optional<std::vector<std::uint8_t>> send;  ///< one datagram for the secondary
    std::optional<Instant> wake;                    ///< nothing: this round is over
  };

  /// `id` is random and stays the same in all tries, so that a late answer counts (RFC 1996
  /// section 3.6). With a key every try is signed anew, because the time is part of the signature.
  NotifyRound(NotifySubject subject, std::optional<dns::TsigKey> key, std::uint16_t id);

  Step on_start(const Moment& moment);
  Step on_wake(const Moment& moment);

  /// Octets that came from the secondary. What is no answer to this NOTIFY leaves the round as it
  /// was; a wrong signature or an error rcode becomes last_error() and changes nothing else.
  Step on_datagram(Octets datagram, const Moment& moment);

  /// The datagram could not even be sent. The next try comes at its time.
  Step on_send_failed(std::string why);

  /// This secondary was seen with `serial`, by a probe or as it asked for a transfer. Ends the
  /// round if that is the serial told or a later one (RFC 1982).
  Step on_seen(dns::Serial serial);

  dns::Serial serial() const { return subject_.soa.serial; }
  std::uint16_t id() const { return id_; }
  int tries() const { return tries_; }
  bool acknowledged() const { return acknowledged_; }
  /// The secondary was seen with the serial or a later one: nothing is left to do.
  bool is_over() const { return over_; }

  /// What went wrong last, for people; empty after an acknowledgement.
  const std::string& last_error() const { return last_error_; }

  /// What this round waits for, as a sentence for people; empty when it is over. For example
  /// "NOTIFY sent 3 times, acknowledged; waiting to see serial 42, next try in 8 s".
  std::string waits_for(Instant now) const;

  static constexpr std::chrono::milliseconds first_wait = std::chrono::seconds(1);
  static constexpr std::chrono::milliseconds longest_wait = std::chrono::minutes(15);

 private:
  Step try_again(const Moment& moment);
  Step as_it_was() const;
  bool is_answer(const dns::Message& answer) const;

  NotifySubject subject_;
  std::optional<dns::TsigKey> key_;
  std::uint16_t id_;
  std::optional<dns::TsigSession> session_;  ///< of the last try
  std::chrono::milliseconds wait_ = first_wait;
  std::optional<Instant> wake_;
  int tries_ = 0;
  bool acknowledged_ = false;
  bool over_ = false;
  std::string last_error_;
};

}  // namespace taproot::xfr
