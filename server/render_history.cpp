#include "server/render.hpp"
#include "server/render_changes.hpp"
#include "server/render_document.hpp"
#include "server/render_text.hpp"

namespace taproot::server {

namespace {

std::string version_text(const Document& version) {
  std::string text = "v" + std::to_string(version.number("version")) + "  serial " +
                     std::to_string(version.number("serial")) + "  " +
                     counted(version.number("records"), "record") + "  committed " +
                     time_text(version.text("committed"));
  if (const auto who = version.text("who"); !who.empty()) text += "  by " + who;
  if (const auto why = version.text("why"); !why.empty()) text += " \"" + why + "\"";
  if (const auto commit = version.text("commit"); !commit.empty()) {
    text += "  commit " + short_commit(commit);
  }
  return text;
}

}  // namespace

Result<std::string> render_history(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  const auto current = report->number("current");
  Table table;
  const auto head = [](const char* text) { return Table::Cell{text, Paint::dim}; };
  table.row({head("VERSION"), head("SERIAL"), head("COMMITTED"), head("RECORDS"), head("CHANGES"),
             head("WHO"), head("COMMIT"), head("WHY")});
  for (const auto& version : report->list("versions")) {
    const auto number = version.number("version");
    table.row({{std::to_string(number) + (number == current ? " *" : ""),
                number == current ? Paint::bold : Paint::plain},
               {std::to_string(version.number("serial"))},
               {time_text(version.text("committed"))},
               {std::to_string(version.number("records"))},
               {"+" + std::to_string(version.number("added")) + " -" +
                std::to_string(version.number("removed"))},
               {version.text("who")},
               {short_commit(version.text("commit"))},
               {version.text("why")}});
  }
  const auto zone = report->text("zone");
  return table.to_text(colour) + "\n* is served now. Next: taproot diff " + zone +
         " VERSION, or taproot rollback " + zone + " --to VERSION\n";
}

Result<std::string> render_show(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  // A comment in a zone file: what is printed can be loaded again.
  std::string text =
      painted("; " + report->text("zone") + "  " + version_text(report->part("version")),
              Paint::dim, colour) +
      "\n";
  for (const auto& record : report->texts("records")) text += record + "\n";
  return text;
}

Result<std::string> render_diff(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  const auto changes = report->list("changes");
  std::string text = painted(report->text("zone"), Paint::bold, colour) + "\n  from " +
                     version_text(report->part("a")) + "\n  to   " +
                     version_text(report->part("b")) + "\n" + changes_text(changes, "  ", colour);
  if (changes.empty()) return text + "No differences.\n";
  const auto counts = report->part("counts");
  return text + "\n" + std::to_string(counts.number("add")) + " added, " +
         std::to_string(counts.number("change")) + " changed, " +
         std::to_string(counts.number("remove")) + " removed. To go back: taproot rollback " +
         report->text("zone") + " --to " + std::to_string(report->part("a").number("version")) +
         "\n";
}

Result<std::string> render_rollback(std::string_view json, bool) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  const auto zone = report->text("zone");
  const auto restored = "version " + std::to_string(report->number("restored"));
  if (!report->flag("changed")) {
    return zone + ": nothing to do: its contents are those of " + restored + " already\n";
  }
  return zone + ": version " + std::to_string(report->number("version")) + ", serial " +
         std::to_string(report->number("serial")) + ", has the contents of " + restored +
         ". Next: taproot status " + zone + " --watch\n";
}

}  // namespace taproot::server
