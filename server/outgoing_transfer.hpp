#pragma once

#include "dns/tsig.hpp"
#include "net/loop.hpp"
#include "server/counters.hpp"
#include "server/transfer_event.hpp"
#include "xfr/delivered_differences.hpp"
#include "xfr/transfer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace taproot::server {

/// Wall-clock seconds, handed in by those who have a clock.
using WallClock = std::function<dns::TsigTime()>;
/// Gets events on a serving loop; it posts them to where they are used.
using Tell = std::function<void(TransferEvent)>;

/// A transfer on its way over one connection: signs its messages, and tells how it began and how
/// it ended. Destroyed before finish(), it tells that it was aborted. Borrows all references.
class OutgoingTransfer {
 public:
  /// `about` says whose and what; it is told at once as started.
  OutgoingTransfer(xfr::Transfer transfer, std::optional<dns::TsigSession> session,
                   TransferEvent about, Counters& counters, const WallClock& wall_clock,
                   const Tell& tell);
  OutgoingTransfer(const OutgoingTransfer&) = delete;
  OutgoingTransfer& operator=(const OutgoingTransfer&) = delete;
  ~OutgoingTransfer();

  /// Composes and signs the next message at the front of `buffer` (xfr::Transfer::buffer_size)
  /// and returns its size; 0 if there is none, or if it has failed().
  std::size_t next(std::span<std::uint8_t> buffer);

  bool done() const { return transfer_.done(); }
  /// The connection must be dropped: what was sent is no whole zone.
  bool failed() const { return failed_; }

  /// How it ends is to be remembered there, if it brings differences.
  void remember_in(xfr::DeliveredDifferences& delivered) { delivered_ = &delivered; }

  /// The last message has left.
  void finish();
  /// Why it is going to be destroyed unfinished, and whether that was the secondary's doing.
  void set_reason(std::string why, bool by_peer) {
    about_.why = std::move(why);
    by_peer_ = by_peer;
  }

 private:
  void end_as(TransferEvent::Kind kind);
  void remember_end(bool finished);

  xfr::Transfer transfer_;
  std::optional<dns::TsigSession> session_;
  TransferEvent about_;
  Counters& counters_;
  const WallClock& wall_clock_;
  const Tell& tell_;
  net::Instant begin_ = net::Clock::now();
  xfr::DeliveredDifferences* delivered_ = nullptr;
  bool failed_ = false;
  bool ended_ = false;
  bool by_peer_ = false;
};

}  // namespace taproot::server
