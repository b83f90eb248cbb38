#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

/// Owners that a source may have: one name, or with "*." all names below one.
class OwnerPattern {
 public:
  /// "mail", "*.team-a", "@" (the apex) or "*" (all below the apex), relative to the apex or
  /// absolute. Fails with Errc::bad_text if it lies outside of the zone.
  static Result<OwnerPattern> from_text(std::string_view text, const dns::Name& apex);

  bool matches(const dns::Name& owner) const;
  const std::string& text() const { return text_; }
  bool operator==(const OwnerPattern&) const = default;

 private:
  OwnerPattern(std::string text, dns::Name name, bool is_below)
      : text_(std::move(text)), name_(std::move(name)), is_below_(is_below) {}

  std::string text_;  // as it was written
  dns::Name name_;
  bool is_below_;
};

/// One of the sources that a zone is made of.
struct SourcePart {
  std::string shown;                        ///< as the operator wrote it, for findings
  SourceKind kind = SourceKind::zone_file;  ///< of `text`; a file tells by its ending
  std::filesystem::path path;               ///< the file, if there is no `text`
  std::shared_ptr<const std::string> text;  ///< what came from elsewhere; $INCLUDE is refused in it
  std::vector<OwnerPattern> owns;           ///< empty: it may have anything
  /// What was wrong in getting it; with an error among them it is not read.
  std::vector<Finding> findings;
};

/// Reads and checks the zone `apex` from its parts together. Every RRset belongs to the one part
/// that has it: "source-conflict" if two have it, "source-not-owner" if the part may not have it.
/// A SOA is in one part at most; YAML and JSON may leave it out, as they may alone. Blocks: call
/// it on the work pool.
Candidate load_parts(const dns::Name& apex, const std::vector<SourcePart>& parts,
                     const SourceLimits& limits = {}, const RulePolicy& policy = {});

}  // namespace taproot::zonestore
