#include "server/render.hpp"
#include "server/render_changes.hpp"
#include "server/render_document.hpp"
#include "server/render_findings.hpp"
#include "server/render_text.hpp"

namespace taproot::server {

namespace {

std::string findings_text(const Document& report) {
  std::string text;
  for (const auto& finding : report.list("findings")) text += finding_text(finding, "  ");
  return text;
}

std::string next_step(const Document& report) {
  const auto zone = report.text("zone");
  if (report.flag("dry_run")) return "Nothing was done. Without --dry-run it is.\n";
  return "Next: taproot status " + zone + " --watch. To go back: taproot rollback " + zone + "\n";
}

}  // namespace

Result<std::string> render_edit(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  const auto zone = report->text("zone");
  if (const auto error = report->text("error"); !error.empty()) {
    return painted(zone, Paint::bold, colour) + "  " + painted("refused", Paint::bad, colour) +
           ": nothing was changed\n" + findings_text(*report);
  }
  std::string text = painted(zone, Paint::bold, colour) + "  v" +
                     std::to_string(report->number("version")) + "  serial " +
                     std::to_string(report->number("serial")) + "\n";
  text += changes_text(report->list("changes"), "  ", colour) + findings_text(*report);
  if (const auto file = report->text("written_back"); !file.empty()) {
    text += "Written back to " + file + ".\n";
  }
  if (!report->flag("changed")) return text + "Nothing to change.\n";
  const auto counts = report->part("counts");
  return text + "\n" + std::to_string(counts.number("add")) + " added, " +
         std::to_string(counts.number("change")) + " changed, " +
         std::to_string(counts.number("remove")) + " removed. " + next_step(*report);
}

}  // namespace taproot::server
