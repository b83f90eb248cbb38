#include "zonestore/finding_list.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace taproot::zonestore {

void FindingList::add(Finding finding) {
  const bool error = finding.severity == Severity::error;
  has_errors_ = has_errors_ || error;
  if (!error && ++milder_of_rule_[finding.rule] > max_of_rule) return leave_out(finding.severity);
  if (findings_.size() < limit_) {
    milder_ += error ? 0 : 1;
    findings_.push_back(std::move(finding));
    return;
  }
  if (error && milder_ > 0 && replace_milder(finding)) return;
  leave_out(finding.severity);
}

bool FindingList::replace_milder(Finding& finding) {
  const auto last = std::find_if(findings_.rbegin(), findings_.rend(),
                                 [](const Finding& f) { return f.severity != Severity::error; });
  if (last == findings_.rend()) return false;
  leave_out(last->severity);
  findings_.erase(std::next(last).base());
  findings_.push_back(std::move(finding));
  --milder_;
  return true;
}

void FindingList::leave_out(Severity severity) {
  ++left_out_;
  gravest_left_out_ = std::min(gravest_left_out_, severity);  // the gravest comes first
}

std::vector<Finding> FindingList::take() {
  if (left_out_ > 0) {
    Finding more;
    more.severity = gravest_left_out_;
    more.rule = "more-findings";
    more.message = std::to_string(left_out_) + " more findings are not shown";
    more.cure = "mend those above and check again";
    findings_.push_back(std::move(more));
  }
  return std::move(findings_);
}

}  // namespace taproot::zonestore
