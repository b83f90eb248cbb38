#pragma once

#include "zonestore/finding.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace taproot::zonestore {

/// Gathers findings up to a bound and counts the rest, so that a hopeless source costs neither
/// memory nor the reader's patience. Errors push out warnings when the list is full, and of one
/// rule only so many warnings and notes are kept.
class FindingList {
 public:
  /// Warnings and notes of one rule that are kept.
  static constexpr std::size_t max_of_rule = 20;

  explicit FindingList(std::size_t limit) : limit_(limit) {}

  void add(Finding finding);
  bool has_errors() const { return has_errors_; }
  std::size_t size() const { return findings_.size(); }

  /// Everything gathered; where some were left out one more of the rule "more-findings" at the
  /// end, as grave as the gravest of them. The list is spent.
  std::vector<Finding> take();

 private:
  bool replace_milder(Finding& finding);
  void leave_out(Severity severity);

  std::size_t limit_;
  std::vector<Finding> findings_;
  std::size_t milder_ = 0;  // findings in the list that are no errors
  std::size_t left_out_ = 0;
  Severity gravest_left_out_ = Severity::note;
  std::map<std::string, std::size_t> milder_of_rule_;
  bool has_errors_ = false;
};

}  // namespace taproot::zonestore
