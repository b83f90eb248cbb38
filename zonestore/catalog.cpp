#include "zonestore/catalog.hpp"

#include "dns/rdata.hpp"
#include "dns/types.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <unordered_set>
#include <utility>

namespace taproot::zonestore {

using dns::RRType;

namespace {

/// Catalogs are not asked by resolvers: there is nothing to be cached.
constexpr std::uint32_t catalog_ttl = 0;

dns::Name child(const dns::Name& parent, std::string_view label) {
  auto name = parent.child(label);
  assert(name);  // max_catalog_name and the caller see to it
  if (!name) return parent;
  return std::move(*name);
}

dns::Rdata name_rdata(const dns::Name& name) {
  return dns::Rdata(name.wire());
}

dns::Rdata text_rdata(const std::string& text) {
  assert(text.size() <= 0xff);
  return dns::Rdata(std::string(1, static_cast<char>(text.size())) + text);
}

/// RFC 9432 section 4: no server is to be asked, so the names are the invalid one.
dns::Soa catalog_soa() {
  constexpr std::uint32_t hour = 3600;
  constexpr std::uint32_t longest = 0x7fff'fffe;
  const auto invalid = dns::Name::from_text("invalid.");
  return {*invalid, *invalid, dns::Serial(1), hour, hour / 6, longest, 0};
}

/// Brings a version to what is wanted of it, and touches nothing that is so already.
class Rewriter {
 public:
  Rewriter(const dns::Name& apex, const ZoneVersion* current)
      : current_(current),
        builder_(current != nullptr ? ZoneBuilder(*current) : ZoneBuilder(apex)) {}

  void want(dns::Name owner, RRType type, std::vector<dns::Rdata> rdata) {
    dns::RRset rrset{std::move(owner), type, catalog_ttl, std::move(rdata)};
    const auto there = builder_.find(rrset.owner, type);
    wanted_.emplace(rrset.owner, type);
    if (there && dns::same_rrset(*there, rrset)) return;
    builder_.put(std::move(rrset));
  }

  std::shared_ptr<const ZoneVersion> finish() {
    if (current_ != nullptr) {
      for (auto at = current_->walk(); at.leaf() != nullptr; at.next()) {
        const auto owner = at.leaf()->owner(current_->apex());
        for (const auto rrset : at.leaf()->rrsets()) {
          if (!wanted_.contains({owner, rrset.type()})) builder_.remove(owner, rrset.type());
        }
      }
    }
    auto version = builder_.finish();
    assert(version);  // the SOA was wanted
    return version ? std::move(*version) : nullptr;
  }

 private:
  using Key = std::pair<dns::Name, RRType>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return dns::NameHash()(key.first) * 31 + static_cast<std::size_t>(key.second);
    }
  };
  const ZoneVersion* current_;
  ZoneBuilder builder_;
  std::unordered_set<Key, KeyHash> wanted_;
};

tl::unexpected<Error> broken(const std::string& why) {
  return fail(Errc::bad_zone, "the catalog is broken (RFC 9432): " + why);
}

/// The first label of a valid name that is not the root.
std::string first_label(const dns::Name& name) {
  const auto wire = name.wire();
  return {reinterpret_cast<const char*>(wire.data()) + 1, wire[0]};
}

std::string lower_label(const dns::Name& name) {
  return first_label(name.lowered());
}

Result<void> check_version_property(const ZoneVersion& catalog) {
  const auto property = catalog.find(child(catalog.apex(), "version"), RRType::TXT);
  if (!property) return broken("it has no version property");
  if (property->rdata.size() != 1) return broken("its version property has several values");
  if (property->rdata.front() != text_rdata("2")) {
    return broken("its version is not 2, the one there is");
  }
  return {};
}

/// The text of a TXT record, its strings one after the other.
std::string text_of(Octets rdata) {
  std::string text;
  for (std::size_t at = 0; at < rdata.size(); at += 1U + rdata[at]) {
    const auto part =
        rdata.subspan(at + 1, std::min<std::size_t>(rdata[at], rdata.size() - at - 1));
    text.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  return text;
}

Result<void> read_properties(const ZoneVersion& catalog, const dns::Name& node,
                             CatalogMember& member) {
  if (const auto groups = catalog.find(child(node, "group"), RRType::TXT)) {
    for (const auto& rdata : groups->rdata) member.groups.push_back(text_of(rdata.wire()));
  }
  const auto coo = catalog.find(child(node, "coo"), RRType::PTR);
  if (!coo) return {};
  if (coo->rdata.size() != 1) {
    return broken("member " + member.zone.to_text() + " has several coo properties");
  }
  member.coo = dns::target_of(RRType::PTR, coo->rdata.front().wire());
  return {};
}

}  // namespace

std::shared_ptr<const ZoneVersion> make_catalog(const dns::Name& apex, const ZoneVersion* current,
                                                const std::vector<CatalogMember>& members) {
  Rewriter rewriter(apex, current);
  auto soa = catalog_soa();
  if (current != nullptr) soa.serial = current->serial();
  rewriter.want(apex, RRType::SOA, {soa.to_rdata()});
  rewriter.want(apex, RRType::NS, {name_rdata(soa.mname)});
  rewriter.want(child(apex, "version"), RRType::TXT, {text_rdata("2")});
  const auto zones = child(apex, "zones");
  for (const auto& member : members) {
    const auto node = child(zones, member.id);
    rewriter.want(node, RRType::PTR, {name_rdata(member.zone)});
    if (!member.groups.empty()) {
      std::vector<dns::Rdata> groups;
      groups.reserve(member.groups.size());
      for (const auto& group : member.groups) groups.push_back(text_rdata(group));
      rewriter.want(child(node, "group"), RRType::TXT, std::move(groups));
    }
    if (member.coo) rewriter.want(child(node, "coo"), RRType::PTR, {name_rdata(*member.coo)});
  }
  return rewriter.finish();
}

Result<std::vector<CatalogMember>> read_catalog(const ZoneVersion& catalog) {
  if (catalog.apex().size() > max_catalog_name) return broken("its name is too long");
  if (auto fine = check_version_property(catalog); !fine) return tl::unexpected(fine.error());
  const auto zones = child(catalog.apex(), "zones");
  const auto depth = zones.label_count() + 1;
  std::vector<CatalogMember> members;
  std::map<dns::Name, std::string> seen;
  Result<void> fine;
  const auto read_node = [&](const Node& node) -> Result<void> {
    const auto owner = node.owner(catalog.apex());
    if (owner.label_count() != depth) return {};
    const auto target = catalog.find(owner, RRType::PTR);
    if (!target) return {};
    CatalogMember member{lower_label(owner), {}, {}, std::nullopt};
    if (target->rdata.size() != 1) {
      return broken("the member node " + member.id + " names several zones");
    }
    member.zone = dns::target_of(RRType::PTR, target->rdata.front().wire());
    if (member.zone == catalog.apex()) return broken("it is its own member");
    const auto [before, is_new] = seen.emplace(member.zone, member.id);
    if (!is_new) {
      return broken(member.zone.to_text() + " is a member twice, as " + before->second + " and " +
                    member.id);
    }
    if (auto read = read_properties(catalog, owner, member); !read) return read;
    members.push_back(std::move(member));
    return {};
  };
  catalog.walk_below(zones, [&](const Node& node) {
    fine = read_node(node);
    return fine.has_value();
  });
  if (!fine) return tl::unexpected(fine.error());
  return members;
}

}  // namespace taproot::zonestore
