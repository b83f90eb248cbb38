#pragma once

#include "net/loop.hpp"
#include "pushers/call_budget.hpp"
#include "pushers/listed_zones.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace taproot::pushers {

/// What all who call one provider with one credential have in common: their budget of calls, the
/// pause that the provider told any of them to make, the session that one of them opened, and the
/// list of zones that one of them got.
/// Told the time; belongs to the thread of the pushers that share it.
class Account {
 public:
  /// So long a session is good for others: providers let it live four times as long and longer.
  static constexpr std::chrono::minutes longest_session{10};

  explicit Account(std::optional<unsigned> per_minute = std::nullopt)
      : per_minute_(per_minute), budget_(per_minute) {}

  /// Another budget, as a new configuration wants it; the same one goes on as it is.
  void limit(std::optional<unsigned> per_minute) {
    if (per_minute == per_minute_) return;
    per_minute_ = per_minute;
    budget_ = CallBudget(per_minute);
  }

  /// Takes one call, or says after which time to ask again.
  std::chrono::milliseconds take(net::Instant now, bool is_urgent) {
    if (now < paused_until_) {
      return std::chrono::ceil<std::chrono::milliseconds>(paused_until_ - now);
    }
    return budget_.take(now, is_urgent);
  }

  /// The provider had too many calls: nobody calls before `until`, and then not all at once.
  void pause(net::Instant until) {
    paused_until_ = std::max(paused_until_, until);
    budget_.drain(paused_until_);
  }

  /// A secret; empty: none that is good any more.
  std::string session(net::Instant now) const {
    return now < session_ends_ ? session_ : std::string();
  }
  void keep_session(std::string session, net::Instant now) {
    if (session == session_) return;
    session_ = std::move(session);
    session_ends_ = now + longest_session;
  }
  /// The provider does not take it any more; another one may have come meanwhile.
  void drop_session(const std::string& session) {
    if (session == session_) session_.clear();
  }

  ListedZones& listed() { return listed_; }

 private:
  std::optional<unsigned> per_minute_;
  CallBudget budget_;
  net::Instant paused_until_{};
  std::string session_;
  net::Instant session_ends_{};
  ListedZones listed_;
};

}  // namespace taproot::pushers
