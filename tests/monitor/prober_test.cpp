#include "monitor/prober.hpp"

#include "monitor/serial_survey.hpp"

#include "dns/message.hpp"
#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "net/loop.hpp"
#include "net/tcp_listener.hpp"
#include "net/tcp_stream.hpp"
#include "net/timer.hpp"
#include "net/udp_socket.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;
using monitor::Expectation;
using monitor::Observation;
using monitor::Prober;
using monitor::State;
using zonestore::ZoneVersion;

namespace {

const dns::Name apex = *dns::Name::from_text("example.org");

dns::Name name(const std::string& text) {
  return *dns::Name::from_text(text, apex);
}

dns::RRset rrset(const std::string& owner, dns::RRType type, const std::string& value) {
  return {name(owner), type, 300, {*dns::rdata_from_text(type, value, apex)}};
}

std::shared_ptr<const ZoneVersion> zone(std::uint32_t serial, const std::string& address,
                                        int hosts = 3) {
  zonestore::ZoneBuilder builder(apex);
  builder.put(rrset("@", dns::RRType::SOA, "ns1 admin " + std::to_string(serial) + " 1 2 3 4"));
  builder.put(rrset("@", dns::RRType::NS, "ns1"));
  builder.put(rrset("sub", dns::RRType::NS, "ns.sub"));
  builder.put(rrset("ns.sub", dns::RRType::A, "192.0.2.77"));
  builder.put(rrset("*.wild", dns::RRType::TXT, "\"any\""));
  for (int i = 0; i < hosts; ++i) {
    builder.put(rrset("h" + std::to_string(i), dns::RRType::A, address));
  }
  return *builder.finish();
}

void append(std::vector<dns::Record>& section, const dns::RRset& set) {
  for (const auto& rdata : set.rdata) {
    section.push_back({set.owner, set.type, dns::Class::IN, set.ttl, rdata});
  }
}

/// Answers as far as the zones of these tests need it.
dns::Message answer_from(const ZoneVersion& version, const dns::Message& query) {
  dns::Message answer = query;
  const auto& question = query.question.at(0);
  answer.header.qr = true;
  const auto found = version.lookup(question.qname.wire());
  if (found.delegation != nullptr) {
    const auto owner = found.delegation->owner(apex);
    append(answer.authority, *version.find(owner, dns::RRType::NS));
    return answer;
  }
  answer.header.aa = true;
  if (found.exact == nullptr) answer.header.rcode = dns::Rcode::nxdomain;
  if (const auto set = version.find(question.qname, question.qtype)) append(answer.answer, *set);
  return answer;
}

/// A nameserver of one zone on loopback, UDP and TCP, that misbehaves on demand.
class FakeServer {
 public:
  explicit FakeServer(net::Loop& loop) {
    listener_ = std::move(*net::TcpListener::open(
        loop, *net::Endpoint::from_text("127.0.0.1:0"), {},
        [this](std::unique_ptr<net::TcpStream> stream) { on_accept(std::move(stream)); }));
    socket_ = std::move(*net::UdpSocket::open(
        loop, listener_->local(),
        [this](Octets datagram, const net::Endpoint& from) { on_datagram(datagram, from); }));
  }

  monitor::Nameserver nameserver(const std::string& zone_name = "example.org") const {
    return {*dns::Name::from_text(zone_name), "provider", "ns1.example.", listener_->local()};
  }

  std::shared_ptr<const ZoneVersion> serves;
  int asked = 0;
  int asked_over_tcp = 0;
  std::set<std::uint16_t> ports;  ///< that queries came from
  int silent_for = 0;             ///< so many queries
  bool always_silent = false;
  bool wrong_id = false;
  bool truncate = false;
  std::optional<dns::Rcode> rcode;

 private:
  dns::Message reply(const dns::Message& query) const {
    auto answer = answer_from(*serves, query);
    if (rcode) answer.header.rcode = *rcode;
    if (rcode) answer.answer.clear();
    return answer;
  }

  void on_datagram(Octets datagram, const net::Endpoint& from) {
    ++asked;
    ports.insert(from.port());
    const auto query = dns::Message::parse(datagram);
    if (!query || always_silent || silent_for-- > 0) return;
    auto answer = reply(*query);
    if (wrong_id) ++answer.header.id;
    if (truncate) {
      answer.answer.clear();
      answer.header.tc = true;
    }
    socket_->send(*answer.compose(), from);
  }

