#pragma once

#include "dns/message.hpp"
#include "dns/tsig.hpp"
#include "server/dispatch.hpp"
#include "tests/support/zone_text.hpp"
#include "zonestore/changes.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

// A dispatcher with two zones and an access policy, and requests for it.

namespace taproot::tests {

constexpr dns::TsigTime test_time = 1'800'000'000;

inline dns::TsigKey key_named(const std::string& name, const std::string& secret = "a secret") {
  return {name_of(name), dns::TsigAlgorithm::hmac_sha256, Secret(secret)};
}

/// example. at serial 3 with the steps from 1 and 2; big. has many names; broken. is not loaded.
inline std::shared_ptr<const zonestore::ZoneSet> serving_zones() {
  auto version =
      zone_of("example.", "@ 60 SOA ns admin 1 1 1 1 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n");
  for (int serial = 2; serial <= 3; ++serial) {
    zonestore::ZoneBuilder builder(*version);
    const auto n = std::to_string(serial);
    for (auto& rrset : rrsets_of(version->apex(), "host" + n + " 60 A 192.0.2." + n + "\n")) {
      builder.put(std::move(rrset));
    }
    builder.set_serial(dns::Serial(static_cast<std::uint32_t>(serial)));
    const auto next = builder.finish().value();
    zonestore::ZoneBuilder with_history(*next);
    with_history.push_history(
        std::make_shared<const zonestore::ChangeSet>(zonestore::changes_between(*version, *next)),
        10, 100000);
    version = with_history.finish().value();
  }
  std::string big = "@ 60 SOA ns.example. admin 9 1 1 1 60\n@ 60 NS ns.example.\n";
  for (int i = 0; i < 20000; ++i) big += "n" + std::to_string(i) + " 60 A 192.0.2.9\n";
  static const auto big_version = zone_of("big.", big);
  return std::make_shared<const zonestore::ZoneSet>(zonestore::ZoneSet()
                                                        .with(name_of("example."), version)
                                                        .with(name_of("big."), big_version)
                                                        .with(name_of("broken."), nullptr));
}

/// 192.0.2.53 may transfer everything unsigned, 127.0.0.1 and anybody with the key "good.key."
/// may, too, except that broken. wants the key from everybody.
inline std::shared_ptr<const server::Policy> serving_policy() {
  server::Policy policy;
  policy.keys = {key_named("good.key."), key_named("other.key.")};
  const std::vector<xfr::AccessRule> rules = {
      {"by-address",
       {net::Prefix::from_text("192.0.2.53").value(), net::Prefix::from_text("127.0.0.1").value()},
       {}},
      {"by-key", {}, name_of("good.key.")}};
  const auto all = std::make_shared<const server::Policy::Rules>(rules);
  policy.transfers[name_of("example.")] = all;
  policy.transfers[name_of("big.")] = all;
  policy.transfers[name_of("broken.")] =
      std::make_shared<const server::Policy::Rules>(server::Policy::Rules{rules[1]});
  return std::make_shared<const server::Policy>(std::move(policy));
}

struct Serving {
  server::Counters counters;
  std::vector<server::TransferEvent> events;
  dns::TsigTime now = test_time;
  server::Dispatch dispatch{counters, [this] { return now; },
                            [this](server::TransferEvent event) { events.push_back(event); }};
  server::Snapshot snapshot{serving_zones(), serving_policy()};
  net::Endpoint from = net::Endpoint::from_text("192.0.2.99:5353").value();

  server::Reply handle(Octets request, server::Transport transport,
                       std::vector<std::uint8_t>& out) {
    out.assign(transport == server::Transport::udp ? server::Dispatch::udp_buffer_size
                                                   : server::Dispatch::buffer_size,
               0xee);
    auto reply = dispatch.handle(snapshot, {request, from, transport}, out);
    out.resize(reply.size);
    return reply;
  }
};

/// A request for a transfer, or an ordinary query; IXFR says it has `serial`.
inline std::vector<std::uint8_t> request_for(const std::string& qname, dns::RRType qtype,
                                             std::uint32_t serial = 1,
                                             std::uint16_t udp_size = 1232) {
  auto message = dns::make_query(name_of(qname), qtype, udp_size);
  if (qtype == dns::RRType::IXFR) {
    dns::Soa soa;
    soa.serial = dns::Serial(serial);
    message.authority.push_back(
        {name_of(qname), dns::RRType::SOA, dns::Class::IN, 0, soa.to_rdata()});
  }
  return message.compose().value();
}

}  // namespace taproot::tests
