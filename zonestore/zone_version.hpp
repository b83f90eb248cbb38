#pragma once

#include "dns/name.hpp"
#include "dns/rdata.hpp"
#include "dns/rrset.hpp"
#include "dns/serial.hpp"
#include "dns/types.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/name_trie.hpp"
#include "zonestore/node.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

using WallTime = std::chrono::system_clock::time_point;

/// Who made a version, when, and from what; part of the version and of the journal.
struct Provenance {
  std::uint64_t number = 0;  ///< 1, 2, 3 … per zone, never reused; 0 for a candidate
  WallTime committed{};      ///< when it was journaled; whole microseconds
  std::string who;           ///< "file", "reload", a user or key name
  std::string why;           ///< a message, may be empty
  std::string source;        ///< path or URL it was read from, may be empty
  std::string revision{};    ///< the commit checked out where the source lies, may be empty
};

/// How a name relates to a zone: everything an answer, a transfer or a check asks, from one
/// descent. Pointers are borrowed from the version.
struct Lookup {
  const Node* exact = nullptr;             ///< the name itself, empty non-terminals included
  const Node* closest_encloser = nullptr;  ///< the deepest ancestor that is there, or `exact`
  const Node* delegation = nullptr;        ///< the topmost zone cut at or above the name, if any
  const Node* dname = nullptr;             ///< the topmost DNAME strictly above the name, if any
};

/// One zone as it stood at one serial. Never changes; shares with its neighbours all names that
/// they have in common. Readable from any thread.
class ZoneVersion {
 public:
  const dns::Name& apex() const { return apex_; }
  dns::Serial serial() const { return soa_.serial; }
  const dns::Soa& soa() const { return soa_; }
  const Provenance& provenance() const { return provenance_; }
  std::uint64_t number() const { return provenance_.number; }

  /// Relates `qname` (uncompressed wire format, at or below the apex) to the zone. The query
  /// path: takes no lock, allocates nothing.
  Lookup lookup(Octets qname) const;

  /// The wildcard child "*" of a closest encloser (RFC 4592 section 2.2.1), or null.
  const Node* find_wildcard(const Node& closest_encloser) const;

  /// The node of a name, or null: also null for names outside the zone.
  const Node* find(const dns::Name& name) const;
  /// The RRset of a name, or nothing.
  std::optional<dns::RRset> find(const dns::Name& name, dns::RRType type) const;

  const Node& apex_node() const { return *apex_node_; }

  using Trie = NameTrie<Node>;
  /// All names in canonical order, the apex first; keep the version alive as long as the cursor.
  Trie::Cursor walk() const { return Trie::Cursor(names_); }

  /// Calls `visit(const Node&)` for all names strictly below a name at or below the apex, in
  /// canonical order, until it returns false; false if it did.
  template <class Visit>
  bool walk_below(const dns::Name& name, Visit&& visit) const {
    return names_.visit_below(TrieKey(name.wire().first(name.size() - apex_.size())), visit);
  }

  std::size_t name_count() const { return names_.size(); }
  std::size_t rrset_count() const { return rrset_count_; }
  std::size_t record_count() const { return record_count_; }
  /// Octets of owners, fixed fields and rdata of all records: about the size of an AXFR.
  std::size_t content_octets() const { return content_octets_; }

  /// The steps that led here, the newest last; each step's `to` is the next one's `from`, and the
  /// last one's `to` is serial(). As many as the bounds on history leave.
  const std::vector<std::shared_ptr<const ChangeSet>>& history() const { return history_; }
  /// The steps from `serial` to this version, oldest first, or nothing if history does not reach
  /// back to it. Empty for serial() itself.
  std::optional<std::vector<std::shared_ptr<const ChangeSet>>> steps_from(dns::Serial serial) const;

 private:
  friend class ZoneBuilder;
  friend ChangeSet changes_between(const ZoneVersion&, const ZoneVersion&);

  dns::Name apex_;
  dns::Soa soa_;
  Provenance provenance_;
  Trie names_;
  const Node* apex_node_ = nullptr;
  std::size_t rrset_count_ = 0;
  std::size_t record_count_ = 0;
  std::size_t content_octets_ = 0;
  std::vector<std::shared_ptr<const ChangeSet>> history_;
};

/// Builds a version, from nothing or from another version, in the time of what is put into it.
class ZoneBuilder {
 public:
  explicit ZoneBuilder(dns::Name apex);
  /// Starts with all names of `base` and its history; copies nothing until it changes.
  explicit ZoneBuilder(const ZoneVersion& base);

  const dns::Name& apex() const { return version_->apex_; }

  /// Puts an RRset in the place of the one of its owner and type. It is normalised here. The
  /// owner must be at or below the apex (the caller has checked: RFC 1034 section 4.2.1).
  void put(dns::RRset rrset);
  enum class Added {
    evenly,
    unevenly,   ///< in order, but an RRset had doubles, or records with different TTLs
    not_at_all  ///< the owner would have more records than a name can hold
  };
  /// Adds loose records of one owner (labels above the apex, as Node has them) to those that are
  /// there: how a large source comes in. Uses `records` up.
  Added add(Octets labels, std::vector<RecordView>& records);
  /// Puts a node (one reference of it becomes the builder's) whose name is not there yet. Its
  /// parents are not added: they are to be put as well.
  void put_node(const Node* node);
  /// Takes an RRset out; false if it was not there.
  bool remove(const dns::Name& owner, dns::RRType type);

  /// Removes every `before` and puts every `after`. Fails with Errc::conflict, and leaves the
  /// builder in between, if a `before` is not what stands there: then the changes belong to
  /// another version.
  Result<void> apply(const ChangeSet& changes);

  /// The RRset as it stands now, or nothing.
  std::optional<dns::RRset> find(const dns::Name& owner, dns::RRType type) const;
  std::size_t record_count() const { return version_->record_count_; }

  /// Writes `serial` into the SOA that is there.
  void set_serial(dns::Serial serial);
  void set_provenance(Provenance provenance) { version_->provenance_ = std::move(provenance); }
  /// Appends a step to history and drops the oldest beyond `max_steps` or `max_octets` in all.
  void push_history(std::shared_ptr<const ChangeSet> step, std::size_t max_steps,
                    std::size_t max_octets);

  /// The version. Fails with Errc::bad_zone if the apex has no SOA. The builder is spent.
  Result<std::shared_ptr<const ZoneVersion>> finish();

 private:
  Octets labels_of(const dns::Name& owner) const;
  void replace(const Node* before, const Node* after);
  Added add_to(const Node& there, std::vector<RecordView>& records);
  void add_empty_parents(Octets labels);
  void drop_if_empty(Octets labels);
  void count(const Node* node, int sign);

  std::shared_ptr<ZoneVersion> version_;
  const Node* last_added_ = nullptr;  ///< by add(): often the parent of the next
};

}  // namespace taproot::zonestore
