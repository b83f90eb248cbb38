#include "server/render.hpp"
#include "server/render_changes.hpp"
#include "server/render_document.hpp"
#include "server/render_text.hpp"

#include <algorithm>

namespace taproot::server {

namespace {

std::string or_dash(std::optional<std::uint64_t> number) {
  return number ? std::to_string(*number) : "-";
}

/// "12 s" from a time until the report was made.
std::string age(const Document& row, const char* key, std::string_view now) {
  const auto then = milliseconds_of(row.text(key));
  const auto until = milliseconds_of(now);
  return then && until ? duration_text(*until - *then) : "-";
}

std::string lag(const Document& row) {
  const auto ms = row.number_if_any("lag_ms");
  return ms ? duration_text(static_cast<std::int64_t>(*ms)) : "-";
}

/// Parts of a remark, with "; " between them.
std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) {
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  }
  return text;
}

void provider_row(const Document& row, std::string_view now, Table& table) {
  const auto state = row.text("state");
  std::string stopped;
  if (const auto guard = row.part("guard"); guard.is_there()) {
    stopped = guard_text(guard);
  }
  table.row({{"  " + row.text("provider"), Paint::bold},
             {row.text("via")},
             {state, paint_of(state)},
             {std::to_string(row.number("wanted_version"))},
             {or_dash(row.number_if_any("applied_version"))},
             {age(row, "since", now)},
             {lag(row)},
             {joined({row.text("note"), row.text("error"), waiting_text(row.text("waits_for")),
                      stopped, row.text("keys")})}});
}

void nameserver_row(const Document& row, std::string_view now, Table& table) {
  const auto state = row.text("state");
  const auto version = row.number_if_any("seen_version");
  const auto serial = row.number_if_any("seen_serial");
  std::string serves;
  if (!version && serial) serves = "serves serial " + std::to_string(*serial);
  table.row({{"    " + row.text("nameserver")},
             {row.text("endpoint")},
             {state, paint_of(state)},
             {std::to_string(row.number("wanted_version"))},
             {or_dash(version)},
             {age(row, "since", now)},
             {lag(row)},
             {joined({serves, row.text("error"), waiting_text(row.text("waits_for"))})}});
}

/// What a secondary holds, and its last transfer.
std::string holding_text(const Document& row, std::string_view now) {
  std::string text;
  if (const auto serial = row.number_if_any("serial")) {
    text = "holds serial " + std::to_string(*serial);
  }
  const auto transfer = row.text("transfer");
  if (transfer.empty()) return text;
  return text + (text.empty() ? "" : "; ") + transfer + " of " +
         counted(row.number("octets"), "octet") + ", " + age(row, "transferred", now) + " ago";
}

/// A secondary whose requests go wrong, or any if there is room to tell; otherwise the nameservers'
/// rows have to do.
void secondary_line(const Document& row, std::string_view now, bool colour, bool in_full,
                    Table& table) {
  const auto trouble = row.text("trouble");
  const auto holding = in_full ? holding_text(row, now) : "";
  if (trouble.empty() && !holding.empty())
    table.line("    " + row.text("address") + "  " + holding);
  if (trouble.empty()) return;
  table.line("    " + row.text("address") + "  " + painted(trouble, Paint::bad, colour) + " (for " +
             age(row, "trouble_since", now) + ")");
}

std::string zone_line(const Document& zone, bool colour) {
  std::string line = painted(zone.text("zone"), Paint::bold, colour);
  if (zone.number("version") == 0) {
    return line + "  " + painted("no version yet: answers SERVFAIL", Paint::bad, colour);
  }
  line += "  v" + std::to_string(zone.number("version")) + "  serial " +
          std::to_string(zone.number("serial")) + "  " + counted(zone.number("records"), "record");
  if (const auto who = zone.text("who"); !who.empty()) line += "  by " + who;
  if (const auto why = zone.text("why"); !why.empty()) line += " \"" + why + "\"";
  if (const auto commit = zone.text("commit"); !commit.empty()) {
    line += "  commit " + short_commit(commit);
  }
  if (const auto when = zone.text("committed"); !when.empty()) {
    line += "  committed " + time_text(when);
  }
  return line;
}

