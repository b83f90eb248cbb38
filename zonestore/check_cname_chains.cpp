#include "dns/rdata.hpp"
#include "zonestore/check_rules.hpp"

#include <algorithm>
#include <vector>

namespace taproot::zonestore {

namespace {

/// What answering follows at most.
constexpr std::uint32_t max_chain = 16;

/// Follows all CNAMEs inside the zone, each of them once.
class CnameWalk {
 public:
  explicit CnameWalk(CheckedZone& zone)
      : zone_(zone), index_(zone.index()), length_(index_.owners().size(), unknown) {}

  void walk() {
    for (const auto& set : index_.sets()) {
      if (set.type == dns::RRType::CNAME && length_[set.owner] == unknown) follow(set.owner);
    }
  }

 private:
  static constexpr std::uint32_t unknown = 0xffff'ffffu;
  static constexpr std::uint32_t on_path = 0xffff'fffeu;
  static constexpr std::uint32_t endless = 0xffff'fffdu;

  /// The CNAME of an owner that is answered from this zone, or null.
  const CheckIndex::Set* cname(std::uint32_t owner) const {
    if (owner == CheckIndex::none || index_.owner(owner).cut != CheckIndex::none) return nullptr;
    return index_.find(index_.owner(owner), dns::RRType::CNAME);
  }

  std::uint32_t next(const CheckIndex::Set& set) const {
    const auto& rdata = index_.first_item(set).rdata;
    return index_.target(dns::target_of(set.type, rdata.wire())).answers;
  }

  void follow(std::uint32_t owner) {
    std::vector<std::uint32_t> path;
    std::uint32_t length = 0;
    const CheckIndex::Set* set = cname(owner);
    while (set != nullptr && length_[owner] == unknown) {
      length_[owner] = on_path;
      path.push_back(owner);
      owner = next(*set);
      set = cname(owner);
    }
    if (set != nullptr && length_[owner] == on_path) {
      tell_loop({std::find(path.begin(), path.end(), owner), path.end()});
      length = endless;
    } else if (set != nullptr) {
      length = length_[owner];
    }
    for (; !path.empty(); path.pop_back()) {
      if (length != endless) ++length;
      length_[path.back()] = length;
      // Only the first that is too long: the longer ones lead through it.
      if (length == max_chain + 1) tell_long(path.back());
    }
  }

  void tell_loop(const std::vector<std::uint32_t>& loop) {
    constexpr std::size_t enough = 5;
    std::string names;
    std::uint32_t first = CheckIndex::none;
    for (std::size_t i = 0; i < loop.size(); ++i) {
      const std::uint32_t at = cname(loop[i])->items[0];
      first = std::min(first, at);
      if (i < enough) names += index_.item(at).owner.to_text() + " -> ";
    }
    if (loop.size() > enough) names += "... -> ";
    names += dns::Name::from_trusted(index_.owner(loop[0]).wire).to_text();
    zone_.error("cname-loop", index_.item(first), "the CNAMEs lead in a circle: " + names,
                "let one of them point at a name with addresses");
  }

  void tell_long(std::uint32_t owner) {
    const auto& item = index_.first_item(*cname(owner));
    zone_.warning("long-cname-chain", item,
                  item.owner.to_text() + " leads over more than " + std::to_string(max_chain) +
                      " CNAMEs, and answers stop there",
                  "let it point at the name at the chain's end");
  }

  CheckedZone& zone_;
  const CheckIndex& index_;
  std::vector<std::uint32_t> length_;  // CNAMEs from here to the end, by owner
};

}  // namespace

void check_cname_chains(CheckedZone& zone) {
  CnameWalk(zone).walk();
}

}  // namespace taproot::zonestore
