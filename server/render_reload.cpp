#include "server/render.hpp"
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

Result<std::string> render_reload(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  std::string text;
  if (const auto error = report->text("config_error"); !error.empty()) {
    text += painted("the configuration was not taken: ", Paint::bad, colour) + error + "\n";
  }
  for (const auto& note : report->texts("notes")) text += "note: " + note + "\n";
  std::size_t refused = 0;
  std::size_t unchanged = 0;
  const auto zones = report->list("zones");
  for (const auto& zone : zones) {
    const auto result = zone.text("result");
    if (result == "refused") ++refused;
    if (result == "unchanged") ++unchanged;
    // With thousands of zones only those that have something to say are worth a line.
    if (result == "unchanged" && zone.list("findings").empty() && zones.size() > 20) continue;
    text += zone.text("zone") + "  " + painted(result, paint_of(result), colour) + "  v" +
            std::to_string(zone.number("version")) + "  serial " +
            std::to_string(zone.number("serial")) + "\n";
    for (const auto& finding : zone.list("findings")) text += finding_text(finding, "  ");
  }
  text += counted(zones.size(), "zone") + ", " + std::to_string(unchanged) + " unchanged, " +
          std::to_string(refused) + " refused";
  return text + (refused > 0 ? ". Next: taproot check\n" : ". Next: taproot status\n");
}

}  // namespace taproot::server
