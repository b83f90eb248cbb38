#pragma once

#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"

#include <chrono>
#include <functional>
#include <string_view>

namespace taproot::net {

/// Runs the loop until `done` says so, at most for `limit`; returns whether it did.
inline bool run_until(Loop& loop, const std::function<bool()>& done,
                      Clock::duration limit = std::chrono::seconds(20)) {
  const Instant end = Clock::now() + limit;
  std::function<void()> look;
  Timer timer(loop, [&] { look(); });
  look = [&] {
    if (done() || Clock::now() >= end) {
      loop.stop();
    } else {
      timer.set_after(std::chrono::milliseconds(1));
    }
  };
  timer.set_after(std::chrono::milliseconds(0));
  loop.run();
  return done();
}

/// Gives what is on its way time to arrive, where a test shows that nothing does.
inline void run_for(Loop& loop, Clock::duration time) {
  (void)run_until(loop, [] { return false; }, time);
}

/// Text as octets.
inline Octets octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view text_of(Octets octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

/// Port 0: the system chooses.
inline const Endpoint loopback(*Address::from_text("127.0.0.1"), 0);
inline const Endpoint loopback_ipv6(*Address::from_text("::1"), 0);

}  // namespace taproot::net
