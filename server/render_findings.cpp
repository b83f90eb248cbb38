#include "server/render_findings.hpp"

namespace taproot::server {

std::string finding_text(const Document& finding, const std::string& indent) {
  std::string place = finding.text("file");
  if (finding.number("line") > 0) place += ":" + std::to_string(finding.number("line"));
  if (finding.number("column") > 0) place += ":" + std::to_string(finding.number("column"));
  std::string text = indent + place + (place.empty() ? "" : ": ") + finding.text("severity") +
                     ": " + finding.text("message") + " [" + finding.text("rule") + "]\n";
  const auto cure = finding.text("cure");
  if (!cure.empty()) text += indent + "  cure: " + cure + "\n";
  return text;
}

}  // namespace taproot::server
