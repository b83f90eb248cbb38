#pragma once

#include "dns/name.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/check_part.hpp"
#include "zonestore/sources/piece_records.hpp"
#include "zonestore/sources/zone_pieces.hpp"
#include "zonestore/sources/zone_source.hpp"
#include "zonestore/target_filter.hpp"
#include "zonestore/zone_version.hpp"

#include <bitset>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

struct ReadPiece;

/// What is remembered of a large zone file from one reading to the next: its text in packed
/// pieces, and the version it made. A reading hashes the file piece by piece, and only what stands
/// in pieces that are new or gone is parsed, applied to that version, and checked: a change of a
/// few lines costs little more than to look at the file.
///
/// Only files that say nothing out of the ordinary are read here (see read_piece()); all others,
/// and whatever has a mistake in its text, are for the reader that explains.
/// Blocks: call it on the work pool, one call at a time.
class LargeZoneFile {
 public:
  /// Other sizes of pieces are for tests.
  explicit LargeZoneFile(dns::Name apex, const PieceSizes& sizes = {})
      : apex_(std::move(apex)), sizes_(sizes) {}

  /// Reads and checks the file as it is now. Nothing: read_zone_file() and check_zone() have to do,
  /// which give the same for what is read here. Remembers what was read, also if it has errors.
  /// `policy` must be the same at each call.
  std::optional<Candidate> load(const std::filesystem::path& path, const std::string& shown,
                                const SourceLimits& limits, const RulePolicy& policy = {});

  /// The store made this version of the candidate of the last load(): from now on it is what
  /// changes are applied to, so that both share their memory.
  void installed(std::shared_ptr<const ZoneVersion> version);

  /// The same contents and serial as the text, or null if nothing is remembered.
  const std::shared_ptr<const ZoneVersion>& version() const { return version_; }
  /// Belongs to version(); null as long as nobody needed it.
  const TargetFilter* targets() const { return targets_ ? &*targets_ : nullptr; }

  /// Octets of the packed text.
  std::size_t packed_octets() const;

 private:
  /// Owners by one bit of their hash: tells most pieces that have none of a few names.
  class Owners {
   public:
    void add(Octets owner) { bits_[place(owner)] = true; }
    bool may_have(Octets owner) const { return bits_[place(owner)]; }

   private:
    static std::size_t place(Octets owner);
    std::bitset<2048> bits_;
  };

  struct Kept {
    PieceHash hash;
    std::uint32_t octets = 0;
    std::uint32_t newlines = 0;
    std::shared_ptr<const std::string> packed;
    std::shared_ptr<const ReadingContext> from;
    std::shared_ptr<const ReadingContext> end;
    Owners owners;

    void note_owners(const PieceRecords& records);
  };
  struct Delta;

  void forget();
  std::optional<Candidate> read_whole(PieceReader& pieces, const std::string& shown,
                                      const RulePolicy& policy);
  bool build(PieceReader& pieces, ZoneBuilder& builder);
  bool add_records(const ReadPiece& piece, ZoneBuilder& builder);

  std::optional<Candidate> read_changes(PieceReader& pieces, const std::string& shown,
                                        const RulePolicy& policy);
  bool find_changes(PieceReader& pieces, std::vector<Kept>& next, Delta& delta);
  std::shared_ptr<const ZoneVersion> apply(Delta& delta);

  std::shared_ptr<const ReadingContext> shared(const ReadingContext& context);
  std::optional<Candidate> checked(const std::string& shown, const Names& names,
                                   const RulePolicy& policy);
  std::optional<SourceRecords> gather(const Names& names, const std::string& shown) const;
  std::string line_at(std::size_t number) const;

  dns::Name apex_;
  PieceSizes sizes_;
  std::vector<Kept> pieces_;
  std::shared_ptr<const ReadingContext> last_context_;  // the one shared() gave last
  std::shared_ptr<const ZoneVersion> version_;
  std::optional<dns::Rdata> soa_;  // as the text has it, its serial included
  std::optional<TargetFilter> targets_;
  Names uneven_;      // names with doubles or different TTLs, which the version does not show
  Names complained_;  // names that the last check had something to say about
};

}  // namespace taproot::zonestore
