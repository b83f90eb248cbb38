#pragma once

#include "dns/result.hpp"
#include "server/config.hpp"

#include <functional>

namespace taproot::server {

/// Reads the configuration again, for SIGHUP and `taproot reload`.
using Reread = std::function<Result<Config>()>;

/// Runs the hidden primary until SIGTERM or SIGINT and returns the exit code of the process.
/// What went wrong is on standard error, in one line.
int run_daemon(Config config, Reread reread);

}  // namespace taproot::server
