#include "server/cli_verbs.hpp"
#include "server/render_text.hpp"

#include <algorithm>
#include <system_error>

namespace taproot::server {

using zonestore::Severity;

namespace {

/// Shows what was found, the harmless notes left out; the config, if there is one.
std::optional<Config> accept(ConfigRead read, const std::string& where, Terminal& terminal) {
  for (const auto& finding : read.findings) {
    if (finding.severity == Severity::note) continue;
    terminal.err << zonestore::to_text(finding, false) << "\n";
  }
  if (!read.config) {
    report_error(terminal, {Errc::bad_config, where + " has mistakes: mend them and try again"});
  }
  return std::move(read.config);
}

Result<Config> result_of(ConfigRead read) {
  if (!read.config) return tl::unexpected(to_error(read.findings));
  return std::move(*read.config);
}

}  // namespace

std::optional<std::filesystem::path> find_config(const CommonFlags& common) {
  if (common.config) return *common.config;
  for (const auto* usual : {"taproot.yaml", "/etc/taproot/taproot.yaml"}) {
    std::error_code ignored;  // what cannot be looked at is not there
    if (std::filesystem::exists(usual, ignored)) return usual;
  }
  return std::nullopt;
}

int run_serve(const CommonFlags& common, const ServeFlags& flags, Terminal& terminal,
              const std::function<int(Config, Reread)>& serve) {
  if (common.config && flags.any()) {
    return usage_error(terminal,
                       "serve takes either --config or the flags that stand in its place");
  }
  const auto world = terminal.world;
  if (flags.any()) {
    if (flags.zones.empty()) {
      return usage_error(terminal, "nothing to serve: add --zone NAME=FILE");
    }
    auto config = accept(config_from_flags(flags, world), "the command line", terminal);
    if (!config) return static_cast<int>(Exit::error);
    return serve(std::move(*config),
                 [flags, world] { return result_of(config_from_flags(flags, world)); });
  }
  const auto found = find_config(common);
  if (!found) {
    return report_error(
        terminal, {Errc::not_found,
                   "there is no taproot.yaml here and no /etc/taproot/taproot.yaml: name one with "
                   "--config FILE, or try `taproot serve --zone example.com=example.com.yaml`"});
  }
  std::error_code ignored;  // then it stays relative, which is as good until somebody changes it
  const auto absolute = std::filesystem::absolute(*found, ignored);
  const auto file = ignored ? *found : absolute;
  auto config = accept(read_config(*found, world), found->string(), terminal);
  if (!config) return static_cast<int>(Exit::error);
  return serve(std::move(*config), [file, world] { return result_of(read_config(file, world)); });
}

}  // namespace taproot::server
