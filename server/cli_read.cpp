#include "server/cli_client.hpp"
#include "server/cli_verbs.hpp"
#include "server/look_once.hpp"
#include "server/render.hpp"
#include "server/render_document.hpp"

namespace taproot::server {

namespace {

using Render = Result<std::string> (*)(std::string_view json, bool colour);

/// What people see while something may take seconds; gone when it is there.
class Progress {
 public:
  Progress(Terminal& terminal, const char* what) : terminal_(terminal) {
    if (terminal_.err_is_terminal) terminal_.err << what << " …" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (terminal_.err_is_terminal) terminal_.err << "\r\x1b[K" << std::flush;
  }

 private:
  Terminal& terminal_;
};

Result<std::string> fetch(const CommonFlags& common, const std::string& path,
                          const Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return tl::unexpected(client.error());
  return client->get(path);
}

/// The same of a verb that also works without a daemon, if it is told for what configuration.
Result<std::string> fetch_or_look(
    const CommonFlags& common, const std::string& path, const std::vector<std::string>& zones,
    Result<std::string> (*look)(Config, const std::vector<std::string>&), Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return tl::unexpected(client.error());
  if (!common.config || common.control || !client->is_nobody_there()) {
    return client->get(path_with_zones(path, zones));
  }
  auto read = read_config(*common.config, terminal.world);
  if (!read.config) return tl::unexpected(to_error(read.findings));
  terminal.err << "No taproot is running there: this is what one with " << *common.config
               << " would find, by the state in " << read.config->state.string() << ".\n"
               << std::flush;
  return look(std::move(*read.config), zones);
}

/// Prints a report as JSON or as text, and returns it for a verdict.
Result<Document> print(const CommonFlags& common, const Result<std::string>& json, Render render,
                       Terminal& terminal) {
  if (!json) return tl::unexpected(json.error());
  auto document = Document::parse(*json);
  if (!document) return document;
  const auto text = common.json ? *json : render(*json, terminal.colour);
  if (!text) return tl::unexpected(text.error());
  terminal.out << *text << std::flush;
  return document;
}

int verdict(const Result<Document>& document, Terminal& terminal) {
  if (!document) return report_error(terminal, document.error());
  return static_cast<int>(Exit::done);
}

/// A plan with nothing to do is 0, one that could not be made whole is an error, the rest waits.
Exit verdict_of_plan(const Document& plan) {
  if (plan.flag("in_sync")) return Exit::done;
  for (const auto& zone : plan.list("zones")) {
    for (const auto& finding : zone.list("findings")) {
      if (finding.text("severity") == "error") return Exit::error;
    }
    for (const auto& provider : zone.list("providers")) {
      if (!provider.text("error").empty()) return Exit::error;
    }
  }
  return Exit::pending;
}

std::string zone_path(const std::string& zone, const char* verb) {
  return "/v1/zones/" + url_text(zone) + "/" + verb;
}

}  // namespace

int run_status(const CommonFlags& common, const std::vector<std::string>& zones, bool watch,
               Terminal& terminal) {
  constexpr std::chrono::seconds interval{2};
  const auto path = path_with_zones("/v1/status", zones);
  do {
    const auto json = fetch(common, path, terminal);
    if (watch && terminal.out_is_terminal && !common.json) terminal.out << "\x1b[H\x1b[2J";
    const int code = verdict(print(common, json, render_status, terminal), terminal);
    if (code != 0) return code;
  } while (watch && terminal.out.good() && terminal.pause(interval));
  return static_cast<int>(Exit::done);
}

int run_plan(const CommonFlags& common, const std::vector<std::string>& zones, bool markdown,
             Terminal& terminal) {
  const auto json = [&] {
    const Progress progress(terminal, "asking the providers");
    return fetch_or_look(common, "/v1/plan", zones, plan_once, terminal);
  }();
  const auto plan = print(common, json, markdown ? render_plan_markdown : render_plan, terminal);
  if (!plan) return report_error(terminal, plan.error());
  return static_cast<int>(verdict_of_plan(*plan));
}

int run_verify(const CommonFlags& common, const std::vector<std::string>& zones,
               Terminal& terminal) {
  const auto json = [&] {
    const Progress progress(terminal, "asking the nameservers");
    return fetch_or_look(common, "/v1/verify", zones, verify_once, terminal);
  }();
  const auto report = print(common, json, render_verify, terminal);
  if (!report) return report_error(terminal, report.error());
  return static_cast<int>(report->flag("verified") ? Exit::done : Exit::pending);
}

int run_history(const CommonFlags& common, const std::string& zone, std::uint64_t limit,
                Terminal& terminal) {
  const auto path = zone_path(zone, "history") + "?limit=" + std::to_string(limit);
  return verdict(print(common, fetch(common, path, terminal), render_history, terminal), terminal);
}

int run_show(const CommonFlags& common, const std::string& zone,
             const std::optional<std::string>& at, Terminal& terminal) {
  const auto path = zone_path(zone, "show") + (at ? "?at=" + url_text(*at) : "");
  return verdict(print(common, fetch(common, path, terminal), render_show, terminal), terminal);
}

int run_diff(const CommonFlags& common, const std::string& zone, const std::string& a,
             const std::optional<std::string>& b, Terminal& terminal) {
  const auto path = zone_path(zone, "diff") + "?a=" + url_text(a) + (b ? "&b=" + url_text(*b) : "");
  return verdict(print(common, fetch(common, path, terminal), render_diff, terminal), terminal);
}

}  // namespace taproot::server
