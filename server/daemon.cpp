#include "net/descriptor.hpp"
#include "net/loop.hpp"
#include "net/sd_notify.hpp"
#include "net/timer.hpp"
#include "server/app.hpp"
#include "server/serve.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace taproot::server {

namespace {

/// The message as a JSON string, quotes included.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const auto text = nlohmann::json(std::string(message.payload.begin(), message.payload.end()))
                          .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

/// Lines to standard error: the service manager keeps them.
void set_up_log(const Config& config) {
  auto logger = std::make_shared<spdlog::logger>(
      "taproot", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  if (config.log_format == LogFormat::json) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<JsonMessage>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","message":%*})");
    logger->set_formatter(std::move(formatter));
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  }
  switch (config.log_level) {
    case LogLevel::debug:
      logger->set_level(spdlog::level::debug);
      break;
    case LogLevel::info:
      logger->set_level(spdlog::level::info);
      break;
    case LogLevel::warning:
      logger->set_level(spdlog::level::warn);
      break;
    case LogLevel::error:
      logger->set_level(spdlog::level::err);
      break;
  }
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

std::string join(const std::vector<net::Endpoint>& endpoints) {
  std::string text;
  for (const auto& endpoint : endpoints) text += (text.empty() ? "" : ", ") + endpoint.to_text();
  return text;
}

/// Tells the service manager that the control loop turns, twice per WATCHDOG_USEC.
class Watchdog {
 public:
  explicit Watchdog(net::Loop& loop) : timer_(loop, [this] { pat(); }) {
    const char* interval = std::getenv("WATCHDOG_USEC");
    if (interval == nullptr) return;
    interval_ = std::chrono::microseconds(std::strtoull(interval, nullptr, 10)) / 2;
    if (interval_.count() > 0) pat();
  }

 private:
  void pat() {
    net::sd_notify("WATCHDOG=1");
    timer_.set_after(std::chrono::duration_cast<std::chrono::milliseconds>(interval_));
  }

  std::chrono::microseconds interval_{0};
  net::Timer timer_;
};

/// Runs the loop until a signal ends it; everything made on the loop is gone when it returns.
Result<void> serve_until_signal(net::Loop& loop, Config config, Reread reread) {
  auto started = App::start(loop, std::move(config), std::move(reread));
  if (!started) return tl::unexpected<Error>(started.error());
  App& app = **started;
  const auto end = [&loop] {
    net::sd_notify("STOPPING=1");
    loop.stop();
  };
  loop.on_signal(SIGTERM, end);
  loop.on_signal(SIGINT, end);
  loop.on_signal(SIGHUP, [&app] {
    net::sd_notify("RELOADING=1");
    app.reload_all();
    net::sd_notify("READY=1");
  });
  const auto tls = join(app.listening_tls());
  spdlog::info("taproot {} serves {} zones on {}{}, control on {}, state in {}", TAPROOT_VERSION,
               app.config().zones.size(), join(app.listening()),
               tls.empty() ? "" : " and over TLS on " + tls, app.control_endpoint().to_text(),
               app.config().state.string());
  app.load_all([] { net::sd_notify("READY=1"); });
  const Watchdog watchdog(loop);
  loop.run();
  spdlog::info("taproot ends");
  return {};
}

/// The memory holds keys: a crash must not leave them in a file. For systemd-coredump the limit
/// counts, too. The system's default of most hosts; whoever needs one can attach a debugger.
void forbid_core_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = 0;
  ::setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace

int run_daemon(Config config, Reread reread) {
  try {
    set_up_log(config);
    forbid_core_files();
    net::raise_descriptor_limit();
    net::Loop loop;
    const auto served = serve_until_signal(loop, std::move(config), std::move(reread));
    if (served) return 0;
    std::cerr << "taproot: " << served.error().detail << '\n';
  } catch (const std::exception& error) {
    std::cerr << "taproot: cannot go on: " << error.what() << '\n';
  }
  return 1;
}

}  // namespace taproot::server
