#include "server/render.hpp"
#include "server/render_changes.hpp"
#include "server/render_document.hpp"
#include "server/render_text.hpp"

#include <algorithm>

// A plan as Markdown, for the review of a change where code is reviewed, too.

namespace taproot::server {

namespace {

/// More of one list would not be read, and the places where people review have their limits.
constexpr std::size_t max_changes = 200;
constexpr std::size_t max_notes = 50;

/// As itself, whatever Markdown or HTML would make of it.
std::string escaped(std::string_view text) {
  constexpr std::string_view special = "\\`*_{}[]<>()#+!|~&@";
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

/// Of the form that is coloured. A line of it begins with its sign, so no record can end the block.
std::string diff_of(const std::vector<Document>& changes) {
  std::string text = "```diff\n";
  const std::size_t shown = std::min(changes.size(), max_changes);
  for (std::size_t i = 0; i < shown; ++i) {
    const std::string owner = changes[i].text("owner");
    for (const auto& record : changes[i].texts("before")) {
      text += "- " + owner + " " + record + "\n";
    }
    for (const auto& record : changes[i].texts("after")) text += "+ " + owner + " " + record + "\n";
  }
  text += "```\n";
  if (shown < changes.size()) {
    text += "\n… and " + std::to_string(changes.size() - shown) +
            " more RRsets; `taproot plan --json` has all of them.\n";
  }
  return text + "\n";
}

std::string guard_of(const Document& guard, const std::string& zone) {
  if (!guard.is_there()) return "";
  return "> **Stopped by the guard " + escaped(guard.text("rule")) +
         "**: " + escaped(guard.text("why")) + ". Let it pass once: `taproot apply " +
         (zone.empty() ? "" : zone + " ") + "--force " + guard.text("force_id") + "`\n\n";
}

std::string provider_of(const Document& plan) {
  const auto changes = plan.list("changes");
  const auto error = plan.text("error");
  std::string text =
      "#### " + escaped(plan.text("provider")) + " (" + escaped(plan.text("via")) + "): ";
  if (!error.empty()) return text + "no plan\n\n> " + escaped(error) + "\n\n";
  text += (changes.empty() ? "in sync" : counts_text(plan.part("counts"))) + "\n\n";
  text += guard_of(plan.part("guard"), "");
  if (!changes.empty()) text += diff_of(changes);
  const auto notes = plan.texts("notes");
  for (std::size_t i = 0; i < std::min(notes.size(), max_notes); ++i) {
    text += "- " + escaped(notes[i]) + "\n";
  }
  if (notes.size() > max_notes) {
    text += "- … and " + std::to_string(notes.size() - max_notes) + " more notes\n";
  }
  return notes.empty() ? text : text + "\n";
}

std::string zone_of(const Document& zone) {
  std::string text = "### " + escaped(zone.text("zone")) + " (version " +
                     std::to_string(zone.number("version")) + ", serial " +
                     std::to_string(zone.number("serial")) + ")\n\n";
  for (const auto& finding : zone.list("findings")) {
    text += "- **" + escaped(finding.text("severity")) + "**: " + escaped(finding.text("message")) +
            "\n";
  }
  if (!zone.list("findings").empty()) text += "\n";
  text += guard_of(zone.part("guard"), zone.text("zone"));
  if (const auto changes = zone.list("source_changes"); !changes.empty()) {
    text += "The source has changes that are no version yet:\n\n" + diff_of(changes);
  }
  for (const auto& provider : zone.list("providers")) text += provider_of(provider);
  return text;
}

/// A zone of which there is nothing to say has no place in a review.
bool has_news(const Document& zone) {
  if (!zone.list("source_changes").empty() || !zone.list("findings").empty()) return true;
  const auto providers = zone.list("providers");
  return zone.part("guard").is_there() ||
         std::any_of(providers.begin(), providers.end(), [](const Document& provider) {
           return !provider.list("changes").empty() || !provider.text("error").empty();
         });
}

}  // namespace

Result<std::string> render_plan_markdown(std::string_view json, bool) {
  const auto plan = Document::parse(json);
  if (!plan) return tl::unexpected(plan.error());
  if (plan->flag("in_sync"))
    return "## taproot plan\n\nNothing to do: every provider is in sync.\n";
  std::string text = "## taproot plan `" + plan->text("id") + "`\n\n";
  std::size_t quiet = 0;
  for (const auto& zone : plan->list("zones")) {
    if (has_news(zone)) {
      text += zone_of(zone);
    } else {
      ++quiet;
    }
  }
  if (quiet > 0)
    text += counted(quiet, "other zone") + (quiet == 1 ? " is" : " are") + " in sync.\n\n";
  return text + "Good until " + time_text(plan->text("expires")) +
         ". Apply exactly this: `taproot apply --plan " + plan->text("id") + "`\n";
}

}  // namespace taproot::server
