#include "server/look_once.hpp"

#include "net/loop.hpp"
#include "net/timer.hpp"
#include "server/app.hpp"
#include "server/reports_json.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace taproot::server {

namespace {

namespace fs = std::filesystem;

/// A folder with copies of what the state folder has beside versions; gone at the end.
class ScratchState {
 public:
  static Result<std::unique_ptr<ScratchState>> copy_of(const fs::path& state) {
    std::error_code error;
    std::string path = (fs::temp_directory_path(error) / "taproot-XXXXXX").string();
    if (error || mkdtemp(path.data()) == nullptr) {
      const auto why = error ? error : std::error_code(errno, std::generic_category());
      return fail(Errc::io, path + ": cannot be made: " + why.message());
    }
    std::unique_ptr<ScratchState> scratch(new ScratchState(path));
    for (const auto* part : {"sources", "followed", "held-providers"}) {
      if (!fs::exists(state / part, error)) continue;
      fs::copy(state / part, scratch->path_ / part, fs::copy_options::recursive, error);
      if (error) {
        return fail(Errc::io, (state / part).string() + ": cannot be read: " + error.message());
      }
    }
    return scratch;
  }
  ScratchState(const ScratchState&) = delete;
  ScratchState& operator=(const ScratchState&) = delete;
  ~ScratchState() {
    std::error_code ignored;  // what stays there is the system's to tidy
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

 private:
  explicit ScratchState(fs::path path) : path_(std::move(path)) {}

  fs::path path_;
};

Result<Operations::Zones> names_of(const std::vector<std::string>& zones, const Config& config) {
  Operations::Zones names;
  for (const auto& zone : zones) {
    auto name = dns::Name::from_text(zone);
    if (!name) return tl::unexpected(name.error());
    names.push_back(std::move(*name));
  }
  if (zones.empty()) {
    for (const auto& zone : config.zones) names.push_back(zone->name);
  }
  return names;
}

/// Calls `then` once every nameserver was asked, or has had its time.
class Look {
 public:
  Look(net::Loop& loop, const App& app, const Operations::Zones& zones, std::function<void()> then)
      : app_(app), zones_(zones), then_(std::move(then)), timer_(loop, [this] { see(); }) {
    timer_.set_after(interval);
  }

 private:
  static constexpr std::chrono::milliseconds interval{20};
  static constexpr std::chrono::seconds longest{10};

  void see() {
    if (!app_.has_looked(zones_) && net::Loop::now() - begin_ < longest) {
      return timer_.set_after(interval);
    }
    then_();
  }

  const App& app_;
  const Operations::Zones& zones_;
  std::function<void()> then_;
  net::Instant begin_ = net::Loop::now();
  net::Timer timer_;
};

/// Builds the house, asks it once, and takes it down.
template <class Report>
Result<std::string> ask_once(Config config, const std::vector<std::string>& zones,
                             void (App::*question)(const Operations::Zones&, Done<Report>)) {
  spdlog::set_level(spdlog::level::off);  // the answer says what is to be said
  const fs::path state = config.state;
  const auto scratch = ScratchState::copy_of(state);
  if (!scratch) return tl::unexpected(scratch.error());
  config.state = (*scratch)->path();
  net::Loop loop;
  auto app = App::look(loop, std::move(config), state);
  if (!app) return tl::unexpected<Error>(app.error());
  const auto names = names_of(zones, (*app)->config());
  if (!names) return tl::unexpected<Error>(names.error());
  std::optional<Result<std::string>> answer;
  const Look look(loop, **app, *names, [&] {
    ((**app).*question)(*names, [&](Result<Report> report) {
      answer = report ? Result<std::string>(to_json(*report)) : tl::unexpected(report.error());
      loop.stop();
    });
  });
  loop.run();
  if (!answer) return fail(Errc::timed_out, "there was no answer");
  return std::move(*answer);
}

}  // namespace

Result<std::string> plan_once(Config config, const std::vector<std::string>& zones) {
  return ask_once<PlanReport>(std::move(config), zones, &App::plan);
}

Result<std::string> verify_once(Config config, const std::vector<std::string>& zones) {
  std::error_code ignored;
  if (!fs::exists(config.state / "taproot.db", ignored)) {
    return fail(Errc::not_found, config.state.string() +
                                     ": there is no version to compare with: verify needs the "
                                     "state of the taproot that serves the zones");
  }
  return ask_once<VerifyReport>(std::move(config), zones, &App::verify);
}

}  // namespace taproot::server
