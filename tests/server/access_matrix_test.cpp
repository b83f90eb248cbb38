#include "server/dispatch.hpp"

#include "tests/server/serving.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <sstream>

// Who may ask what: each rule, address, key, transport and request.

using namespace taproot;
using dns::Rcode;
using dns::RRType;
using server::Transport;
using tests::name_of;

namespace {

/// One line for each zone (named after its rules, see policy()) and address; a column for each key;
/// in each cell the transports, UDP/TCP/TLS; and for each transport a letter for each of AXFR,
/// IXFR, SOA, NOTIFY and UPDATE:
///
///     T  the zone or the differences     A  an ordinary answer     U  an UPDATE to be carried out
///     R  REFUSED     I  NOTIMP           N  NOTAUTH with the right TSIG error     H  heeded
///
/// Over TLS everybody shows the verified certificate of secondary.example. The zones notify… are
/// followed, and have nobody that transfers them.
constexpr const char* matrix = R"(
zone       from      none              good              old               other             unknown           forged            late
address    friend    ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
address    stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
address    friend6   ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
address    stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
key        friend    IRARR/RRARR/RRARR ITARU/TTARU/TTARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
key        stranger  IRARR/RRARR/RRARR ITARU/TTARU/TTARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
key        friend6   IRARR/RRARR/RRARR ITARU/TTARU/TTARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
key        stranger6 IRARR/RRARR/RRARR ITARU/TTARU/TTARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
both       friend    IRARR/RRARR/RRARR ITARU/TTARU/TTARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
both       stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
both       friend6   IRARR/RRARR/RRARR ITARU/TTARU/TTARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
both       stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
two-keys   friend    IRARR/RRARR/RRARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
two-keys   stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
two-keys   friend6   IRARR/RRARR/RRARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
two-keys   stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
either     friend    ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
either     stranger  IRARR/RRARR/RRARR ITARR/TTARR/TTARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
either     friend6   IRARR/RRARR/RRARR ITARR/TTARR/TTARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
either     stranger6 IRARR/RRARR/RRARR ITARR/TTARR/TTARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
tls        friend    IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
tls        stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
tls        friend6   IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
tls        stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
identity   friend    IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
identity   stranger  IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
identity   friend6   IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
identity   stranger6 IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR IRARR/RRARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
anybody    friend    ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
anybody    stranger  ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
anybody    friend6   ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
anybody    stranger6 ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR ITARR/TTARR/TTARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
nobody     friend    IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
nobody     stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
nobody     friend6   IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
nobody     stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
update-tls friend    IRARR/RRARR/RRARR IRARR/RRARR/RRARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
update-tls stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
update-tls friend6   IRARR/RRARR/RRARR IRARR/RRARR/RRARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
update-tls stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
update-id  friend    IRARR/RRARR/RRARR IRARR/RRARR/RRARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
update-id  stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
update-id  friend6   IRARR/RRARR/RRARR IRARR/RRARR/RRARU IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
update-id  stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify     friend    IRAHR/RRAHR/RRAHR IRAHR/RRAHR/RRAHR IRAHR/RRAHR/RRAHR IRAHR/RRAHR/RRAHR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify     stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify     friend6   IRAHR/RRAHR/RRAHR IRAHR/RRAHR/RRAHR IRAHR/RRAHR/RRAHR IRAHR/RRAHR/RRAHR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify     stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify-tls friend    IRARR/RRARR/RRAHR IRARR/RRARR/RRAHR IRARR/RRARR/RRAHR IRARR/RRARR/RRAHR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify-tls stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify-tls friend6   IRARR/RRARR/RRAHR IRARR/RRARR/RRAHR IRARR/RRARR/RRAHR IRARR/RRARR/RRAHR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify-tls stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify-id  friend    IRARR/RRARR/RRARR IRARR/RRARR/RRAHR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify-id  stranger  IRARR/RRARR/RRARR IRARR/RRARR/RRAHR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify-id  friend6   IRARR/RRARR/RRARR IRARR/RRARR/RRAHR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
notify-id  stranger6 IRARR/RRARR/RRARR IRARR/RRARR/RRAHR IRARR/RRARR/RRARR IRARR/RRARR/RRARR NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN NNNNN/NNNNN/NNNNN
)";

