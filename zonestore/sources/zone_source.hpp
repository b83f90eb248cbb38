#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/rule_policy.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace taproot::zonestore {

/// How far the reading of a source has come, for whoever watches it from another thread.
struct ReadProgress {
  std::atomic<std::uint64_t> octets{0};  ///< of its text that have been read as records
  std::atomic<std::uint64_t> of{0};      ///< octets of its text; 0: not known
};

/// Bounds on what a source may make taproot do, and who watches it.
struct SourceLimits {
  std::size_t file_octets = std::size_t{4} << 30;  ///< of all files of a zone together
  std::size_t line_octets = std::size_t{1} << 20;  ///< of one logical line of a zone file
  std::size_t include_depth = 8;
  std::size_t generate_records = 1'000'000;  ///< of all $GENERATE of a zone together
  std::size_t yaml_nodes = 20'000'000;       ///< after aliases are followed
  std::size_t findings = 200;                ///< reported; the rest is counted in one more
  ReadProgress* progress = nullptr;          ///< may be null
};

/// How a file is read is told by its ending: .yaml and .yml, .json, anything else is a zone file.
enum class SourceKind { zone_file, yaml, json };
SourceKind kind_of(const std::filesystem::path& path);

class LargeZoneFile;

/// What is remembered of a zone's file from one reading to the next, so that the next costs the
/// change. Belongs to whoever reads the zone; used by one reading at a time.
class SourceMemory {
 public:
  SourceMemory();
  ~SourceMemory();
  SourceMemory(const SourceMemory&) = delete;
  SourceMemory& operator=(const SourceMemory&) = delete;

  /// True if `path` is for certain the file it was at the last load_zone(), with nothing written
  /// to it since: size, times and inode are the same, and it was not written just then. False also
  /// for zone files that include others, and if the rules are to be others now.
  bool is_unchanged(const std::filesystem::path& path, const RulePolicy& policy) const;

  /// The store made `version` of the last candidate: as LargeZoneFile::installed().
  void installed(const std::shared_ptr<const ZoneVersion>& version);

  /// Of a large zone file; null for others.
  const LargeZoneFile* large() const { return large_.get(); }

 private:
  friend Candidate load_zone(const dns::Name&, const std::filesystem::path&, const std::string&,
                             const SourceLimits&, const RulePolicy&, SourceMemory*);
  /// What stat() says of a file.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t octets = 0;
    std::int64_t modified = 0;  ///< nanoseconds since 1970
    std::int64_t changed = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  static std::optional<Stamp> stamp_of(const std::filesystem::path& path);

  std::optional<Stamp> stamp_;
  RulePolicy policy_;
  std::unique_ptr<LargeZoneFile> large_;
};

/// Reads and checks the zone `apex` from a file of any kind. `shown` is the path as the operator
/// wrote it, for findings. An unreadable file is a finding of the rule "unreadable", too. With
/// `memory` a large zone file is read again in the time of what changed in it.
/// Blocks: call it on the work pool.
Candidate load_zone(const dns::Name& apex, const std::filesystem::path& path,
                    const std::string& shown, const SourceLimits& limits = {},
                    const RulePolicy& policy = {}, SourceMemory* memory = nullptr);

}  // namespace taproot::zonestore
