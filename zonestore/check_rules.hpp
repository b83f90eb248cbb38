#pragma once

#include "dns/name.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/check_index.hpp"
#include "zonestore/finding_list.hpp"

#include <string>
#include <utility>

namespace taproot::zonestore {

/// What the rules see of a zone, and where they say what is wrong with it.
class CheckedZone {
 public:
  CheckedZone(const CheckIndex& index, FindingList& findings, bool complete)
      : index_(index), findings_(findings), complete_(complete) {}

  const CheckIndex& index() const { return index_; }
  /// False if parts of the source could not be read: what is missing may stand there, so rules
  /// do not complain about what is missing.
  bool is_complete() const { return complete_; }

  void error(const char* rule, const SourceRecords::Item& item, std::string message,
             std::string cure) {
    add(Severity::error, rule, item.place, std::move(message), std::move(cure));
  }
  void warning(const char* rule, const SourceRecords::Item& item, std::string message,
               std::string cure) {
    add(Severity::warning, rule, item.place, std::move(message), std::move(cure));
  }
  /// About the source as a whole.
  void zone_error(const char* rule, std::string message, std::string cure) {
    add(Severity::error, rule, Place{}, std::move(message), std::move(cure));
  }

 private:
  void add(Severity severity, const char* rule, const Place& place, std::string message,
           std::string cure);

  const CheckIndex& index_;
  FindingList& findings_;
  bool complete_;
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
