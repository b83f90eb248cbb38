#include "net/loop.hpp"

#include "net/uv_owned.hpp"

#include <array>
#include <atomic>
#include <cassert>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace taproot::net {

namespace {

struct Signal {
  uv_signal_t handle{};
  std::function<void()> handler;
};

void must(int status, const char* what) {
  if (status != 0) throw std::runtime_error(std::string(what) + ": " + uv_strerror(status));
}

}  // namespace

struct Loop::State {
  /// One job on the work pool; it ends itself in after_work.
  struct Job {
    uv_work_t request{};
    State* loop = nullptr;
    std::function<void()> job;
    std::function<void()> done;

    static void work(uv_work_t* request) noexcept { static_cast<Job*>(request->data)->job(); }
    static void after_work(uv_work_t* request, int status) noexcept {
      const std::unique_ptr<Job> self(static_cast<Job*>(request->data));
      self->loop->jobs.erase(self.get());
      if (status == 0 && !self->loop->closing && self->done) self->done();
    }
  };

  uv_loop_t loop{};
  uv_async_t wake{};
  std::atomic<bool> stop{false};
  bool closing = false;
  bool closed = false;
  std::mutex mutex;
  std::vector<std::function<void()>> posted;  ///< under the mutex
  std::unordered_set<Job*> jobs;              ///< each freed by its after_work
  std::vector<Signal*> signals;               ///< each freed by its close callback
  std::array<std::uint8_t, 65536> receive_buffer{};

  void on_wake() noexcept;
  int close_rest() noexcept;
};

Loop::Loop() : state_(std::make_unique<State>()) {
  std::signal(SIGPIPE, SIG_IGN);
  must(uv_loop_init(&state_->loop), "cannot make an event loop");
  state_->loop.data = state_.get();
  const int status = uv_async_init(&state_->loop, &state_->wake, [](uv_async_t* wake) noexcept {
    state_of<State>(wake)->on_wake();
  });
  if (status != 0) uv_loop_close(&state_->loop);
  must(status, "cannot make an event loop");
  state_->wake.data = state_.get();
}

Loop::~Loop() {
  if (state_->closed) return;
  const int left = close();
  assert(left == 0 && "a resource outlives its loop");
  // Freed memory under a living handle would be worse than a leak.
  if (left != 0) (void)state_.release();
}

void Loop::run() {
  while (!state_->stop.exchange(false)) uv_run(&state_->loop, UV_RUN_DEFAULT);
}

void Loop::stop() {
  state_->stop = true;
  uv_async_send(&state_->wake);
}

void Loop::State::on_wake() noexcept {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(mutex);
    due.swap(posted);
  }
  for (auto& task : due) {
    task();
    task = nullptr;  // what it held goes in the order of posting, too
  }
  if (stop) uv_stop(&loop);
}

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->posted.push_back(std::move(task));
  }
  uv_async_send(&state_->wake);
}

void Loop::work(std::function<void()> job, std::function<void()> done) {
  auto owned = std::make_unique<State::Job>();
  owned->request.data = owned.get();
  owned->loop = state_.get();
  owned->job = std::move(job);
  owned->done = std::move(done);
  must(uv_queue_work(&state_->loop, &owned->request, State::Job::work, State::Job::after_work),
       "cannot use the work pool");
  state_->jobs.insert(owned.release());
}

void Loop::on_signal(int signal, std::function<void()> handler) {
  auto owned = std::make_unique<Signal>();
  owned->handle.data = owned.get();
  owned->handler = std::move(handler);
  must(uv_signal_init(&state_->loop, &owned->handle), "cannot watch a signal");
  Signal* const watch = owned.release();
  state_->signals.push_back(watch);
  must(uv_signal_start(
           &watch->handle,
           [](uv_signal_t* handle, int) noexcept { state_of<Signal>(handle)->handler(); }, signal),
       "cannot watch a signal");
}

int Loop::State::close_rest() noexcept {
  // A handle that is neither ours nor closing will never close: do not wait for it.
  int left = 0;
  uv_walk(
      &loop,
      [](uv_handle_t* handle, void* count) noexcept {
        if (!uv_is_closing(handle)) ++*static_cast<int*>(count);
      },
      &left);
  if (left > 0) return UV_EBUSY;
  uv_run(&loop, UV_RUN_DEFAULT);
  const int status = uv_loop_close(&loop);
  closed = status == 0;
  return status;
}

int Loop::close() noexcept {
  state_->closing = true;
  {
    std::vector<std::function<void()>> dropped;
    const std::lock_guard lock(state_->mutex);
    dropped.swap(state_->posted);
  }
  for (State::Job* job : state_->jobs) uv_cancel(reinterpret_cast<uv_req_t*>(&job->request));
  for (Signal* signal : std::exchange(state_->signals, {})) close_owned(signal);
  if (!uv_is_closing(as_handle(&state_->wake))) uv_close(as_handle(&state_->wake), nullptr);
  return state_->close_rest();
}

uv_loop_s* Loop::handle() const {
  return &state_->loop;
}
std::span<std::uint8_t> Loop::receive_buffer() const {
  return state_->receive_buffer;
}

}  // namespace taproot::net