struct Ask {
  RRType qtype;
  unsigned opcode;
};
const std::vector<Ask>& asks() {
  static const std::vector<Ask> all = {
      {RRType::AXFR, 0}, {RRType::IXFR, 0}, {RRType::SOA, 0}, {RRType::SOA, 4}, {RRType::SOA, 5}};
  return all;
}

/// The peer of a connection with TLS; null for the others.
struct Way {
  Transport transport;
  const net::TlsPeer* tls;
};
const std::vector<Way>& ways() {
  static const net::TlsPeer peer{{"secondary.example"}, {}, ""};
  static const std::vector<Way> all = {
      {Transport::udp, nullptr}, {Transport::tcp, nullptr}, {Transport::tcp, &peer}};
  return all;
}

const std::map<std::string, std::string>& addresses() {
  static const std::map<std::string, std::string> all = {{"friend", "192.0.2.53:1000"},
                                                         {"stranger", "203.0.113.1:1000"},
                                                         {"friend6", "[2001:db8:1::9]:1000"},
                                                         {"stranger6", "[2001:db8:2::9]:1000"}};
  return all;
}

/// How a request with this column's key is signed, and what is wrong with that.
struct Signed {
  std::string key;
  std::string secret = "a secret";
  dns::TsigTime late = 0;
  dns::TsigError error = dns::TsigError::none;
};
const std::map<std::string, Signed>& signatures() {
  using dns::TsigError;
  static const std::map<std::string, Signed> all = {
      {"none", {}},
      {"good", {"good.key."}},
      {"old", {"old.key."}},
      {"other", {"other.key."}},
      {"unknown", {"unknown.key.", "a secret", 0, TsigError::badkey}},
      {"forged", {"good.key.", "a guess", 0, TsigError::badsig}},
      {"late", {"good.key.", "a secret", 301, TsigError::badtime}}};
  return all;
}

server::Policy policy() {
  const auto prefix = [](const char* text) { return net::Prefix::from_text(text).value(); };
  const std::vector<net::Prefix> friends = {prefix("192.0.2.53"), prefix("2001:db8:1::/48")};
  server::Policy policy;
  policy.keys = {tests::key_named("good.key."), tests::key_named("old.key."),
                 tests::key_named("other.key.")};
  const auto rule = [](std::vector<net::Prefix> from, const char* key) {
    xfr::AccessRule one;
    one.provider = "p";
    one.from = std::move(from);
    if (key != nullptr) one.key = name_of(key);
    return one;
  };
  const auto give = [&policy](const char* zone, server::Policy::Rules rules) {
    policy.transfers[name_of(zone)] =
        std::make_shared<const server::Policy::Rules>(std::move(rules));
  };
  auto tls_only = rule(friends, nullptr);
  tls_only.tls_only = true;
  auto identity = rule({}, nullptr);
  identity.tls_names = {"secondary.example"};
  give("address.", {rule(friends, nullptr)});
  give("key.", {rule({}, "good.key.")});
  give("both.", {rule(friends, "good.key.")});
  give("two-keys.", {rule(friends, "good.key."), rule(friends, "old.key.")});
  give("either.", {rule({prefix("192.0.2.53")}, nullptr), rule({}, "good.key.")});
  give("tls.", {tls_only});
  give("identity.", {identity});
  give("anybody.", {rule({prefix("0.0.0.0/0"), prefix("::/0")}, nullptr)});
  give("nobody.", {});
  server::UpdateRule update;
  update.keys = {name_of("good.key.")};
  update.names = {server::UpdateNames::from_text("*").value()};
  update.any_type = true;
  const auto let_update = [&](const char* zone, const server::UpdateRule& one) {
    policy.updates[name_of(zone)] =
        std::make_shared<const std::vector<server::UpdateRule>>(std::vector{one});
  };
  let_update("key.", update);
  auto over_tls = update;
  over_tls.who.tls_only = true;
  let_update("update-tls.", over_tls);
  update.who.from = friends;
  let_update("both.", update);
  update.who.tls_names = {"secondary.example"};
  let_update("update-id.", update);
  for (const auto* zone : {"update-tls.", "update-id.", "notify.", "notify-tls.", "notify-id."}) {
    give(zone, {});
  }
  policy.notifiers[name_of("notify.")] = {rule(friends, nullptr)};
  policy.notifiers[name_of("notify-tls.")] = {tls_only};
  identity.key = name_of("good.key.");
  policy.notifiers[name_of("notify-id.")] = {identity};
  return policy;
}

