#pragma once

#include "dns/name.hpp"
#include "dns/tsig.hpp"
#include "dns/types.hpp"
#include "net/endpoint.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>

namespace taproot::server {

/// An authentic request, as far as it matters for knowing it again.
struct SignedRequest {
  dns::Name key;
  dns::TsigStamp stamp;
  net::Endpoint from;
  std::uint16_t id = 0;  ///< as it came, which nobody signed
};

/// Carries no signed request out twice.
///
/// A signature is good for as long as its fudge allows, so whoever recorded a request could send
/// it again meanwhile. Every request is remembered until its signature is too old by itself; what
/// is forgotten earlier, for want of room, raises the floor of its key: nothing signed at or
/// before that time is taken from this key any more. So memory is bounded, a clock that is set
/// back opens nothing, and a floor kept over a restart (Floors) stands for all that was seen
/// before it. No clock, no I/O.
class ReplayGuard {
 public:
  /// By key: up to and including this second all was seen that will be taken.
  using Floors = std::map<dns::Name, dns::TsigTime>;

  struct Limits {
    std::size_t remembered = 100'000;
    /// A request signed longer ago (or ahead) than this is not taken, whatever its fudge.
    dns::TsigTime window = dns::TsigSession::default_fudge;
    /// Seconds after the first within which a copy may be a client's that had no answer.
    dns::TsigTime resent_after = 2;
    dns::TsigTime resent_until = 30;
  };

  enum class Verdict {
    fresh,    ///< to be carried out; it is remembered now
    waiting,  ///< a copy of one that is being carried out, from the same client: it needs no answer
    resent,   ///< the same client asks again, having had no answer: give it that (answer())
    replayed,  ///< a copy: refuse it
    too_old    ///< signed too long ago, or before what is remembered: refuse it
  };

  /// Keys without a floor get `otherwise`.
  ReplayGuard(Floors floors, dns::TsigTime otherwise, Limits limits);
  ReplayGuard(Floors floors, dns::TsigTime otherwise)
      : ReplayGuard(std::move(floors), otherwise, Limits()) {}

  /// `may_resend`: the transport loses messages, so clients send them again (UDP).
  Verdict look(const SignedRequest& request, bool may_resend, dns::TsigTime now);

  /// What a request that was fresh led to.
  void answered(const dns::TsigStamp& stamp, dns::Rcode rcode);
  /// The answer of one that was resent.
  std::optional<dns::Rcode> answer(const dns::TsigStamp& stamp) const;

  std::size_t remembered() const { return seen_.size(); }

 private:
  using Mac = std::array<std::uint8_t, 16>;
  struct MacHash {
    std::size_t operator()(const Mac& mac) const {
      std::size_t value = 0;  // a MAC is as good as random
      std::memcpy(&value, mac.data(), sizeof value);
      return value;
    }
  };
  struct Seen {
    dns::Name key;
    net::Endpoint from;
    std::uint16_t id = 0;
    dns::TsigTime at = 0;
    std::optional<dns::Rcode> rcode;
  };
  dns::TsigTime floor_of(const dns::Name& key) const;
  Verdict judge_copy(const Seen& seen, const SignedRequest& request, bool may_resend,
                     dns::TsigTime now) const;
  void forget_oldest();

  Floors floors_;
  dns::TsigTime otherwise_;
  Limits limits_;
  std::unordered_map<Mac, Seen, MacHash> seen_;
  std::multimap<dns::TsigTime, Mac> by_time_;  ///< when signed
};

}  // namespace taproot::server
