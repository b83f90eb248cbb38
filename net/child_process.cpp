#include "net/child_process.hpp"

#include "net/descriptor.hpp"
#include "net/uv_owned.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace taproot::net {

namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// Real pipes and no socket pairs, so that the command may open /dev/stdin by its name.
struct Pipe {
  Descriptor reads;
  Descriptor writes;

  static Pipe make() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    return {Descriptor(ends[0]), Descriptor(ends[1])};
  }
};

bool set_non_blocking(const Descriptor& descriptor) {
  return ::fcntl(descriptor.number(), F_SETFL, O_NONBLOCK) == 0;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Descriptors and signals as a program expects them: only the three, none blocked or ignored.
class SpawnWishes {
 public:
  SpawnWishes() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnWishes(const SpawnWishes&) = delete;
  SpawnWishes& operator=(const SpawnWishes&) = delete;
  ~SpawnWishes() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  void give(const Descriptor& ours, int theirs) {
    posix_spawn_file_actions_adddup2(&actions_, ours.number(), theirs);
  }
  void close_others() { posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1); }

  /// 0, or an errno.
  int spawn(std::vector<std::string>& command, std::vector<std::string>& environment,
            pid_t& child) {
    auto arguments = pointers_to(command);
    auto variables = pointers_to(environment);
    return ::posix_spawnp(&child, arguments[0], &actions_, &attributes_, arguments.data(),
                          variables.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

struct ChildProcess::State {
  /// One of our ends of the pipes.
  struct End {
    uv_poll_t handle{};
    Descriptor descriptor;
    bool is_polled = false;
  };

  uv_signal_t on_child{};
  uv_timer_t on_timeout{};
  uv_timer_t on_failure{};
  End input;
  End output;
  End errors;
  ChildOrder order;
  OnEnd on_end;
  ChildEnd end;
  pid_t child = 0;  ///< 0: none, or reaped
  std::size_t written = 0;
  std::size_t read = 0;
  bool is_killed_by_us = false;
  int open_handles = 3;  ///< and those that are polled

  explicit State(Loop& loop) {
    uv_signal_init(loop.handle(), &on_child);
    uv_timer_init(loop.handle(), &on_timeout);
    uv_timer_init(loop.handle(), &on_failure);
    on_child.data = on_timeout.data = on_failure.data = this;
  }

  void start(Loop& loop) noexcept {
    const int error = spawn(loop);
    if (error == 0) return;
    end.kind = ChildEnd::Kind::not_started;
    end.why = reason(error);
    // Not from inside the constructor.
    uv_timer_start(
        &on_failure, [](uv_timer_t* timer) noexcept { state_of<State>(timer)->tell(); }, 0, 0);
  }

  int spawn(Loop& loop) {
    Pipe in = Pipe::make();
    Pipe out = Pipe::make();
    Pipe err = Pipe::make();
    if (!in.reads.is_open() || !out.reads.is_open() || !err.reads.is_open()) return errno;
    if (!set_non_blocking(in.writes) || !set_non_blocking(out.reads) ||
        !set_non_blocking(err.reads)) {
      return errno;
    }
    // Before the child is there: it may be gone at once.
    uv_signal_start(
        &on_child, [](uv_signal_t* signal, int) noexcept { state_of<State>(signal)->reap(); },
        SIGCHLD);
    SpawnWishes wishes;
    wishes.give(in.reads, STDIN_FILENO);
    wishes.give(out.writes, STDOUT_FILENO);
    wishes.give(err.writes, STDERR_FILENO);
    wishes.close_others();
    const int error = wishes.spawn(order.command, order.environment, child);
    if (error != 0) {
      child = 0;
      uv_signal_stop(&on_child);
      return error;
    }
    poll(loop, input, std::move(in.writes), UV_WRITABLE);
    poll(loop, output, std::move(out.reads), UV_READABLE);
    poll(loop, errors, std::move(err.reads), UV_READABLE);
    uv_update_time(loop.handle());
    uv_timer_start(
        &on_timeout,
        [](uv_timer_t* timer) noexcept {
          state_of<State>(timer)->kill_for(ChildEnd::Kind::timed_out);
        },
        static_cast<std::uint64_t>(std::max<std::int64_t>(order.timeout.count(), 1)), 0);
    return 0;
  }

  void poll(Loop& loop, End& at, Descriptor descriptor, int events) noexcept {
    at.descriptor = std::move(descriptor);
    if (uv_poll_init(loop.handle(), &at.handle, at.descriptor.number()) != 0) return;
    at.handle.data = this;
    at.is_polled = true;
    ++open_handles;
    uv_poll_start(&at.handle, events, [](uv_poll_t* handle, int, int) noexcept {
      auto* state = state_of<State>(handle);
      if (handle == &state->input.handle) state->write_some();
      if (handle == &state->output.handle) state->read_some(state->output, state->end.output);
      if (handle == &state->errors.handle) state->read_some(state->errors, state->end.errors);
    });
  }

  /// A command need not read its input: what it leaves is dropped.
  void write_some() noexcept {
    const auto rest = std::string_view(order.input).substr(written);
    if (!rest.empty()) {
      const ssize_t put = ::write(input.descriptor.number(), rest.data(), rest.size());
      if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (put > 0) written += static_cast<std::size_t>(put);
      if (put > 0 && written < order.input.size()) return;
    }
    stop(input);
    order.input = {};
  }

  /// False at the end of it.
  bool read_some(End& from, std::string& into) noexcept {
    std::array<char, 16'384> part{};
    const ssize_t got = ::read(from.descriptor.number(), part.data(), part.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0) {
      stop(from);
      return false;
    }
    const auto size = static_cast<std::size_t>(got);
    const std::size_t room = order.max_output - into.size();
    into.append(part.data(), std::min(size, room));
    end.is_output_cut = end.is_output_cut || size > room;
    read += size;
    if (read > order.most_output) kill_for(ChildEnd::Kind::flooded);
    return read <= order.most_output;
  }

  static void stop(End& at) noexcept {
    if (at.is_polled) uv_poll_stop(&at.handle);
    at.descriptor.close();
  }

  void kill_for(ChildEnd::Kind kind) noexcept {
    if (child == 0 || is_killed_by_us) return;
    is_killed_by_us = true;
    end.kind = kind;
    ::kill(-child, SIGKILL);
  }

  void reap() noexcept {
    int status = 0;
    if (child == 0 || ::waitpid(child, &status, WNOHANG) != child) return;
    ::kill(-child, SIGKILL);  // what it has left behind
    child = 0;
    if (!is_killed_by_us) {
      end.kind = WIFEXITED(status) ? ChildEnd::Kind::exited : ChildEnd::Kind::killed;
      end.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    }
    // What it wrote last is in the pipes; those that left the group may hold them open for ever.
    while (output.descriptor.is_open() && read_some(output, end.output)) {
    }
    while (errors.descriptor.is_open() && read_some(errors, end.errors)) {
    }
    tell();
  }

  void tell() noexcept {
    uv_signal_stop(&on_child);
    uv_timer_stop(&on_timeout);
    for (auto* at : {&input, &output, &errors}) stop(*at);
    auto call = std::move(on_end);
    on_end = nullptr;
    if (call) call(std::move(end));
  }

  void close() noexcept {
    if (child != 0) {
      ::kill(-child, SIGKILL);
      while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
      }
      child = 0;
    }
    on_end = nullptr;
    const auto closed = [](uv_handle_t* handle) noexcept {
      auto* state = static_cast<State*>(handle->data);
      if (--state->open_handles == 0) delete state;
    };
    for (auto* at : {&input, &output, &errors}) {
      stop(*at);
      if (at->is_polled) uv_close(as_handle(&at->handle), closed);
    }
    uv_close(as_handle(&on_child), closed);
    uv_close(as_handle(&on_timeout), closed);
    uv_close(as_handle(&on_failure), closed);
  }
};

void ChildProcess::Close::operator()(State* state) const noexcept {
  state->close();
}

ChildProcess::ChildProcess(Loop& loop, ChildOrder order, OnEnd on_end) : state_(new State(loop)) {
  state_->order = std::move(order);
  state_->on_end = std::move(on_end);
  state_->start(loop);
}

}  // namespace taproot::net