  void on_accept(std::unique_ptr<net::TcpStream> stream) {
    net::TcpStream* const peer = stream.get();
    streams_.push_back(std::move(stream));
    peer->start(
        [this, peer](Octets octets) {
          if (octets.size() < 2) return;
          const auto query = dns::Message::parse(octets.subspan(2));
          if (!query) return;
          ++asked_over_tcp;
          const auto whole = *reply(*query).compose();
          // In two pieces, as a network may bring it.
          std::vector<std::uint8_t> head = {static_cast<std::uint8_t>(whole.size() >> 8)};
          std::vector<std::uint8_t> rest = {static_cast<std::uint8_t>(whole.size() & 0xff)};
          rest.insert(rest.end(), whole.begin(), whole.end());
          peer->write(head);
          peer->write(rest);
        },
        [](net::TcpEnd) {});
  }

  std::unique_ptr<net::TcpListener> listener_;
  std::unique_ptr<net::UdpSocket> socket_;
  std::vector<std::unique_ptr<net::TcpStream>> streams_;
};

bool run_until(net::Loop& loop, const std::function<bool()>& reached) {
  const auto deadline = net::Loop::now() + 10s;
  bool ok = false;
  std::unique_ptr<net::Timer> timer;
  timer = std::make_unique<net::Timer>(loop, [&] {
    ok = reached();
    if (ok || net::Loop::now() > deadline) return loop.stop();
    timer->set_after(1ms);
  });
  timer->set_after(0ms);
  loop.run();
  return ok;
}

void run_for(net::Loop& loop, std::chrono::milliseconds time) {
  const auto end = net::Loop::now() + time;
  run_until(loop, [&] { return net::Loop::now() >= end; });
}

Expectation wants(std::uint32_t serial) {
  Expectation expected;
  expected.serial = dns::Serial(serial);
  return expected;
}

Prober::Options quick() {
  Prober::Options options;
  options.probe.udp_timeout = 200ms;
  options.probe.tcp_timeout = 500ms;
  return options;
}

struct House {
  net::Loop loop;
  FakeServer server{loop};
  Prober prober{loop, quick()};
  std::vector<Observation> seen;

  House() {
    server.serves = zone(42, "192.0.2.1");
    prober.on_observed([this](const Observation& observation) { seen.push_back(observation); });
  }
  bool sees(State verdict) {
    return run_until(loop, [&] { return !seen.empty() && seen.back().verdict == verdict; });
  }
};

}  // namespace

TEST_CASE("a nameserver is watched until it serves what is wanted", "[monitor][prober]") {
  House house;
  house.prober.watch(house.server.nameserver(), wants(43));
  REQUIRE(run_until(house.loop, [&] { return house.seen.size() >= 3; }));
  CHECK(house.seen.back().verdict == State::behind);
  CHECK(house.seen.back().serial == dns::Serial(42));
  house.server.serves = zone(43, "192.0.2.1");
  REQUIRE(house.sees(State::in_sync));
  CHECK(house.seen.back().nameserver == house.server.nameserver());
  CHECK(house.server.ports.size() > 1);

  // Now nothing happens until the interval is over, or something new is wanted.
  const auto looks = house.server.asked;
  run_for(house.loop, 60ms);
  CHECK(house.server.asked == looks);
  house.prober.look_now(apex);
  REQUIRE(run_until(house.loop, [&] { return house.server.asked > looks; }));
  house.prober.watch(house.server.nameserver(), wants(44));
  REQUIRE(house.sees(State::behind));
}

