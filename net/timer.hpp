#pragma once

#include "net/loop.hpp"

#include <functional>
#include <memory>

namespace taproot::net {

/// Calls back once, when a time has come. Never early; late by the loop's other work.
class Timer {
 public:
  /// Not set yet.
  Timer(Loop& loop, std::function<void()> on_time);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() = default;

  /// Forgets what was set before. A time already past means: in the next turn of the loop.
  void set(Instant when);
  void set_after(Clock::duration wait);
  void cancel();

  /// True from set() until the call back or cancel().
  bool is_set() const;

 private:
  struct State;
  struct Close {
    void operator()(State* state) const noexcept;
  };
  std::unique_ptr<State, Close> state_;
};

}  // namespace taproot::net
