#include "server/render.hpp"
#include "server/render_changes.hpp"
#include "server/render_document.hpp"
#include "server/render_findings.hpp"
#include "server/render_text.hpp"

namespace taproot::server {

namespace {

std::string endpoints_text(const Document& zone) {
  std::string text;
  for (const auto& endpoint : zone.texts("told")) text += (text.empty() ? "" : ", ") + endpoint;
  return text.empty() ? "nobody: no provider has notify:" : text;
}

}  // namespace

Result<std::string> render_notify(std::string_view json, bool) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  std::string text;
  for (const auto& zone : report->list("zones")) {
    text += zone.text("zone") + ": serial " + std::to_string(zone.number("serial")) + " told to " +
            endpoints_text(zone) + "\n";
  }
  return text;
}

Result<std::string> render_serial(std::string_view json, bool) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  const auto zone = report->text("zone");
  if (!report->flag("changed")) {
    return zone + ": nothing to do: no secondary was seen with a serial ahead of " +
           std::to_string(report->number("serial")) + "\n";
  }
  std::string text = zone + ": version " + std::to_string(report->number("version")) + ", serial " +
                     std::to_string(report->number("serial"));
  if (report->flag("again")) {
    return text + ", is halfway to passing " + std::to_string(report->number("above")) + " at " +
           report->text("nameserver") + " (RFC 1982). When all others serve it: taproot serial " +
           zone + " --above-secondaries, once more\n";
  }
  return text + ", is ahead of " + std::to_string(report->number("above")) + " at " +
         report->text("nameserver") + ". Next: taproot status " + zone + " --watch\n";
}

Result<std::string> render_hold(std::string_view json, bool) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  const auto provider = report->text("provider");
  const auto zones = counted(static_cast<std::size_t>(report->number("zones")), "zone");
  if (report->flag("held")) {
    return provider + " is held: it gets nothing (" + zones + "). Next: taproot provider resume " +
           provider + "\n";
  }
  return provider + " goes on with " + zones + ". Next: taproot status --watch\n";
}

Result<std::string> render_drop(std::string_view json, bool) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  return report->text("zone") + " is not served any more; its last version was " +
         std::to_string(report->number("version")) + ", serial " +
         std::to_string(report->number("serial")) +
         ". Its history is kept: a file of the zone brings it back\n";
}

Result<std::string> render_reload(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  std::string text;
  if (const auto error = report->text("config_error"); !error.empty()) {
    text += painted("the configuration was not taken: ", Paint::bad, colour) + error + "\n";
  }
  for (const auto& note : report->texts("notes")) text += "note: " + note + "\n";
  std::size_t refused = 0;
  std::size_t blocked = 0;
  auto unchanged = static_cast<std::size_t>(report->number("unlisted"));
  const std::size_t unlisted = unchanged;
  const auto zones = report->list("zones");
  for (const auto& zone : zones) {
    const auto result = zone.text("result");
    if (result == "refused") ++refused;
    if (result == "blocked") ++blocked;
    if (result == "unchanged") ++unchanged;
    // With thousands of zones only those that have something to say are worth a line.
    if (result == "unchanged" && zone.list("findings").empty() && zones.size() > 20) continue;
    text += zone.text("zone") + "  " + painted(result, paint_of(result), colour) + "  v" +
            std::to_string(zone.number("version")) + "  serial " +
            std::to_string(zone.number("serial")) + "\n";
    if (const auto guard = zone.part("guard"); guard.is_there()) {
      text += "  " + guard_text(guard, zone.text("zone")) + "\n";
    }
    for (const auto& finding : zone.list("findings")) text += finding_text(finding, "  ");
  }
  text += counted(zones.size() + unlisted, "zone") + ", " + std::to_string(unchanged) +
          " unchanged, " + std::to_string(refused) + " refused";
  if (blocked > 0) text += ", " + std::to_string(blocked) + " blocked";
  return text + (refused > 0 ? ". Next: taproot check\n" : ". Next: taproot status\n");
}

}  // namespace taproot::server