TEST_CASE("what a nameserver may answer", "[monitor][prober]") {
  House house;
  auto& server = house.server;
  SECTION("after two tries") {
    server.silent_for = 2;
    house.prober.watch(server.nameserver(), wants(42));
    REQUIRE(house.sees(State::in_sync));
    CHECK(house.seen.size() == 1);
    CHECK(server.asked == 3);
  }
  SECTION("never") {
    server.always_silent = true;
    house.prober.watch(server.nameserver(), wants(42));
    REQUIRE(house.sees(State::unreachable));
    CHECK_THAT(house.seen.back().detail, Catch::Contains("no answer"));
    server.always_silent = false;
    REQUIRE(house.sees(State::in_sync));
  }
  SECTION("with another id") {
    server.wrong_id = true;
    house.prober.watch(server.nameserver(), wants(42));
    REQUIRE(house.sees(State::unreachable));
  }
  SECTION("REFUSED") {
    server.rcode = dns::Rcode::refused;
    house.prober.watch(server.nameserver(), wants(42));
    REQUIRE(house.sees(State::unreachable));
    CHECK_THAT(house.seen.back().detail, Catch::Contains("REFUSED"));
  }
  SECTION("truncated, and whole over TCP") {
    server.truncate = true;
    house.prober.watch(server.nameserver(), wants(42));
    REQUIRE(house.sees(State::in_sync));
    CHECK(server.asked_over_tcp >= 1);
  }
  SECTION("a serial ahead of ours") {
    house.prober.watch(server.nameserver(), wants(41));
    REQUIRE(house.sees(State::ahead));
  }
}

TEST_CASE("a port where nobody listens is unreachable", "[monitor][prober]") {
  House house;
  auto nobody = house.server.nameserver();
  {
    FakeServer gone(house.loop);
    nobody = gone.nameserver();
  }
  house.prober.watch(nobody, wants(42));
  REQUIRE(house.sees(State::unreachable));
  CHECK_THAT(house.seen.back().detail, Catch::Contains("refused"));
}

TEST_CASE("an address that cannot be reached is unreachable", "[monitor][prober]") {
  House house;
  auto nowhere = house.server.nameserver();
  nowhere.endpoint = *net::Endpoint::from_text("255.255.255.255:53");
  house.prober.watch(nowhere, wants(42));
  REQUIRE(house.sees(State::unreachable));
  CHECK_FALSE(house.seen.back().detail.empty());
}

TEST_CASE("where the serial is not ours the data decides", "[monitor][prober]") {
  House house;
  const auto before = zone(1, "192.0.2.1");
  const auto after = zone(2, "192.0.2.9");
  Expectation expected;
  expected.answers = std::make_shared<const std::vector<monitor::ExpectedAnswer>>(
      monitor::expect_changes(*after, changes_between(*before, *after),
                              {.max_rrsets = 10, .provider_owns_apex = true}));
  REQUIRE(expected.answers->size() == 3);
  house.server.serves = zone(900, "192.0.2.1");
  house.prober.watch(house.server.nameserver(), expected);
  REQUIRE(house.sees(State::behind));
  house.server.serves = zone(900, "192.0.2.9");
  REQUIRE(house.sees(State::in_sync));
  house.server.serves = zone(901, "192.0.2.66");
  house.prober.look_now(apex);
  REQUIRE(house.sees(State::wrong_data));
  CHECK_THAT(house.seen.back().detail, Catch::Contains("got 192.0.2.66"));
}

TEST_CASE("a storm of changes is not a storm of probes, and the newest counts",
          "[monitor][prober]") {
  House house;
  house.server.serves = zone(1000, "192.0.2.1");
  const auto start = net::Loop::now();
  std::uint32_t serial = 0;
  REQUIRE(run_until(house.loop, [&] {
    if (serial < 1000) house.prober.watch(house.server.nameserver(), wants(++serial));
    return serial == 1000 && !house.seen.empty() && house.seen.back().verdict == State::in_sync;
  }));
  const auto took = net::Loop::now() - start;
  CHECK(house.server.asked <= took / 20ms + 3);
  CHECK(house.seen.back().wanted == dns::Serial(1000));
}

TEST_CASE("nameservers that nobody watches are asked no more", "[monitor][prober]") {
  House house;
  house.server.always_silent = true;
  house.prober.watch(house.server.nameserver(), wants(42));
  house.prober.watch(house.server.nameserver("example.net"), wants(42));
  REQUIRE(run_until(house.loop, [&] { return house.server.asked >= 2; }));
  CHECK(house.prober.outstanding() == 2);
  SECTION("one of them") {
    house.prober.unwatch(house.server.nameserver("example.net"));
    CHECK(house.prober.outstanding() == 1);
  }
  SECTION("all of a zone") {
    house.prober.unwatch(apex);
    CHECK(house.prober.outstanding() == 1);
    CHECK(house.prober.watched() == 1);
  }
  SECTION("out of a callback") {
    house.prober.on_observed([&](const Observation& seen) {
      house.seen.push_back(seen);
      house.prober.unwatch(seen.nameserver);
    });
    REQUIRE(run_until(house.loop, [&] { return house.prober.watched() == 0; }));
    CHECK(house.prober.outstanding() == 0);
  }
}

