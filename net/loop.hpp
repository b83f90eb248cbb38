#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

struct uv_loop_s;

namespace taproot::net {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;

/// One thread's waiting: sockets, timers and messages from other threads.
///
/// The other resources of this room are made on a loop, belong to the thread that runs it, and
/// must be gone before it. Their rules are the same everywhere: a callback comes from run(), never
/// from inside the call that started it; it may destroy the resource it came from; after a
/// resource is destroyed it calls back no more. Callbacks must not throw.
///
/// Making a Loop makes the process ignore SIGPIPE: a peer that went away is an error of the write.
class Loop {
 public:
  Loop();
  /// Closes; a resource that still lives is a bug.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Works until stop(). May be called again.
  void run();

  /// Makes run() return when the callbacks that are due have been called; called before run(),
  /// it makes that run() return at once. Any thread may call it while the loop lives.
  void stop();

  /// Has `task` called by run(), in the order of posting. Any thread may call it while the loop
  /// lives. What is still waiting when the loop closes is destroyed uncalled.
  void post(std::function<void()> task);

  /// Has `job` called on the work pool, and then `done` by run(). At the end of the loop the jobs
  /// that run are waited for, those that wait are dropped, and no `done` is called any more. The
  /// job gets values in and gives values back: it must touch nothing of this thread.
  void work(std::function<void()> job, std::function<void()> done);

  /// Has `handler` called by run() each time the process gets the signal.
  void on_signal(int signal, std::function<void()> handler);

  /// The time, for those who have a loop at hand.
  static Instant now() { return Clock::now(); }

  /// Closes the loop's own handles, waits for what destroyed resources have left to close and
  /// for running jobs, and returns the verdict of uv_loop_close(): 0 when nothing was left behind.
  /// Nothing but the destructor may be called after it.
  int close() noexcept;

  /// For the files of this room.
  uv_loop_s* handle() const;
  /// Where sockets of this loop receive, one after the other: good until the callback returns.
  std::span<std::uint8_t> receive_buffer() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace taproot::net
