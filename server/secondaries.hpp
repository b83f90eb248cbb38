#pragma once

#include "dns/name.hpp"
#include "net/endpoint.hpp"
#include "server/transfer_event.hpp"
#include "zonestore/zone_version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace taproot::server {

/// What the secondaries' own requests have shown since taproot began: with which key each came
/// last, so that an old key can be taken away when nobody uses it any more, and what went wrong
/// with it last, until it goes well again; what it holds of each zone, and its last transfer.
///
/// Bounded: of too many the one that was heard of first is forgotten. Belongs to the control loop.
class Secondaries {
 public:
  using WallTime = zonestore::WallTime;
  static constexpr std::size_t max_known = 4096;

  /// One secondary of a provider, known by its address.
  struct Seen {
    net::Address address;
    std::optional<dns::Name> key;  ///< it came last with; nothing: unsigned
    std::optional<WallTime> when;  ///< it came last with a request that was in order, for any zone
    std::string trouble;           ///< with this zone; empty if there is none
    std::optional<WallTime> trouble_since;
    std::optional<dns::Serial> holds;  ///< of this zone, by what it said or took last
    struct Transfer {
      xfr::IxfrChoice::Kind what = xfr::IxfrChoice::Kind::whole_zone;
      dns::Serial serial;
      std::uint64_t octets = 0;
      std::chrono::microseconds took{0};
      WallTime when{};
    };
    std::optional<Transfer> last_transfer;  ///< of this zone, that ended well
  };

  void on_event(const TransferEvent& event, WallTime now);

  /// What is known of the secondaries of a provider, for one of its zones, by address.
  std::vector<Seen> of(const dns::Name& apex, const std::string& provider) const;

 private:
  struct Use {
    std::optional<dns::Name> key;
    WallTime when{};
  };
  struct Trouble {
    std::string words;
    std::string_view asked;  ///< what was refused; empty if it was not a refusal
    WallTime since{};
    WallTime when{};
  };
  using Who = std::pair<std::string, net::Address>;
  using WhoOfZone = std::tuple<std::string, dns::Name, net::Address>;

  struct Holding {
    std::optional<dns::Serial> serial;
    std::optional<Seen::Transfer> last;
    WallTime when{};
  };

  void note_holding(const TransferEvent& event, WallTime now);
  void on_trouble(const TransferEvent& event, std::string words, WallTime now);
  void forgive(const TransferEvent& event, std::string_view asked);

  std::map<Who, Use> uses_;
  std::map<WhoOfZone, Trouble> troubles_;
  std::map<WhoOfZone, Holding> holdings_;
};

/// Which of a provider's keys its secondaries came with last, so that one that nobody uses can be
/// taken away; empty unless it has several.
std::string words_of_keys(const std::vector<dns::Name>& keys,
                          const std::vector<Secondaries::Seen>& seen);

}  // namespace taproot::server
