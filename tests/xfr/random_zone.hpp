#pragma once

#include "dns/rdata.hpp"
#include "tests/support/zone_text.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace taproot::tests {

/// Zones that look like nothing sane, of a few names that often collide, and their later versions.
class RandomZone {
 public:
  explicit RandomZone(unsigned seed, std::size_t rrsets) : random_(seed) {
    zonestore::ZoneBuilder builder(apex_);
    builder.put(rrset(apex_, dns::RRType::SOA, {"ns.sub.Example. admin.other.test. 1 1 1 1 1"}));
    builder.put(rrset(apex_, dns::RRType::NS, {"ns.sub.Example.", "ns.other.test."}));
    for (std::size_t i = 0; i < rrsets; ++i) builder.put(any_rrset());
    version_ = builder.finish().value();
  }

  const std::shared_ptr<const zonestore::ZoneVersion>& version() const { return version_; }

  /// The next version, with its step in its history.
  void change(std::size_t rrsets) {
    zonestore::ZoneBuilder builder(*version_);
    for (std::size_t i = 0; i < rrsets; ++i) {
      auto next = any_rrset();
      if (pick(3) == 0) {
        builder.remove(next.owner, next.type);
      } else {
        if (auto now = builder.find(next.owner, next.type); now && pick(2) == 0) {
          next.ttl = now->ttl;
          next.rdata.insert(next.rdata.end(), now->rdata.begin(), now->rdata.end());
        }
        builder.put(std::move(next));
      }
    }
    publish(builder);
  }

  /// The next version, which has `left` of the names and the apex.
  void shrink(std::size_t left) {
    zonestore::ZoneBuilder builder(*version_);
    std::size_t seen = 0;
    for (auto cursor = version_->walk(); cursor.leaf() != nullptr; cursor.next()) {
      const auto* node = cursor.leaf();
      if (node->is_apex() || seen++ < left) continue;
      for (const auto rrset : node->rrsets()) {
        builder.remove(node->owner(version_->apex()), rrset.type());
      }
    }
    publish(builder);
  }

 private:
  void publish(zonestore::ZoneBuilder& builder) {
    builder.set_serial(version_->serial().next());
    const auto after = builder.finish().value();
    auto step =
        std::make_shared<const zonestore::ChangeSet>(zonestore::changes_between(*version_, *after));
    zonestore::ZoneBuilder with_history(*after);
    with_history.push_history(std::move(step), 200, std::size_t{4} << 20);
    version_ = with_history.finish().value();
  }

  std::size_t pick(std::size_t count) { return random_() % count; }

  dns::RRset rrset(const dns::Name& owner, dns::RRType type, const std::vector<std::string>& text) {
    dns::RRset rrset{owner, type, static_cast<std::uint32_t>(300 + pick(3)), {}};
    for (const auto& rdata : text) {
      rrset.rdata.push_back(dns::rdata_from_text(type, rdata, apex_).value());
    }
    dns::normalise(rrset);
    return rrset;
  }

  std::string label() {
    static const std::vector<std::string> labels = {
        "a", "b", "B", "sub", "www", "*", "\\000x", "\\.", "ns", std::string(63, 'z')};
    const std::size_t number = pick(30);
    return number < labels.size() ? labels[number] : "n" + std::to_string(pick(1000));
  }

  std::string target() {
    static const std::vector<std::string> suffixes = {"Example.",    "example.",   "sub.Example.",
                                                      "other.test.", "anexample.", "."};
    const auto& suffix = suffixes[pick(suffixes.size())];
    return pick(4) == 0 ? suffix : label() + "." + (suffix == "." ? "" : suffix);
  }

  dns::RRset any_rrset() {
    using dns::RRType;
    std::string owner;
    for (std::size_t n = 1 + pick(3); n > 0; --n) owner += label() + ".";
    const auto name = name_of(owner + "Example.");
    std::vector<std::string> rdata;
    const RRType type = std::vector{RRType::A,   RRType::NS,  RRType::MX, RRType::CNAME,
                                    RRType::TXT, RRType::SRV, RRType::PTR}[pick(7)];
    for (std::size_t n = 1 + pick(4); n > 0; --n) {
      const auto number = std::to_string(pick(256));
      if (type == RRType::A) rdata.push_back("192.0.2." + number);
      if (type == RRType::MX) rdata.push_back(number + " " + target());
      if (type == RRType::SRV) rdata.push_back("1 2 " + number + " " + target());
      if (type == RRType::TXT) rdata.push_back(std::string(pick(200), 't') + number);
      if (type == RRType::NS || type == RRType::PTR) rdata.push_back(target());
      if (type == RRType::CNAME) rdata = {target()};
    }
    return rrset(name, type, rdata);
  }

  dns::Name apex_ = name_of("Example.");
  std::mt19937 random_;
  std::shared_ptr<const zonestore::ZoneVersion> version_;
};

}  // namespace taproot::tests
