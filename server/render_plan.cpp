#include "server/render.hpp"
#include "server/render_changes.hpp"
#include "server/render_document.hpp"
#include "server/render_findings.hpp"
#include "server/render_text.hpp"

namespace taproot::server {

namespace {

std::string change_text(const Document& change, const std::string& indent, bool colour) {
  const auto before = change.texts("before");
  const auto after = change.texts("after");
  const bool is_new = before.empty();
  const bool is_gone = after.empty();
  const char* sign = is_new ? "+ " : is_gone ? "- " : "~ ";
  const Paint paint = is_new ? Paint::good : is_gone ? Paint::bad : Paint::waiting;
  std::string text =
      indent + painted(sign + change.text("owner") + " " + change.text("type"), paint, colour) +
      "\n";
  for (const auto& record : before) {
    text += indent + "    " + painted("- " + record, Paint::bad, colour) + "\n";
  }
  for (const auto& record : after) {
    text += indent + "    " + painted("+ " + record, Paint::good, colour) + "\n";
  }
  return text;
}

std::string provider_text(const Document& plan, bool colour) {
  const auto changes = plan.list("changes");
  const auto error = plan.text("error");
  std::string text =
      "  " + painted(plan.text("provider"), Paint::bold, colour) + " (" + plan.text("via") + "): ";
  if (!error.empty()) return text + painted("no plan: ", Paint::bad, colour) + error + "\n";
  text += changes.empty() ? "in sync" : counts_text(plan.part("counts"));
  if (plan.number("calls") > 0) text += ", " + counted(plan.number("calls"), "call");
  text += "\n" + changes_text(changes, "    ", colour);
  for (const auto& note : plan.texts("notes")) text += "    note: " + note + "\n";
  if (const auto guard = plan.part("guard"); guard.is_there()) {
    text += "    " +
            painted("stopped by the guard " + guard.text("rule") + ": ", Paint::bad, colour) +
            guard.text("why") + "\n    let it pass once: taproot apply --force " +
            guard.text("force_id") + "\n";
  }
  return text;
}

std::string zone_text(const Document& zone, bool colour) {
  std::string text = painted(zone.text("zone"), Paint::bold, colour) + "  v" +
                     std::to_string(zone.number("version")) + "  serial " +
                     std::to_string(zone.number("serial")) + "\n";
  for (const auto& finding : zone.list("findings")) text += finding_text(finding, "  ");
  if (const auto changes = zone.list("source_changes"); !changes.empty()) {
    text += "  the source has changes that are no version yet\n" +
            changes_text(changes, "    ", colour);
  }
  if (const auto guard = zone.part("guard"); guard.is_there()) {
    text += "  " +
            painted("stopped by the guard " + guard.text("rule") + ": ", Paint::bad, colour) +
            guard_text(guard, zone.text("zone")) + "\n";
  }
  for (const auto& provider : zone.list("providers")) text += provider_text(provider, colour);
  return text;
}

/// The sum over all providers and sources, as people are used to from elsewhere.
struct Sum {
  std::uint64_t add = 0;
  std::uint64_t change = 0;
  std::uint64_t remove = 0;
  bool source_changes = false;
  bool is_empty() const { return add + change + remove == 0 && !source_changes; }
};

Sum sum_of(const Document& plan) {
  Sum sum;
  for (const auto& zone : plan.list("zones")) {
    sum.source_changes = sum.source_changes || !zone.list("source_changes").empty();
    for (const auto& provider : zone.list("providers")) {
      const auto counts = provider.part("counts");
      sum.add += counts.number("add");
      sum.change += counts.number("change");
      sum.remove += counts.number("remove");
    }
  }
  return sum;
}

}  // namespace

std::string changes_text(const std::vector<Document>& changes, const std::string& indent,
                         bool colour) {
  std::string text;
  for (const auto& change : changes) text += change_text(change, indent, colour);
  return text;
}

std::string guard_text(const Document& guard, const std::string& zone) {
  return guard.text("why") + ": let it pass with taproot apply " + zone +
         (zone.empty() ? "" : " ") + "--force " + guard.text("force_id");
}

std::string counts_text(const Document& counts) {
  return std::to_string(counts.number("add")) + " to add, " +
         std::to_string(counts.number("change")) + " to change, " +
         std::to_string(counts.number("remove")) + " to remove";
}

Result<std::string> render_plan(std::string_view json, bool colour) {
  const auto plan = Document::parse(json);
  if (!plan) return tl::unexpected(plan.error());
  std::string text;
  for (const auto& zone : plan->list("zones")) text += zone_text(zone, colour) + "\n";
  if (plan->flag("in_sync")) return text + "Nothing to do: every provider is in sync.\n";
  const Sum sum = sum_of(*plan);
  if (sum.is_empty()) {
    return text + "No changes to apply, but not all is well: see above. Next: taproot status\n";
  }
  return text + "Plan " + plan->text("id") + ": " + std::to_string(sum.add) + " to add, " +
         std::to_string(sum.change) + " to change, " + std::to_string(sum.remove) +
         " to remove. Good until " + time_text(plan->text("expires")) +
         ".\nNext: taproot apply --plan " + plan->text("id") + "\n";
}

}  // namespace taproot::server