TEST_CASE("a dead nameserver keeps nobody from seeing the others", "[monitor][prober]") {
  net::Loop loop;
  FakeServer dead(loop);
  dead.always_silent = true;
  FakeServer good(loop);
  good.serves = zone(42, "192.0.2.1");
  auto options = quick();
  options.max_outstanding = 20;
  options.max_per_endpoint = 4;
  options.probe.udp_timeout = 2s;
  Prober prober(loop, options);
  std::size_t seen = 0;
  prober.on_observed([&](const Observation&) { ++seen; });
  for (int i = 0; i < 500; ++i) {
    prober.watch(dead.nameserver("z" + std::to_string(i) + ".example"), wants(42));
  }
  prober.watch(good.nameserver(), wants(42));
  REQUIRE(run_until(loop, [&] { return seen == 1; }));
  CHECK(prober.outstanding() == 4);
  CHECK(dead.asked == 4);

  // Those who wait for a place get it when others leave theirs, asked or not.
  for (int i = 0; i < 400; ++i) {
    prober.unwatch(dead.nameserver("z" + std::to_string(i) + ".example"));
  }
  REQUIRE(run_until(loop, [&] { return dead.asked >= 8; }));
  CHECK(prober.outstanding() == 4);
}

TEST_CASE("thousands of nameservers are looked at in their turn", "[monitor][prober]") {
  net::Loop loop;
  FakeServer server(loop);
  server.serves = zone(42, "192.0.2.1");
  auto options = quick();
  options.max_outstanding = 8;
  Prober prober(loop, options);
  std::set<std::string> seen;
  prober.on_observed([&](const Observation& o) { seen.insert(o.nameserver.provider); });
  for (int i = 0; i < 2000; ++i) {
    auto nameserver = server.nameserver();
    nameserver.provider = "p" + std::to_string(i);
    prober.watch(nameserver, wants(42));
  }
  REQUIRE(run_until(loop, [&] { return seen.size() == 2000; }));
  CHECK(prober.outstanding() == 0);
}

TEST_CASE("a whole zone is verified at one nameserver", "[monitor][prober]") {
  House house;
  const auto version = zone(42, "192.0.2.1", 300);
  std::optional<monitor::Verification> done;
  const auto verify = [&](monitor::VerifyOptions options) {
    done.reset();
    house.prober.verify(house.server.nameserver(), version, options,
                        [&](const monitor::Verification& verification) { done = verification; });
    REQUIRE(run_until(house.loop, [&] { return done.has_value(); }));
  };

  SECTION("that serves it") {
    house.server.serves = version;
    verify({});
    CHECK(done->is_good());
    CHECK(done->in_zone == 304);
    CHECK(done->result.compared == 305);  // and the name that must not exist
    CHECK(done->result.matched == 305);
    CHECK_FALSE(done->is_sample);
  }
  SECTION("by a sample") {
    house.server.serves = version;
    verify({.max_rrsets = 20});
    CHECK(done->is_good());
    CHECK(done->is_sample);
    CHECK(done->in_zone == 304);
    CHECK(done->result.compared == 21);
  }
  SECTION("that serves other data") {
    house.server.serves = zone(42, "192.0.2.9", 290);
    verify({});
    CHECK_FALSE(done->is_good());
    CHECK(done->observation.verdict == State::wrong_data);
    CHECK(done->result.compared == 305);
    CHECK(done->result.matched == 5);
    CHECK(done->result.missing.size() == 10);
  }
  SECTION("that serves an older version") {
    house.server.serves = zone(41, "192.0.2.1", 300);
    verify({});
    CHECK(done->observation.verdict == State::behind);
    CHECK(done->result.different.size() == 1);  // the SOA
  }
  SECTION("that is silent") {
    house.server.always_silent = true;
    verify({});
    CHECK(done->observation.verdict == State::unreachable);
    CHECK_FALSE(done->is_good());
  }
}

