#pragma once

#include "dns/name.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/check_index.hpp"
#include "zonestore/finding_list.hpp"
#include "zonestore/rule_policy.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taproot::zonestore {

/// What a finding shows besides its record.
struct FindingDetails {
  std::string focus{};  ///< the words of the source that it is about
  struct Also {
    const SourceRecords::Item& item;
    std::string message;
  };
  std::vector<Also> also{};  ///< other records that it takes to see what is wrong
};

/// What the rules see of a zone, and where they say what is wrong with it.
class CheckedZone {
 public:
  CheckedZone(const CheckIndex& index, FindingList& findings, bool complete,
              const RulePolicy& policy)
      : index_(index), findings_(findings), complete_(complete), policy_(policy) {}

  const CheckIndex& index() const { return index_; }
  /// False if parts of the source could not be read: what is missing may stand there, so rules
  /// do not complain about what is missing.
  bool is_complete() const { return complete_; }
  /// Whether the operator wants to hear of a rule at all.
  bool is_on(const char* rule) const { return policy_.is_on(rule); }

  // The severity of each is that of the rule by itself: the operator may wish another.

  void error(const char* rule, const SourceRecords::Item& item, std::string message,
             std::string cure, const FindingDetails& details = {}) {
    add(Severity::error, rule, item.place, std::move(message), std::move(cure), details);
  }
  void warning(const char* rule, const SourceRecords::Item& item, std::string message,
               std::string cure, const FindingDetails& details = {}) {
    add(Severity::warning, rule, item.place, std::move(message), std::move(cure), details);
  }
  void note(const char* rule, const SourceRecords::Item& item, std::string message,
            std::string cure, const FindingDetails& details = {}) {
    add(Severity::note, rule, item.place, std::move(message), std::move(cure), details);
  }
  /// Of a rule that is silent until the operator asks for it.
  void on_wish(const char* rule, const SourceRecords::Item& item, std::string message,
               std::string cure) {
    add(std::nullopt, rule, item.place, std::move(message), std::move(cure), {});
  }
  /// About the source as a whole.
  void zone_error(const char* rule, std::string message, std::string cure) {
    add(Severity::error, rule, Place{}, std::move(message), std::move(cure), {});
  }

 private:
  void add(std::optional<Severity> by_itself, const char* rule, const Place& place,
           std::string message, std::string cure, const FindingDetails& details);
  std::string file_of(const Place& place) const;

  const CheckIndex& index_;
  FindingList& findings_;
  bool complete_;
  const RulePolicy& policy_;
};

// The rules by subject; docs/rules.md explains each.

/// Data outside of the zone, SOA and NS of the apex, the SOA's numbers.
void check_apex(CheckedZone& zone);
/// Each RRset by itself: doubles, TTLs, sizes, types, how many records it may have.
void check_sets(CheckedZone& zone);
/// What stands beside or below what: CNAME, DNAME, delegations, wildcards.
void check_owners(CheckedZone& zone);
/// CNAMEs that lead to each other.
void check_cname_chains(CheckedZone& zone);
/// Names that NS, MX, SRV, CNAME and others point at; glue.
void check_targets(CheckedZone& zone);

}  // namespace taproot::zonestore
