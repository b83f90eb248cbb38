#include "server/secondaries.hpp"

#include <algorithm>

namespace taproot::server {

namespace {

/// Makes room for one more by forgetting the one that was heard of first.
template <class Map>
void make_room(Map& map) {
  if (map.size() < Secondaries::max_known) return;
  const auto oldest = std::min_element(map.begin(), map.end(), [](const auto& a, const auto& b) {
    return a.second.when < b.second.when;
  });
  map.erase(oldest);
}

}  // namespace

void Secondaries::on_event(const TransferEvent& event, WallTime now) {
  using Kind = TransferEvent::Kind;
  if (event.provider.empty()) return;
  note_holding(event, now);
  switch (event.kind) {
    case Kind::broken_tls:  // nobody knows who that was
      return;
    case Kind::refused:
      if (event.asked == "UPDATE") return;  // no concern of who transfers
      return on_trouble(event, std::string(event.asked) + " refused: " + event.why, now);
    case Kind::soa_query:
      if (!event.key) return;  // many ask for the SOA unsigned, and sign what follows
      forgive(event, "SOA");
      break;
    case Kind::notified:
      return;  // that is a primary's
    case Kind::started:
      break;
    case Kind::aborted:
      return on_trouble(event, "its transfer broke off: " + event.why, now);
    case Kind::finished:
      if (!event.note.empty()) {
        on_trouble(event, event.note, now);
      } else {
        forgive(event, {});
      }
      break;
  }
  const Who who(event.provider, event.from.address());
  if (!uses_.contains(who)) make_room(uses_);
  uses_[who] = {event.key, now};
}

void Secondaries::note_holding(const TransferEvent& event, WallTime now) {
  using Kind = TransferEvent::Kind;
  const bool took = event.kind == Kind::finished;
  if (!took && (event.kind != Kind::started || !event.before)) return;
  const WhoOfZone who(event.provider, event.apex, event.from.address());
  if (!holdings_.contains(who)) make_room(holdings_);
  Holding& holding = holdings_[who];
  holding.when = now;
  holding.serial = took ? event.serial : *event.before;
  if (took) holding.last = {event.what, event.serial, event.octets, event.took, now};
}

void Secondaries::on_trouble(const TransferEvent& event, std::string words, WallTime now) {
  const WhoOfZone who(event.provider, event.apex, event.from.address());
  const auto found = troubles_.find(who);
  if (found != troubles_.end()) {
    found->second = {std::move(words), event.asked, found->second.since, now};
    return;
  }
  make_room(troubles_);
  troubles_.emplace(who, Trouble{std::move(words), event.asked, now, now});
}

/// `asked`: only the refusal of such a request; empty: whatever there is.
void Secondaries::forgive(const TransferEvent& event, std::string_view asked) {
  const auto found = troubles_.find({event.provider, event.apex, event.from.address()});
  if (found == troubles_.end()) return;
  if (asked.empty() || found->second.asked == asked) troubles_.erase(found);
}

namespace {

/// The entries of one zone at one provider, by address.
template <class Map, class Visit>
void for_each_of(const Map& map, const std::string& provider, const dns::Name& apex, Visit visit) {
  for (auto at = map.lower_bound({provider, apex, net::Address()});
       at != map.end() && std::get<0>(at->first) == provider && std::get<1>(at->first) == apex;
       ++at) {
    visit(std::get<2>(at->first), at->second);
  }
}

}  // namespace

std::vector<Secondaries::Seen> Secondaries::of(const dns::Name& apex,
                                               const std::string& provider) const {
  std::map<net::Address, Seen> all;
  for (auto use = uses_.lower_bound({provider, net::Address()});
       use != uses_.end() && use->first.first == provider; ++use) {
    const auto& address = use->first.second;
    all[address] = {address, use->second.key, use->second.when, {}, {}, {}, {}};
  }
  for_each_of(troubles_, provider, apex, [&](const auto& address, const Trouble& trouble) {
    auto& seen = all[address];
    seen.address = address;
    seen.trouble = trouble.words;
    seen.trouble_since = trouble.since;
  });
  for_each_of(holdings_, provider, apex, [&](const auto& address, const Holding& holding) {
    auto& seen = all[address];
    seen.address = address;
    seen.holds = holding.serial;
    seen.last_transfer = holding.last;
  });
  std::vector<Seen> rows;
  rows.reserve(all.size());
  for (auto& [address, seen] : all) rows.push_back(std::move(seen));
  return rows;
}

std::string words_of_keys(const std::vector<dns::Name>& keys,
                          const std::vector<Secondaries::Seen>& seen) {
  if (keys.size() < 2) return "";
  std::string used;
  std::string unused;
  for (const auto& key : keys) {
    std::string users;
    for (const auto& one : seen) {
      if (one.key == key) users += (users.empty() ? "" : ", ") + one.address.to_text();
    }
    std::string& list = users.empty() ? unused : used;
    list += (list.empty() ? "" : ", ") + key.to_text() + (users.empty() ? "" : " by " + users);
  }
  if (used.empty()) return "no secondary has come with any of its keys since the start";
  return "key last used: " + used + (unused.empty() ? "" : "; " + unused + " by nobody");
}

}  // namespace taproot::server