TEST_CASE("verifications wait for their turn, and end with the prober", "[monitor][prober]") {
  House house;
  const auto version = zone(42, "192.0.2.1", 50);
  house.server.serves = version;
  int done = 0;
  {
    Prober prober(house.loop, quick());
    for (int i = 0; i < 30; ++i) {
      prober.verify(house.server.nameserver(), version, {},
                    [&](const monitor::Verification& v) { done += v.is_good() ? 1 : 0; });
    }
    REQUIRE(run_until(house.loop, [&] { return done == 30; }));
    prober.verify(house.server.nameserver(), version, {},
                  [&](const monitor::Verification&) { ++done; });
  }
  run_for(house.loop, 20ms);
  CHECK(done == 30);
}

namespace {

using monitor::SerialSurvey;

SerialSurvey::Options brief() {
  SerialSurvey::Options options;
  options.probe.udp_timeout = 100ms;
  return options;
}

SerialSurvey::Zone asked(const std::string& zone_name, std::vector<net::Endpoint> endpoints) {
  return {*dns::Name::from_text(zone_name), std::move(endpoints), std::nullopt, {}, false, 0};
}

/// Runs a survey to its end.
std::vector<SerialSurvey::Zone> survey(net::Loop& loop, std::vector<SerialSurvey::Zone> zones,
                                       SerialSurvey::Options options = brief()) {
  std::optional<std::vector<SerialSurvey::Zone>> result;
  const SerialSurvey running(loop, std::move(zones), options,
                             [&](auto seen) { result = std::move(seen); });
  REQUIRE(run_until(loop, [&] { return result.has_value(); }));
  return *result;
}

}  // namespace

TEST_CASE("a survey finds the highest serial of all who answer", "[monitor][survey]") {
  net::Loop loop;
  FakeServer low(loop);
  FakeServer high(loop);
  FakeServer silent(loop);
  FakeServer refuses(loop);
  low.serves = zone(0xffff'fff0, "192.0.2.1");
  high.serves = zone(5, "192.0.2.1");  // ahead of it by RFC 1982
  silent.always_silent = true;
  refuses.serves = low.serves;
  refuses.rcode = dns::Rcode::refused;
  const auto at = [](const FakeServer& server) { return server.nameserver().endpoint; };
  const auto seen =
      survey(loop, {asked("example.org", {at(low), at(silent), at(high), at(refuses)}),
                    asked("example.org", {at(silent)}), asked("example.org", {})});
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].highest == dns::Serial(5));
  CHECK(seen[0].holder == at(high));
  CHECK(seen[0].answers == 2);
  CHECK_FALSE(seen[0].has_unordered);
  CHECK_FALSE(seen[1].highest);
  CHECK_FALSE(seen[2].highest);

  high.serves = zone(0x7fff'fff0, "192.0.2.1");  // 2^31 away
  CHECK(survey(loop, {asked("example.org", {at(low), at(high)})})[0].has_unordered);
}

TEST_CASE("a survey gives a silent server up, however many zones it should have",
          "[monitor][survey]") {
  net::Loop loop;
  FakeServer silent(loop);
  FakeServer good(loop);
  silent.always_silent = true;
  good.serves = zone(7, "192.0.2.1");
  std::vector<SerialSurvey::Zone> zones;
  for (int i = 0; i < 2000; ++i) {
    zones.push_back(
        asked("example.org", {silent.nameserver().endpoint, good.nameserver().endpoint}));
  }
  const auto began = net::Loop::now();
  const auto seen = survey(loop, std::move(zones));
  CHECK(net::Loop::now() - began < 8s);
  CHECK(silent.asked <= 2 * 64);
  CHECK(good.asked == 2000);
  for (const auto& one : seen) REQUIRE(one.highest == dns::Serial(7));
}

TEST_CASE("a survey is over when its time is, and may be destroyed before", "[monitor][survey]") {
  net::Loop loop;
  FakeServer silent(loop);
  silent.always_silent = true;
  auto options = brief();
  options.probe.udp_timeout = 60s;
  options.longest = 50ms;
  const auto zones = [&] {
    return std::vector{asked("example.org", {silent.nameserver().endpoint})};
  };
  CHECK_FALSE(survey(loop, zones(), options)[0].highest);
  {
    const SerialSurvey running(loop, zones(), options, [](auto) { FAIL("it is gone"); });
  }
  run_for(loop, 100ms);
  // It may be destroyed in its own call.
  std::unique_ptr<SerialSurvey> own;
  bool over = false;
  own = std::make_unique<SerialSurvey>(loop, zones(), options, [&](auto) {
    own.reset();
    over = true;
  });
  CHECK(run_until(loop, [&] { return over; }));
}