std::shared_ptr<const zonestore::ZoneSet> zones() {
  zonestore::ZoneSet set;
  for (const auto& [name, rules] : policy().transfers) {
    const auto version = tests::zone_of(
        name.to_text(), "@ 60 SOA ns.test. admin 2 1 1 1 60\n@ 60 NS ns.test.\na 60 A 192.0.2.1\n");
    const auto before =
        tests::zone_of(name.to_text(), "@ 60 SOA ns.test. admin 1 1 1 1 60\n@ 60 NS ns.test.\n");
    zonestore::ZoneBuilder with_history(*version);
    with_history.push_history(
        std::make_shared<const zonestore::ChangeSet>(zonestore::changes_between(*before, *version)),
        10, 100000);
    set = set.with(name, with_history.finish().value());
  }
  return std::make_shared<const zonestore::ZoneSet>(std::move(set));
}

struct World {
  server::Counters counters;
  std::vector<server::TransferEvent> events;
  dns::TsigTime now = tests::test_time;
  server::Dispatch dispatch{
      counters, [this] { return now; },
      [this](server::TransferEvent event) { events.push_back(std::move(event)); },
      [](const server::UpdateOrder&, server::OwedAnswers::Ticket) {}};
  server::Snapshot snapshot{zones(), std::make_shared<const server::Policy>(policy())};
  net::Endpoint from;

  server::Reply handle(Octets request, const Way& way, std::vector<std::uint8_t>& out) {
    out.resize(server::Dispatch::buffer_size);
    auto reply = dispatch.handle(snapshot, {request, from, way.transport, way.tls}, out);
    out.resize(reply.size);
    return reply;
  }

  /// The letter for the reply, after a look at its signature.
  char ask(const Ask& what, const std::string& zone, const Way& way, const Signed& how) {
    auto request = tests::request_for(zone + ".", what.qtype);
    request[2] = static_cast<std::uint8_t>(what.opcode << 3 | request[2]);
    std::optional<dns::TsigSession> client;
    if (!how.key.empty()) {
      client.emplace(tests::key_named(how.key, how.secret));
      client->sign_request(request, tests::test_time - how.late);
    }
    std::vector<std::uint8_t> octets;
    auto reply = handle(request, way, octets);
    if (reply.later != 0) {
      dispatch.forget(reply.later);
      return 'U';
    }
    if (reply.transfer != nullptr) {
      octets.resize(server::Dispatch::buffer_size);
      octets.resize(reply.transfer->next(octets));
    }
    const auto message = dns::Message::parse(octets).value();
    if (client) check_signature(*client, octets, message, how);
    CHECK((client || !message.tsig_at));
    return letter(message);
  }

  static void check_signature(dns::TsigSession& client, const std::vector<std::uint8_t>& octets,
                              const dns::Message& message, const Signed& how) {
    REQUIRE(message.tsig_at);
    const auto verdict = client.check_answer(octets, message.tsig_at, tests::test_time - how.late);
    INFO(verdict.why);
    CHECK(verdict.error == how.error);
    CHECK(verdict.authentic ==
          (how.error == dns::TsigError::none || how.error == dns::TsigError::badtime));
  }

  static char letter(const dns::Message& message) {
    switch (message.header.rcode) {
      case Rcode::noerror:
        if (message.header.opcode == dns::Opcode::notify) return 'H';
        if (message.answer.size() > 1) return 'T';
        return message.answer.size() == 1 ? 'A' : '?';
      case Rcode::refused:
        return 'R';
      case Rcode::notauth:
        return 'N';
      case Rcode::notimp:
        return 'I';
      default:
        return '?';
    }
  }
};

/// The words of the table's lines, the first line with the names of the keys.
std::vector<std::vector<std::string>> lines() {
  std::vector<std::vector<std::string>> all;
  std::istringstream text(matrix);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    all.emplace_back();
    for (std::string word; words >> word;) all.back().push_back(word);
    if (all.back().empty()) all.pop_back();
  }
  return all;
}

}  // namespace

