#include "zonestore/edit.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace taproot::zonestore {

namespace {

constexpr std::uint32_t default_ttl = 3600;

using Op = EditChange::Op;

/// A transaction on its way through a builder.
class Editor {
 public:
  explicit Editor(const ZoneVersion& current) : builder_(current), current_(current) {}

  void carry_out(std::size_t index, const EditChange& change);
  Edited finish();

 private:
  void put(const EditChange& change);
  void add(const EditChange& change);
  void remove(const EditChange& change);
  void drop(const EditChange& change);
  void drop_all(const dns::Name& owner);
  bool may_be(const EditChange& change);
  bool contains(const dns::RRset& rrset, const dns::Rdata& value) const;

  std::string subject(const EditChange& change) const;
  void error(const char* rule, std::string message, std::string cure) {
    add(Severity::error, rule, std::move(message), std::move(cure));
  }
  void note(const char* rule, std::string message, std::string cure) {
    add(Severity::note, rule, std::move(message), std::move(cure));
  }
  void add(Severity severity, const char* rule, std::string message, std::string cure);

  ZoneBuilder builder_;
  const ZoneVersion& current_;
  std::size_t index_ = 0;
  std::set<std::pair<dns::Name, dns::RRType>> put_;
  std::map<dns::Name, std::set<dns::RRType>> given_;  ///< types that were put or added
  std::vector<Finding> findings_;
};

void Editor::add(Severity severity, const char* rule, std::string message, std::string cure) {
  Finding finding;
  finding.severity = severity;
  finding.rule = rule;
  finding.message = "changes[" + std::to_string(index_) + "]: " + std::move(message);
  finding.cure = std::move(cure);
  findings_.push_back(std::move(finding));
}

std::string Editor::subject(const EditChange& change) const {
  return change.owner.to_text() + (change.type ? " " + dns::to_text(*change.type) : "");
}

bool Editor::contains(const dns::RRset& rrset, const dns::Rdata& value) const {
  const auto wanted = dns::canonical(rrset.type, value);
  return std::any_of(rrset.rdata.begin(), rrset.rdata.end(), [&](const dns::Rdata& rdata) {
    return dns::canonical(rrset.type, rdata) == wanted;
  });
}

/// What holds for every change, whatever it does.
bool Editor::may_be(const EditChange& change) {
  if (!change.owner.is_subdomain_of(current_.apex())) {
    error("edit-outside-zone",
          change.owner.to_text() + " does not lie in " + current_.apex().to_text(),
          "write an owner of this zone, relative (\"www\") or with a dot at the end");
    return false;
  }
  const bool is_soa = change.type == dns::RRType::SOA;
  if (is_soa && change.op != Op::put) {
    error("edit-soa", "the zone's SOA can only be put", "use put; its serial is taproot's");
    return false;
  }
  if (is_soa && (change.values.size() != 1 || change.owner != current_.apex())) {
    error("edit-soa", "a zone has one SOA, at its apex", "put one value at the apex, \"\"");
    return false;
  }
  return true;
}

void Editor::carry_out(std::size_t index, const EditChange& change) {
  index_ = index;
  if (!may_be(change)) return;
  if (change.type) given_[change.owner].insert(*change.type);
  switch (change.op) {
    case Op::put:
      return put(change);
    case Op::add:
      return add(change);
    case Op::remove:
      return remove(change);
    case Op::drop:
      return drop(change);
  }
}

void Editor::put(const EditChange& change) {
  if (!put_.emplace(change.owner, *change.type).second) {
    return error("edit-twice", subject(change) + " is put twice, and the first would be lost",
                 "give all its values in one change, or use add for the second");
  }
  const auto before = builder_.find(change.owner, *change.type);
  const auto ttl = change.ttl.value_or(before ? before->ttl : default_ttl);
  builder_.put({change.owner, *change.type, ttl, change.values});
}

void Editor::add(const EditChange& change) {
  auto rrset = builder_.find(change.owner, *change.type);
  if (!rrset) rrset = dns::RRset{change.owner, *change.type, default_ttl, {}};
  for (const auto& value : change.values) {
    if (!contains(*rrset, value)) {
      rrset->rdata.push_back(value);
      continue;
    }
    note("edit-nothing",
         subject(change) + " has " + dns::rdata_to_text(*change.type, value.wire()) + " already",
         "nothing has to be done");
  }
  if (change.ttl) rrset->ttl = *change.ttl;
  builder_.put(std::move(*rrset));
}

void Editor::remove(const EditChange& change) {
  auto rrset = builder_.find(change.owner, *change.type);
  for (const auto& value : change.values) {
    if (!rrset || !contains(*rrset, value)) {
      note("edit-nothing",
           subject(change) + " has no " + dns::rdata_to_text(*change.type, value.wire()),
           "look at what there is with `taproot show`");
      continue;
    }
    const auto gone = dns::canonical(rrset->type, value);
    std::erase_if(rrset->rdata, [&](const dns::Rdata& rdata) {
      return dns::canonical(rrset->type, rdata) == gone;
    });
  }
  if (!rrset) return;
  if (rrset->rdata.empty()) {
    builder_.remove(change.owner, *change.type);
  } else {
    builder_.put(std::move(*rrset));
  }
}

void Editor::drop(const EditChange& change) {
  if (!change.type) return drop_all(change.owner);
  if (builder_.remove(change.owner, *change.type)) return;
  note("edit-nothing", subject(change) + " is not there", "nothing has to be done");
}

void Editor::drop_all(const dns::Name& owner) {
  if (owner == current_.apex()) {
    return error("edit-soa", "the apex cannot be deleted as a whole: it has the zone's SOA and NS",
                 "name the type to delete");
  }
  std::set<dns::RRType> types = given_[owner];  // by this transaction
  if (const Node* node = current_.find(owner)) {
    for (const auto rrset : node->rrsets()) types.insert(rrset.type());
  }
  bool was_there = false;
  for (const auto type : types) was_there = builder_.remove(owner, type) || was_there;
  if (!was_there) {
    note("edit-nothing", owner.to_text() + " has no records", "nothing has to be done");
  }
}

Edited Editor::finish() {
  Edited edited;
  edited.findings = std::move(findings_);
  if (has_errors(edited.findings)) return edited;
  auto version = builder_.finish();
  if (version) {
    edited.version = std::move(*version);
  } else {
    error("edit-soa", version.error().detail, "leave the SOA in place");
    edited.findings.push_back(std::move(findings_.back()));
  }
  return edited;
}

}  // namespace

Edited edit_zone(const ZoneVersion& current, const std::vector<EditChange>& changes) {
  Editor editor(current);
  for (std::size_t i = 0; i < changes.size(); ++i) editor.carry_out(i, changes[i]);
  return editor.finish();
}

}  // namespace taproot::zonestore
