#pragma once

#include "dns/name.hpp"
#include "zonestore/name_trie.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <optional>

namespace taproot::zonestore {

/// One zone among those served. Without a version it is configured but has never been good: it
/// answers SERVFAIL, so that nobody caches a wrong denial. So does one that is withheld, because
/// it is too old.
class ZoneEntry {
 public:
  const dns::Name& apex() const { return apex_; }
  /// What is served.
  const std::shared_ptr<const ZoneVersion>& version() const {
    static const std::shared_ptr<const ZoneVersion> nothing;
    return is_withheld_ ? nothing : version_;
  }
  /// What there is, served or withheld.
  const std::shared_ptr<const ZoneVersion>& kept() const { return version_; }
  bool is_withheld() const { return is_withheld_; }

  // For the trie.
  Octets labels() const { return apex_.wire().first(apex_.size() - 1); }
  static void retain(const ZoneEntry* entry);
  static void release(const ZoneEntry* entry);

 private:
  friend class ZoneSet;
  ZoneEntry(dns::Name apex, std::shared_ptr<const ZoneVersion> version, bool is_withheld)
      : apex_(std::move(apex)), version_(std::move(version)), is_withheld_(is_withheld) {}

  dns::Name apex_;
  std::shared_ptr<const ZoneVersion> version_;
  bool is_withheld_ = false;
  mutable std::atomic<std::uint32_t> holders_{1};
};

/// All zones that are served, as one immutable value: a change of one zone is a new set that
/// shares the rest. Readable from any thread.
class ZoneSet {
 public:
  /// The zone with the longest apex that is at or above `qname` (uncompressed wire format);
  /// `above` leaves out a zone whose apex is `qname` itself (for DS, RFC 4035 section 3.1.4.1).
  /// The query path: takes no lock, allocates nothing.
  const ZoneEntry* find_enclosing(Octets qname, bool above = false) const;

  /// The zone of exactly this apex, or null.
  const ZoneEntry* find(const dns::Name& apex) const;

  /// A set in which `apex` has this version; null: not loaded.
  ZoneSet with(const dns::Name& apex, std::shared_ptr<const ZoneVersion> version,
               bool is_withheld = false) const;
  ZoneSet without(const dns::Name& apex) const;
  /// The same in place, for a set that nobody else has yet: many cost no copies.
  void put(const dns::Name& apex, std::shared_ptr<const ZoneVersion> version,
           bool is_withheld = false);

  std::size_t size() const { return zones_.size(); }
  using Trie = NameTrie<ZoneEntry>;
  /// All zones by canonical order of their apexes.
  Trie::Cursor walk() const { return Trie::Cursor(zones_); }

 private:
  Trie zones_;
};

}  // namespace taproot::zonestore
