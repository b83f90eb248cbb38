#include "zonestore/zone_set.hpp"

namespace taproot::zonestore {

namespace {

TrieKey key_of(const dns::Name& name) {
  return TrieKey(name.wire().first(name.size() - 1));
}

}  // namespace

void ZoneEntry::retain(const ZoneEntry* entry) {
  entry->holders_.fetch_add(1, std::memory_order_relaxed);
}

void ZoneEntry::release(const ZoneEntry* entry) {
  if (entry->holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete entry;
}

const ZoneEntry* ZoneSet::find_enclosing(Octets qname, bool above) const {
  const Octets labels = qname.first(qname.size() - 1);
  const ZoneEntry* deepest = nullptr;
  zones_.for_each_ancestor(TrieKey(labels), [&](const ZoneEntry& entry) {
    if (above && entry.labels().size() == labels.size()) return;
    deepest = &entry;
  });
  return deepest;
}

const ZoneEntry* ZoneSet::find(const dns::Name& apex) const {
  return zones_.find(key_of(apex));
}

ZoneSet ZoneSet::with(const dns::Name& apex, std::shared_ptr<const ZoneVersion> version,
                      bool is_withheld) const {
  ZoneSet next = *this;
  next.put(apex, std::move(version), is_withheld);
  return next;
}

void ZoneSet::put(const dns::Name& apex, std::shared_ptr<const ZoneVersion> version,
                  bool is_withheld) {
  zones_.put(new ZoneEntry(apex, std::move(version), is_withheld));
}

ZoneSet ZoneSet::without(const dns::Name& apex) const {
  ZoneSet next = *this;
  next.zones_.erase(key_of(apex));
  return next;
}

}  // namespace taproot::zonestore