/// How old the copy of a document is, and what is wrong with getting a newer one.
std::string document_line(const Document& row, std::string_view now, bool colour) {
  std::string line = "  " + row.text("url") + "  ";
  const auto confirmed = row.text("confirmed");
  line +=
      confirmed.empty() ? "there is no copy" : "the copy is " + age(row, "confirmed", now) + " old";
  const auto next = milliseconds_of(row.text("next"));
  const auto until = milliseconds_of(now);
  const auto wait = next && until ? duration_text(std::max<std::int64_t>(*next - *until, 0)) : "";
  const auto error = row.text("error");
  if (!error.empty()) line += "; " + painted("last attempt: " + error, Paint::bad, colour);
  if (wait.empty()) return line + ", being fetched";
  return line + ", next in " + wait;
}

/// What a primary has, when it was asked, and how long what we have is good without it.
std::string primary_line(const Document& row, std::string_view now, bool colour) {
  std::string line = "  primary " + row.text("primary") + "  ";
  const auto serial = row.number_if_any("serial");
  line += serial ? "serial " + std::to_string(*serial) : "no serial known";
  line +=
      row.text("asked").empty() ? ", not asked yet" : ", asked " + age(row, "asked", now) + " ago";
  const auto until = milliseconds_of(now);
  const auto left = [&](const char* key) {
    const auto at = milliseconds_of(row.text(key));
    return at && until ? std::optional(*at - *until) : std::nullopt;
  };
  if (const auto error = row.text("error"); !error.empty()) {
    line += "; " + painted("it " + error, Paint::bad, colour);
    if (const auto cure = row.text("cure"); !cure.empty()) line += " (" + cure + ")";
    if (!row.text("failing_since").empty()) {
      line += ", failing for " + age(row, "failing_since", now);
    }
  }
  if (const auto zonemd = row.text("zonemd"); !zonemd.empty() && zonemd != "absent") {
    line += ", ZONEMD " + zonemd;
  }
  const auto next = left("next");
  line += next ? ", next in " + duration_text(std::max<std::int64_t>(*next, 0)) : ", being asked";
  if (row.flag("expired")) return line + ", " + painted("EXPIRED", Paint::bad, colour);
  if (const auto expires = left("expires")) {
    line += ", expires in " + duration_text(std::max<std::int64_t>(*expires, 0));
  }
  return line;
}

/// How far the parent is told of one of the zone's records for it.
std::string parent_line(const Document& row, std::string_view now, bool colour) {
  const auto state = row.text("state");
  std::string line = "  parent, " + row.text("type") + ": ";
  if (state == "told") return line + "told " + age(row, "since", now) + " ago";
  if (state == "nobody") return line + "not told: " + row.text("error");
  line += "to be told for " + age(row, "since", now);
  if (const auto target = row.text("target"); !target.empty()) line += ", at " + target;
  if (const auto tries = row.number("tries"); tries > 0) {
    line += ", NOTIFY sent " + counted(tries, "time");
  }
  if (const auto error = row.text("error"); !error.empty()) {
    line += "; " + painted(error, Paint::bad, colour);
    if (const auto cure = row.text("cure"); !cure.empty()) line += " (" + cure + ")";
  } else if (state == "waiting") {
    line += "; waits until all nameservers have it";
  }
  const auto next = milliseconds_of(row.text("next"));
  const auto until = milliseconds_of(now);
  if (next && until) {
    line += ", next try in " + duration_text(std::max<std::int64_t>(*next - *until, 0));
  }
  return line;
}

