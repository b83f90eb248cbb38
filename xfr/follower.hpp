#pragma once

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/rdata.hpp"
#include "dns/result.hpp"
#include "dns/serial.hpp"
#include "dns/tsig.hpp"
#include "xfr/refresh_timers.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taproot::xfr {

/// Follows the primaries of one zone, as a machine without I/O, clock and dice (RFC 1034 section
/// 4.3.5, RFC 1996): asks them in order for their SOA, says what is to be transferred from whom,
/// and when to look again.
///
///     idle ──refresh, retry, NOTIFY──> asking ──newer──> fetching ──> idle
///                                      │   ↑ no answer, an error, behind: the next primary
///                                      └───┴─current──> idle
///
/// A serial that was received once is not asked for again, whatever became of it: that is
/// taken() or not, and look_now() asks for it anew.
class Follower {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// What a machine cannot know by itself.
  struct Moment {
    Instant now;
    dns::TsigTime wall = 0;  ///< the time that TSIG signs
    std::uint32_t dice = 0;  ///< random bits
  };

  struct Primary {
    std::string shown;  ///< its address, for people
    std::optional<dns::TsigKey> key;
    bool operator==(const Primary&) const = default;
  };

  /// How one primary stood when it was asked last.
  struct Standing {
    std::optional<dns::Serial> serial;
    std::string error;  ///< empty: it answered well
    std::string cure;   ///< of the error, where that is known
    std::optional<Instant> asked;
  };

  /// A SOA query to be sent now; an earlier one is not waited for any more.
  struct Ask {
    std::size_t primary = 0;
    bool tcp = false;
    std::vector<std::uint8_t> octets;
  };
  /// A transfer to begin now: the whole zone, or the differences from what we have.
  struct Fetch {
    std::size_t primary = 0;
    bool whole = true;
  };
  /// What the caller has to do, and when it has to come back if nothing else happens.
  struct Step {
    std::optional<Ask> ask;
    std::optional<Fetch> fetch;
    std::optional<Instant> wake;
  };

  /// `primaries` must not be empty.
  Follower(dns::Name apex, std::vector<Primary> primaries, RefreshBounds bounds = {});

  /// What we have already, as a primary had it, and when one last said that it is right.
  void begin_with(const dns::Soa& have, Instant confirmed);

  void set_bounds(RefreshBounds bounds);

  /// Looks at once; so do on_wake() at its time and on_notify() with news.
  Step look_now(const Moment& moment, bool whole = false);
  Step on_wake(const Moment& moment);

  /// One of the primaries says that the zone has changed; its serial is a hint (RFC 1996 section
  /// 3.7): what it announces and does not answer with is asked for again soon.
  Step on_notify(std::size_t primary, std::optional<dns::Serial> serial, const Moment& moment);

  /// A message that came back. One that does not answer the question is ignored.
  Step on_answer(Octets octets, const Moment& moment);
  /// The query could not be sent, or the connection broke.
  Step on_ask_failed(const std::string& why, const Moment& moment);

  /// The transfer that was begun brought the zone with this SOA.
  Step on_fetched(const dns::Soa& soa, const Moment& moment);
  /// It brought nothing, or nothing that can be taken. Differences that cannot be had or do not fit
  /// lead to the whole zone, and a whole zone that is wrong to the next primary.
  Step on_fetch_failed(const Error& error, const Moment& moment, const std::string& cure = "");

  /// What was received with this SOA is what we have now.
  void taken(const dns::Soa& soa);
  /// What was received and not taken is to be received again.
  void forget_received() { received_ = have_ ? std::optional(have_->serial) : std::nullopt; }

  bool is_idle() const { return stage_ == Stage::idle; }
  /// Looks that ended, good or bad.
  std::uint64_t looks() const { return looks_; }
  /// Bad ones in a row; the last one's reason is with the primaries.
  std::size_t failures() const { return timers_.failures(); }
  const std::optional<dns::Soa>& have() const { return have_; }
  const std::vector<Standing>& standings() const { return standings_; }
  std::optional<Instant> confirmed() const { return confirmed_; }
  /// When it looks again; nothing while it looks.
  std::optional<Instant> next() const;
  /// When what we have is too old, unless a primary is heard of before.
  std::optional<Instant> expiry() const;
  bool is_expired(Instant now) const;

  static constexpr unsigned udp_tries = 3;
  static constexpr std::chrono::milliseconds udp_wait = std::chrono::seconds(1);
  static constexpr std::chrono::milliseconds tcp_wait = std::chrono::seconds(5);
  /// Between the beginnings of two looks, whatever is announced meanwhile.
  static constexpr std::chrono::milliseconds least_gap{50};

 private:
  enum class Stage { idle, asking, fetching };

  Step begin(const Moment& moment);
  Step ask(const Moment& moment);
  Step ask_by_tcp(const Moment& moment);
  Step judge(const dns::Soa& soa, const Moment& moment);
  Step fetch(bool whole);
  Step next_primary(const Moment& moment);
  Step fail_primary(std::string error, std::string cure, const Moment& moment);
  Step end(bool is_good, const Moment& moment);
  Step as_it_is(Instant now) const;
  Step as_it_is(const Moment& moment) const { return as_it_is(moment.now); }
  std::size_t asked() const { return order_[at_]; }
  Standing& standing() { return standings_[asked()]; }
  bool is_news(dns::Serial serial) const;

  dns::Name apex_;
  std::vector<Primary> primaries_;
  std::vector<Standing> standings_;
  RefreshTimers timers_;
  std::optional<dns::Soa> have_;
  std::optional<dns::Serial> received_;   ///< last, taken or not
  std::optional<dns::Serial> announced_;  ///< by NOTIFY, and not received
  std::optional<Instant> confirmed_;

  Stage stage_ = Stage::idle;
  Instant next_{};
  std::optional<Instant> began_;  ///< the last look
  std::uint64_t looks_ = 0;
  bool again_ = false;       ///< something came up while it looked
  bool whole_next_ = false;  ///< the next look is for the whole zone
  std::size_t first_ = 0;    ///< whom the next look begins with

  // One look.
  std::vector<std::size_t> order_;
  std::size_t at_ = 0;
  bool whole_ = false;
  bool heard_ = false;  ///< a primary said that what we have is right
  unsigned tries_ = 0;
  bool tcp_ = false;
  std::uint16_t id_ = 0;
  std::optional<dns::TsigSession> session_;
  Instant deadline_{};
  bool fetches_whole_ = true;
};

}  // namespace taproot::xfr
