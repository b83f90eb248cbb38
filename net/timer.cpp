#include "net/timer.hpp"

#include "net/uv_owned.hpp"

#include <algorithm>
#include <utility>

namespace taproot::net {

namespace {

/// Longer waits are cut into parts of this length: libuv adds milliseconds without looking.
constexpr std::chrono::milliseconds longest_part = std::chrono::hours(24);

}  // namespace

struct Timer::State {
  uv_timer_t handle{};
  std::function<void()> on_time;
  Instant due{};

  void start() noexcept {
    const Instant now = Clock::now();
    const Instant next = std::clamp(due, now, now + longest_part);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now);
    // libuv counts from the time it saw last, which may be long ago.
    uv_update_time(handle.loop);
    uv_timer_start(
        &handle, [](uv_timer_t* timer) noexcept { state_of<State>(timer)->fire(); },
        static_cast<std::uint64_t>(wait.count()), 0);
  }

  void fire() noexcept {
    if (Clock::now() < due) return start();
    on_time();
  }
};

void Timer::Close::operator()(State* state) const noexcept {
  close_owned(state);
}

Timer::Timer(Loop& loop, std::function<void()> on_time) : state_(new State) {
  uv_timer_init(loop.handle(), &state_->handle);
  state_->handle.data = state_.get();
  state_->on_time = std::move(on_time);
}

void Timer::set(Instant when) {
  state_->due = when;
  state_->start();
}

void Timer::set_after(Clock::duration wait) {
  const auto now = Clock::now();
  set(wait < Instant::max() - now ? now + wait : Instant::max());
}

void Timer::cancel() {
  uv_timer_stop(&state_->handle);
}

bool Timer::is_set() const {
  return uv_is_active(as_handle(&state_->handle)) != 0;
}

}  // namespace taproot::net
