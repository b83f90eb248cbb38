#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/journal.hpp"
#include "zonestore/published.hpp"
#include "zonestore/serial_policy.hpp"
#include "zonestore/zone_digest.hpp"
#include "zonestore/zone_set.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

/// What is asked of the store: make this the zone's next version.
struct InstallRequest {
  std::shared_ptr<const ZoneVersion> candidate;  ///< checked; its serial is a wish at most
  SerialPolicy policy = SerialPolicy::increment;
  bool serial_is_ours = false;  ///< ignore the candidate's serial
  std::string who;
  std::string why;
  std::string source;
  /// Refuse (Errc::conflict) unless this is the current version's number (If-Match).
  std::optional<std::uint64_t> based_on;
  /// Just this serial, and a version of its own even if nothing else changes; it must be ahead.
  std::optional<dns::Serial> serial{};
  std::string revision{};  ///< the commit of the source's work tree, may be empty
  /// How the zone parts from its source by this, or comes back to it; null: it does not.
  std::shared_ptr<const DivergenceStep> divergence = {};
  /// The version gets a ZONEMD record of its own, whatever the candidate has there.
  std::optional<DigestAlgorithm> zonemd{};
};

struct Installed {
  std::shared_ptr<const ZoneVersion> version;
  std::shared_ptr<const ChangeSet> step;  ///< null for a first version or if nothing changed
  bool changed = false;
};

/// The zones: what is served, and the only way to change it.
///
/// install() is journal, publish, tell, in this order. Belongs to the control loop's thread,
/// except zones(), which any thread may call.
class ZoneStore {
 public:
  using Told = std::function<void(const Installed&)>;

  /// `now` is handed in so that tests can set the clock.
  ZoneStore(
      std::unique_ptr<Journal> journal, HistoryLimits limits,
      std::function<WallTime()> now = [] { return std::chrono::system_clock::now(); });

  /// Serves a zone with the newest version of the journal, or as not loaded if there is none.
  /// Journals and tells nothing.
  Result<void> add(const dns::Name& apex);
  /// Stops serving a zone; its versions stay in the journal.
  void drop(const dns::Name& apex);

  /// Answers SERVFAIL for a zone, or serves it again; a new version is always served. Its versions
  /// stay what they are.
  void withhold(const dns::Name& apex, bool is_withheld);

  /// Makes the next versions, all in one transaction: one result per request. A candidate that
  /// equals the current version (serial aside) changes nothing. A request that fails by itself
  /// (serial, based_on) does not stop the others; if the journal cannot be written all fail.
  std::vector<Result<Installed>> install(std::vector<InstallRequest> requests);
  Result<Installed> install(InstallRequest request);

  /// What install() would make of this, serial included, without doing any of it.
  Result<Installed> preview(const InstallRequest& request);

  /// A new version with the contents of an old one.
  Result<Installed> rollback(const dns::Name& apex, std::uint64_t to, std::string who,
                             std::string why, std::optional<DigestAlgorithm> zonemd = {});

  /// A new version with the same contents and just this serial, which must be ahead of all that
  /// the zone had.
  Result<Installed> renumber(const dns::Name& apex, dns::Serial serial, std::string who,
                             std::string why, std::optional<DigestAlgorithm> zonemd = {});

  /// Called on the control loop after each install that changed something.
  void on_installed(Told told) { told_ = std::move(told); }

  /// Frees replaced versions that no reader has any more, so that the last reader, on a serving
  /// loop, need not. Each change does it too; call it now and then for those read long after.
  void free_retired() noexcept;

  /// The newest set; any thread.
  std::shared_ptr<const ZoneSet> zones() const { return published_.take(); }
  std::shared_ptr<const ZoneVersion> current(const dns::Name& apex) const;

  Journal& journal() { return *journal_; }
  const Journal& journal() const { return *journal_; }

 private:
  struct Head;
  struct Batch;
  Result<Head> head_of(const dns::Name& apex);
  Result<Installed> prepare(const InstallRequest& request, Batch& batch);
  Result<Installed> next_version(const InstallRequest& request, const Head& head) const;
  Result<Installed> build(const InstallRequest& request, const Head& head,
                          std::shared_ptr<ChangeSet> step, dns::Serial serial,
                          const Provenance& provenance) const;
  void tell(const std::vector<Result<Installed>>& results) const;

  std::unique_ptr<Journal> journal_;
  HistoryLimits limits_;
  std::function<WallTime()> now_;
  Told told_;
  Published<ZoneSet> published_;
  std::vector<std::shared_ptr<const ZoneVersion>> retired_;  ///< replaced, maybe still read
};

}  // namespace taproot::zonestore
