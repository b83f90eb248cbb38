#pragma once

#include "net/loop.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace taproot::net {

/// A command to be run, and what it may use up.
struct ChildOrder {
  std::vector<std::string> command;  ///< the program and its arguments, for no shell to interpret
  std::vector<std::string> environment;  ///< "NAME=value": all that it gets
  std::string input;                     ///< for its standard input, closed behind it
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  std::size_t max_output = std::size_t{64} << 10;  ///< kept of each of its two outputs
  std::size_t most_output = std::size_t{1} << 20;  ///< of both; who writes more is killed
};

/// How a command ended.
struct ChildEnd {
  enum class Kind {
    exited,      ///< by itself: `code` is its exit code
    killed,      ///< by a signal: `code` is its number
    timed_out,   ///< it took longer than it may, and was killed
    flooded,     ///< it wrote without end, and was killed
    not_started  ///< `why` says why
  };
  Kind kind = Kind::not_started;
  int code = 0;
  std::string why;
  std::string output;          ///< standard output, the beginning of it
  std::string errors;          ///< standard error, the beginning of it
  bool is_output_cut = false;  ///< there was more output than is kept
};

/// One running command, in a session and process group of its own, which ends with it: what it
/// has left running is killed. It gets no descriptor but its standard ones, which are pipes.
///
/// Destroying it kills the command and waits for that; nothing is called then.
class ChildProcess {
 public:
  using OnEnd = std::function<void(ChildEnd)>;

  /// Starts the command; `on_end` is called once, also if it could not be started.
  ChildProcess(Loop& loop, ChildOrder order, OnEnd on_end);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() = default;

 private:
  struct State;
  struct Close {
    void operator()(State* state) const noexcept;
  };
  std::unique_ptr<State, Close> state_;
};

}  // namespace taproot::net
