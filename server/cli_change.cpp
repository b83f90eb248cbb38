#include "server/cli_client.hpp"
#include "server/cli_verbs.hpp"
#include "server/render.hpp"
#include "server/render_document.hpp"

#include <nlohmann/json.hpp>

namespace taproot::server {

namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

std::string body_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Prints the answer to a change; `verdict` says what it is worth.
int print(const CommonFlags& common, const Result<std::string>& json,
          Result<std::string> (*render)(std::string_view, bool), Terminal& terminal,
          Exit (*verdict)(const Document&)) {
  if (!json) return report_error(terminal, json.error());
  const auto document = Document::parse(*json);
  if (!document) return report_error(terminal, document.error());
  const auto text = common.json ? *json : render(*json, terminal.colour);
  if (!text) return report_error(terminal, text.error());
  terminal.out << *text << std::flush;
  return static_cast<int>(verdict(*document));
}

Exit always_done(const Document&) {
  return Exit::done;
}

/// Whether some provider has got its change, though others are still at it.
bool something_is_applied(const Document& report) {
  for (const auto& zone : report.list("zones")) {
    for (const auto& provider : zone.list("providers")) {
      const auto state = provider.text("state");
      if (state == "applied" || state == "visible") return true;
    }
  }
  return false;
}

Exit verdict_of_apply(const Document& report) {
  const auto outcome = report.text("outcome");
  if (outcome == "nothing-to-do" || outcome == "done") return Exit::done;
  if (outcome == "applied") return Exit::applied;
  if (outcome == "partial") return Exit::partial;
  if (outcome == "blocked") return Exit::blocked;
  if (outcome == "running") return something_is_applied(report) ? Exit::partial : Exit::error;
  return Exit::error;
}

Exit verdict_of_reload(const Document& report) {
  if (!report.text("config_error").empty()) return Exit::error;
  Exit exit = Exit::done;
  for (const auto& zone : report.list("zones")) {
    const auto result = zone.text("result");
    if (result == "refused") return Exit::error;
    if (result == "blocked") exit = Exit::blocked;
  }
  return exit;
}

std::string apply_body(const ApplyFlags& flags, const Terminal& terminal) {
  Json body{{"zones", flags.zones}, {"who", user_name(terminal.world)}, {"why", flags.why}};
  if (flags.plan) body["plan"] = *flags.plan;
  if (flags.force) body["force"] = *flags.force;
  return body_of(body);
}

/// Whether there is nothing more to wait for.
bool is_enough(const Document& report, bool wait) {
  return report.flag("ended") || (!wait && report.text("outcome") != "running");
}

/// Asks how far the apply has come until it is far enough, or the time is over.
Result<std::string> follow(const DaemonClient& client, std::string json, const ApplyFlags& flags,
                           Terminal& terminal) {
  constexpr milliseconds interval{200};
  const milliseconds longest = std::chrono::seconds(flags.timeout_seconds);
  bool shown = false;
  for (milliseconds waited{0}; waited < longest; waited += interval) {
    const auto report = Document::parse(json);
    if (!report || is_enough(*report, flags.wait)) break;
    if (terminal.err_is_terminal) {
      shown = true;
      terminal.err << "\r\x1b[K" << render_progress(json).value_or("") << ", "
                   << waited.count() / 1000 << " s" << std::flush;
    }
    if (!terminal.pause(interval)) break;
    auto next = client.get("/v1/apply/" + url_text(report->text("id")));
    if (!next) return next;
    json = std::move(*next);
  }
  if (shown) terminal.err << "\r\x1b[K" << std::flush;
  return json;
}

/// The version that is current, which a rollback is based on.
Result<std::uint64_t> current_version(const DaemonClient& client, const std::string& zone) {
  const auto json = client.get("/v1/zones/" + url_text(zone) + "/history?limit=1");
  if (!json) return tl::unexpected(json.error());
  const auto report = Document::parse(*json);
  if (!report) return tl::unexpected(report.error());
  return report->number("current");
}

/// One report out of several, for verbs that send one request per zone.
Result<std::string> notify_all(const DaemonClient& client, const std::vector<std::string>& zones) {
  Json all{{"zones", Json::array()}};
  for (const auto& zone : zones) {
    const auto json = client.post("/v1/zones/" + url_text(zone) + "/notify", "{}");
    if (!json) return json;
    const auto report = Json::parse(*json, nullptr, false);
    if (!report.is_object() || !report.contains("zones")) {
      return fail(Errc::bad_answer, "the answer is not one that this taproot knows");
    }
    for (const auto& row : report["zones"]) all["zones"].push_back(row);
  }
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int run_apply(const CommonFlags& common, const ApplyFlags& flags, Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return report_error(terminal, client.error());
  auto json = client->post("/v1/apply", apply_body(flags, terminal));
  if (json) json = follow(*client, std::move(*json), flags, terminal);
  return print(common, json, render_apply, terminal, verdict_of_apply);
}

int run_rollback(const CommonFlags& common, const RollbackFlags& flags, Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return report_error(terminal, client.error());
  const auto current = current_version(*client, flags.zone);
  if (!current) return report_error(terminal, current.error());
  Json body{{"who", user_name(terminal.world)}, {"why", flags.why}};
  if (flags.to) body["to"] = *flags.to;
  const auto json =
      client->post("/v1/zones/" + url_text(flags.zone) + "/rollback", body_of(body), *current);
  return print(common, json, render_rollback, terminal, always_done);
}

int run_serial(const CommonFlags& common, const SerialFlags& flags, Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return report_error(terminal, client.error());
  const Json body{{"above", "secondaries"}, {"who", user_name(terminal.world)}, {"why", flags.why}};
  const auto json = client->post("/v1/zones/" + url_text(flags.zone) + "/serial", body_of(body));
  return print(common, json, render_serial, terminal, always_done);
}

int run_drop(const CommonFlags& common, const DropFlags& flags, Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return report_error(terminal, client.error());
  const Json body{{"who", user_name(terminal.world)}, {"why", flags.why}};
  const auto json = client->post("/v1/zones/" + url_text(flags.zone) + "/drop", body_of(body));
  return print(common, json, render_drop, terminal, always_done);
}

int run_reload(const CommonFlags& common, const ReloadFlags& flags, Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return report_error(terminal, client.error());
  Json body{{"zones", flags.zones}, {"who", user_name(terminal.world)}, {"why", flags.why}};
  if (flags.force) body["force"] = *flags.force;
  const auto json = client->post("/v1/reload", body_of(body));
  return print(common, json, render_reload, terminal, verdict_of_reload);
}

int run_notify(const CommonFlags& common, const std::vector<std::string>& zones,
               Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return report_error(terminal, client.error());
  return print(common, notify_all(*client, zones), render_notify, terminal, always_done);
}

}  // namespace taproot::server
