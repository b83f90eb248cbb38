#pragma once

#include "dns/message.hpp"
#include "dns/octets.hpp"
#include "dns/tsig.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace taproot::server {

/// What an answer that is made later needs of its request.
struct OwedAnswer {
  /// Sends the message; it is borrowed. Empty as long as nobody waits for it.
  using Deliver = std::function<void(Octets)>;

  /// Copies the parts of the request that an answer repeats.
  OwedAnswer(const dns::Query& request, Octets octets, std::optional<dns::TsigSession> signer);

  dns::Query query() const;

  std::optional<dns::TsigSession> session;
  Deliver deliver;

 private:
  dns::Query query_;
  std::vector<std::uint8_t> head_;  ///< header and question
};

/// The answers that a serving loop owes, because another thread has to say what they are.
class OwedAnswers {
 public:
  using Ticket = std::uint64_t;  ///< never 0

  /// More than this many at a time would only make all of them late.
  static constexpr std::size_t most = 1024;

  bool is_full() const { return owed_.size() >= most; }
  Ticket add(OwedAnswer answer);
  /// Says how to send it. To be called before the loop turns again.
  void deliver(Ticket ticket, OwedAnswer::Deliver deliver);
  /// Whoever waited for it is gone.
  void forget(Ticket ticket) { owed_.erase(ticket); }
  /// Takes it out; nothing if nobody waits for it any more.
  std::optional<OwedAnswer> take(Ticket ticket);

 private:
  std::unordered_map<Ticket, OwedAnswer> owed_;
  Ticket last_ = 0;
};

}  // namespace taproot::server