TEST_CASE("the access matrix", "[server][dispatch][access]") {
  World world;
  const auto table = lines();
  const auto& keys = table.front();
  REQUIRE(keys.size() == 2 + signatures().size());
  REQUIRE(table.size() == 1 + policy().transfers.size() * addresses().size());
  for (std::size_t i = 1; i < table.size(); ++i) {
    const auto& line = table[i];
    REQUIRE(line.size() == keys.size());
    world.from = net::Endpoint::from_text(addresses().at(line[1])).value();
    for (std::size_t column = 2; column < line.size(); ++column) {
      std::string cell;
      for (const auto& way : ways()) {
        if (!cell.empty()) cell += "/";
        for (const auto& what : asks()) {
          cell += world.ask(what, line[0], way, signatures().at(keys[column]));
        }
      }
      INFO("zone " << line[0] << " from " << line[1] << " with key " << keys[column]);
      CHECK(cell == line[column]);
    }
  }
}

TEST_CASE("refused NOTIFY and UPDATE say what they lack", "[server][dispatch][access]") {
  struct Case {
    const char* zone;
    const char* from;
    const char* key;
    bool tls;
    unsigned opcode;
    const char* words;
  };
  const auto c = GENERATE(
      Case{"update-tls.", "stranger", "good", false, 5, "for update: of update-tls. it lacks TLS"},
      Case{"update-id.", "friend", "good", false, 5,
           "it lacks TLS, a verified client certificate of tls-identity secondary.example"},
      Case{"update-id.", "stranger", "good", true, 5, "it lacks an address in from (192.0.2.53"},
      Case{"update-tls.", "friend", "old", true, 5, "to allow it, give update-tls. update: [{key"},
      Case{"notify-tls.", "friend", "none", false, 4, "to be p it lacks TLS"},
      Case{"notify-tls.", "stranger", "none", true, 4,
           "to be p it lacks an address in transfer or notify-from (192.0.2.53"},
      Case{"notify-id.", "friend", "none", true, 4, "it lacks a signature with key good.key."},
      Case{"notify-id.", "friend", "good", false, 4,
           "it lacks TLS, a verified client certificate of tls-identity secondary.example"},
      Case{"key.", "friend", "none", false, 4, "does not follow this zone, it is its primary"});
  World world;
  world.from = net::Endpoint::from_text(addresses().at(c.from)).value();
  const auto& way = c.tls ? ways()[2] : ways()[1];
  auto zone = std::string(c.zone);
  zone.pop_back();
  CHECK(world.ask({RRType::SOA, c.opcode}, zone, way, signatures().at(c.key)) == 'R');
  REQUIRE(world.events.size() == 1);
  CHECK_THAT(world.events[0].why, Catch::Contains(c.words));
  CHECK(world.events[0].over_tls == c.tls);
}

TEST_CASE("each refusal of the matrix says who asked what and how to allow it",
          "[server][dispatch][access]") {
  World world;
  for (const auto& [name, rules] : policy().transfers) {
    for (const auto& [word, address] : addresses()) {
      for (const auto& [column, how] : signatures()) {
        world.events.clear();
        world.now += 1;  // a share of its own for each
        world.from = net::Endpoint::from_text(address).value();
        auto zone = name.to_text();
        zone.pop_back();
        auto fresh = how;
        fresh.late = how.late == 0 ? 0 : how.late + (world.now - tests::test_time);
        std::vector<std::uint8_t> request = tests::request_for(zone + ".", RRType::AXFR);
        if (!how.key.empty()) {
          dns::TsigSession(tests::key_named(how.key, how.secret))
              .sign_request(request, world.now - fresh.late);
        }
        std::vector<std::uint8_t> out;
        const auto reply = world.handle(request, {Transport::tcp, nullptr}, out);
        if (reply.transfer != nullptr) continue;
        INFO(zone << " from " << address << " with key " << column);
        REQUIRE(world.events.size() == 1);
        const auto& event = world.events.front();
        CHECK(event.kind == server::TransferEvent::Kind::refused);
        CHECK(event.asked == "AXFR");
        CHECK(event.apex == name);
        CHECK(event.from == world.from);
        INFO(event.why);
        if (how.error == dns::TsigError::none) {
          CHECK_THAT(event.why, Catch::Contains(world.from.address().to_text()));
          CHECK_THAT(event.why,
                     Catch::Contains(rules->empty() ? "give it a provider" : "to be p it lacks"));
        } else {
          CHECK_THAT(event.why, Catch::StartsWith(dns::to_text(how.error)));
          CHECK_THAT(event.why,
                     Catch::Contains(how.error == dns::TsigError::badkey   ? "add it to keys:"
                                     : how.error == dns::TsigError::badsig ? "give both the same"
                                                                           : "NTP"));
        }
      }
    }
  }
}
