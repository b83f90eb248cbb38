#pragma once

#include "server/config.hpp"
#include "server/serve.hpp"

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace taproot::server {

/// Exit codes: the contract with scripts.
enum class Exit {
  done = 0,
  error = 1,
  pending = 2,  ///< plan: changes; check: findings; verify: differences
  applied = 3,  ///< applied, not yet seen everywhere
  partial = 4,
  blocked = 5,  ///< stopped by a guard
  usage = 64
};

/// Where a command writes and what it may ask of its surroundings.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool colour = false;           ///< on standard output: a terminal, and no NO_COLOR
  bool out_is_terminal = false;  ///< `status --watch` draws over itself
  bool err_is_terminal = false;  ///< progress is shown
  ConfigWorld world = ConfigWorld::real();
  /// Waits so long; false ends whatever repeats itself. Tests need not wait.
  std::function<bool(std::chrono::milliseconds)> pause = sleep;

  /// Sleeps, and says true.
  static bool sleep(std::chrono::milliseconds time);
};

/// Runs one command line (without the program's name) and returns the exit code. `serve` is what
/// the verb `serve` calls: run_daemon(), or what a test puts in its place. Lets no exception out.
int run_command(const std::vector<std::string>& arguments, Terminal& terminal,
                const std::function<int(Config, Reread)>& serve);

}  // namespace taproot::server