void zone_rows(const Document& zone, std::string_view now, bool colour, bool in_full,
               Table& table) {
  table.line(zone_line(zone, colour));
  if (const auto loading = zone.text("loading"); !loading.empty()) {
    table.line("  " + painted(loading, Paint::waiting, colour));
  }
  if (const auto refused = zone.text("candidate_refused"); !refused.empty()) {
    table.line("  " + painted("the source was not taken: ", Paint::bad, colour) + refused);
  }
  if (const auto guard = zone.part("guard"); guard.is_there()) {
    table.line("  " + painted("the source waits: ", Paint::bad, colour) +
               guard_text(guard, zone.text("zone")));
  }
  if (const auto gone = zone.text("source_gone"); !gone.empty()) {
    table.line("  " + painted(gone, Paint::waiting, colour));
  }
  for (const auto& document : zone.list("documents")) {
    table.line(document_line(document, now, colour));
  }
  for (const auto& primary : zone.list("primaries")) {
    table.line(primary_line(primary, now, colour));
  }
  for (const auto& parent : zone.list("parents")) {
    table.line(parent_line(parent, now, colour));
  }
  for (const auto& alert : zone.list("alerts")) {
    table.line("  " + painted("alert: ", Paint::bad, colour) + alert.text("rule") + " at " +
               alert.text("provider") + ", " + alert.text("subject") + ", for " +
               age(alert, "since", now) + ": " + alert.text("words"));
  }
  for (const auto& provider : zone.list("providers")) {
    provider_row(provider, now, table);
    for (const auto& nameserver : provider.list("nameservers")) {
      nameserver_row(nameserver, now, table);
    }
    for (const auto& secondary : provider.list("secondaries")) {
      secondary_line(secondary, now, colour, in_full, table);
    }
  }
}

/// What the zones together want of a person.
struct Wants {
  std::size_t settled = 0;  ///< zones that want nothing
  bool refused = false;
  bool decision = false;
  bool gone = false;
};

Wants wants_of(const std::vector<Document>& zones) {
  Wants wants;
  for (const auto& zone : zones) {
    const bool refused = !zone.text("candidate_refused").empty();
    const bool gone = !zone.text("source_gone").empty();
    const bool stopped = zone.part("guard").is_there();
    bool settled = !refused && !gone && !stopped && zone.number("version") > 0;
    const auto primaries = zone.list("primaries");
    const auto answers = [](const Document& row) {
      return row.text("error").empty() && !row.flag("expired");
    };
    settled =
        settled && (primaries.empty() || std::any_of(primaries.begin(), primaries.end(), answers));
    for (const auto& provider : zone.list("providers")) {
      const auto state = provider.text("state");
      settled = settled && state == "in-sync";
      wants.decision = wants.decision || state == "pending" || state == "blocked";
    }
    wants.refused = wants.refused || refused;
    wants.decision = wants.decision || stopped;
    wants.gone = wants.gone || gone;
    if (settled) ++wants.settled;
  }
  return wants;
}

/// What to type next, the most urgent first.
std::string next_step(const Wants& wants) {
  if (wants.refused) return ". Next: taproot check";
  if (wants.gone && !wants.decision) return ". Next: bring the files back, or taproot drop ZONE";
  return wants.decision ? ". Next: taproot plan" : ". Next: taproot status --watch";
}

std::string zones_text(const Document& report, const std::vector<Document>& zones, bool colour) {
  const auto now = report.text("now");
  Table table;
  const auto head = [](const char* text) { return Table::Cell{text, Paint::dim}; };
  table.row({head(""), head("VIA"), head("STATE"), head("WANTED"), head("SEEN"), head("SINCE"),
             head("LAG"), head("")});
  for (const auto& zone : zones) zone_rows(zone, now, colour, zones.size() == 1, table);
  const Wants wants = wants_of(zones);
  return table.to_text(colour) + "\n" + counted(zones.size(), "zone") + ", " +
         std::to_string(wants.settled) + " in sync" +
         (wants.settled == zones.size() ? "" : next_step(wants)) + "\n";
}

}  // namespace

Result<std::string> render_status(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  std::string text;
  for (const auto& warning : report->texts("warnings")) {
    text += painted("warning: ", Paint::waiting, colour) + warning + "\n";
  }
  const auto zones = report->list("zones");
  if (zones.empty()) {
    return text +
           "no zones are configured: add zones: to the configuration, then run taproot reload\n";
  }
  return text + zones_text(*report, zones, colour);
}

}  // namespace taproot::server
