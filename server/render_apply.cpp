#include "server/render.hpp"
#include "server/render_changes.hpp"
#include "server/render_document.hpp"
#include "server/render_text.hpp"

#include <cstdio>

namespace taproot::server {

namespace {

struct Seen {
  std::size_t visible = 0;
  std::size_t of = 0;
};

Seen seen_in(const Document& report) {
  Seen seen;
  for (const auto& zone : report.list("zones")) {
    for (const auto& provider : zone.list("providers")) {
      for (const auto& nameserver : provider.list("nameservers")) {
        ++seen.of;
        if (nameserver.flag("visible")) ++seen.visible;
      }
    }
  }
  return seen;
}

void nameserver_row(const Document& row, Table& table) {
  std::string what;
  if (row.flag("visible")) {
    const auto seconds = row.real("seconds");
    what = seconds ? "after " + duration_text(static_cast<std::int64_t>(*seconds * 1000)) : "";
  } else {
    const auto waiting = waiting_text(row.text("waits_for"));
    what = row.text("error");
    if (!waiting.empty()) what += (what.empty() ? "" : "; ") + waiting;
  }
  const bool visible = row.flag("visible");
  table.row({{"    " + row.text("nameserver")},
             {row.text("endpoint")},
             {visible ? "visible" : "waiting", visible ? Paint::good : Paint::waiting},
             {what}});
}

void provider_rows(const Document& row, Table& table) {
  const auto state = row.text("state");
  std::string what = row.text("error");
  if (what.empty() && row.number("calls") > 0) {
    what = counted(row.number("changes"), "change") + " in " + counted(row.number("calls"), "call");
  }
  if (const auto waiting = waiting_text(row.text("waits_for")); !waiting.empty()) {
    what += (what.empty() ? "" : "; ") + waiting;
  }
  if (const auto guard = row.part("guard"); guard.is_there()) {
    what += (what.empty() ? "" : "; ") + guard_text(guard);
  }
  table.row({{"  " + row.text("provider"), Paint::bold},
             {row.text("via")},
             {state, paint_of(state)},
             {what}});
  for (const auto& nameserver : row.list("nameservers")) nameserver_row(nameserver, table);
}

std::string verdict(const Document& report) {
  const auto outcome = report.text("outcome");
  const Seen seen = seen_in(report);
  const std::string at = std::to_string(seen.visible) + " of " + counted(seen.of, "nameserver");
  if (outcome == "nothing-to-do") return "Nothing to do: everything is in sync.";
  if (outcome == "done") return "Done: visible at " + at + ".";
  if (outcome == "applied") return "Applied; visible at " + at + ". Next: taproot status --watch";
  if (outcome == "running") return "Still under way. Next: taproot status --watch";
  if (outcome == "partial") return "Partly applied; visible at " + at + ". Next: taproot plan";
  if (outcome == "blocked") return "Stopped by a guard. Look at it: taproot plan";
  return "Failed. Next: taproot status";
}

}  // namespace

Result<std::string> render_apply(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  Table table;
  for (const auto& zone : report->list("zones")) {
    table.line(painted(zone.text("zone"), Paint::bold, colour) + "  v" +
               std::to_string(zone.number("version")) + "  serial " +
               std::to_string(zone.number("serial")));
    if (const auto error = zone.text("error"); !error.empty()) {
      table.line("  " + painted("failed: ", Paint::bad, colour) + error);
    }
    if (const auto guard = zone.part("guard"); guard.is_there()) {
      table.line("  " + painted("blocked: ", Paint::bad, colour) +
                 guard_text(guard, zone.text("zone")));
    }
    for (const auto& provider : zone.list("providers")) provider_rows(provider, table);
  }
  const auto text = table.to_text(colour);
  return text + (text.empty() ? "" : "\n") + verdict(*report) + "\n";
}

Result<std::string> render_progress(std::string_view json) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  const Seen seen = seen_in(*report);
  return "visible at " + std::to_string(seen.visible) + " of " + counted(seen.of, "nameserver");
}

}  // namespace taproot::server
