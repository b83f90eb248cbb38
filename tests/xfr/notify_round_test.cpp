#include "xfr/notify_round.hpp"

#include "dns/message.hpp"
#include "dns/tsig.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;
using xfr::NotifyRound;

namespace {

using Octet = std::uint8_t;
using Instant = NotifyRound::Instant;

constexpr std::uint16_t id = 4711;
constexpr dns::TsigTime wall = 1'700'000'000;

dns::Name name(const char* text) {
  return *dns::Name::from_text(text);
}

xfr::NotifySubject subject(std::uint32_t serial = 42) {
  return {name("example.org"),
          {name("ns1.example.org"), name("admin.example.org"), dns::Serial(serial), 1, 2, 3, 4},
          3600};
}

dns::TsigKey key() {
  return *dns::TsigKey::from_text("xfr.example:hmac-sha256:c2VjcmV0IHNlY3JldA==");
}

NotifyRound::Moment at(std::chrono::milliseconds since_start, std::uint16_t jitter = 0) {
  return {Instant{} + since_start, wall + static_cast<dns::TsigTime>(since_start.count() / 1000),
          jitter};
}

/// What a good secondary answers, changed by `change`.
std::vector<Octet> answer(const std::function<void(dns::Message&)>& change = nullptr) {
  dns::Message message;
  message.header.id = id;
  message.header.qr = true;
  message.header.opcode = dns::Opcode::notify;
  message.header.aa = true;
  message.question.push_back({name("example.org"), dns::RRType::SOA, dns::Class::IN});
  if (change) change(message);
  return *message.compose();
}

/// The answer of a secondary that has `keys` to a signed request.
std::vector<Octet> signed_answer(const std::vector<Octet>& request,
                                 const std::vector<dns::TsigKey>& keys, dns::TsigTime now,
                                 dns::Rcode rcode = dns::Rcode::noerror) {
  const auto parsed = dns::Message::parse(request);
  REQUIRE(parsed);
  REQUIRE(parsed->tsig_at);
  dns::TsigVerdict verdict;
  auto session = dns::TsigSession::check_request(request, *parsed->tsig_at, keys, now, verdict);
  REQUIRE(session);
  auto octets = answer([&](dns::Message& m) {
    m.header.rcode = verdict.error == dns::TsigError::none ? rcode : dns::Rcode::notauth;
  });
  const auto size = octets.size();
  octets.resize(size + session->max_size());
  const auto total = session->sign_answer(octets, size, now);
  REQUIRE(total);
  octets.resize(*total);
  return octets;
}

}  // namespace

TEST_CASE("a NOTIFY carries the SOA of the version", "[xfr][notify]") {
  NotifyRound round(subject(), std::nullopt, id);
  const auto step = round.on_start(at(0s));
  REQUIRE(step.send);
  const auto message = dns::Message::parse(*step.send);
  REQUIRE(message);
  CHECK(message->header.id == id);
  CHECK(message->header.opcode == dns::Opcode::notify);
  CHECK(message->header.aa);
  CHECK_FALSE(message->header.qr);
  CHECK_FALSE(message->header.rd);
  CHECK_FALSE(message->tsig_at);
  REQUIRE(message->question.size() == 1);
  CHECK(message->question[0].qname == name("example.org"));
  CHECK(message->question[0].qtype == dns::RRType::SOA);
  REQUIRE(message->answer.size() == 1);
  CHECK(message->answer[0].ttl == 3600);
  CHECK(dns::Soa::from_rdata(message->answer[0].rdata.wire())->serial == dns::Serial(42));
}

TEST_CASE("a silent secondary is told with doubled waits, and never given up", "[xfr][notify]") {
  NotifyRound round(subject(), std::nullopt, id);
  std::vector<long> waits;
  auto moment = at(0s);
  auto step = round.on_start(moment);
  for (int i = 0; i < 13; ++i) {
    REQUIRE(step.send);
    REQUIRE(step.wake);
    waits.push_back(
        std::chrono::duration_cast<std::chrono::seconds>(*step.wake - moment.now).count());
    moment.now = *step.wake;
    step = round.on_wake(moment);
  }
  CHECK(waits == std::vector<long>{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900});
  CHECK(round.tries() == 14);
  CHECK_FALSE(round.is_over());
}

TEST_CASE("jitter lengthens a wait by up to a quarter", "[xfr][notify]") {
  struct Case {
    std::uint16_t jitter;
    std::chrono::milliseconds wait;
  };
  const auto c = GENERATE(Case{0, 1000ms}, Case{0x8000, 1125ms}, Case{0xffff, 1249ms});
  NotifyRound round(subject(), std::nullopt, id);
  const auto step = round.on_start(at(0s, c.jitter));
  CHECK(step.wake == Instant{} + c.wait);
}

TEST_CASE("a wake that comes too early sends nothing", "[xfr][notify]") {
  NotifyRound round(subject(), std::nullopt, id);
  round.on_start(at(0s));
  const auto step = round.on_wake(at(999ms));
  CHECK_FALSE(step.send);
  CHECK(step.wake == Instant{} + 1s);
}

TEST_CASE("an acknowledgement ends nothing until the serial is seen", "[xfr][notify]") {
  NotifyRound round(subject(), std::nullopt, id);
  round.on_start(at(0s));
  CHECK(round.on_datagram(answer(), at(10ms)).wake == Instant{} + 1s);
  CHECK(round.acknowledged());
  CHECK(round.last_error().empty());
  CHECK(round.on_wake(at(1s)).send);
  CHECK_FALSE(round.is_over());
  CHECK_FALSE(round.on_seen(dns::Serial(42)).wake);
  CHECK(round.is_over());
  CHECK(round.waits_for(Instant{}).empty());
  CHECK_FALSE(round.on_wake(at(5s)).send);
  CHECK_FALSE(round.on_datagram(answer(), at(5s)).wake);
}

TEST_CASE("which serial ends a round follows RFC 1982", "[xfr][notify]") {
  struct Case {
    std::uint32_t told, seen;
    bool over;
  };
  const auto c = GENERATE(Case{42, 41, false}, Case{42, 42, true}, Case{42, 43, true},
                          Case{0xffff'ffff, 3, true}, Case{3, 0xffff'ffff, false},
                          Case{42, 42 + 0x8000'0000, false});
  CAPTURE(c.told, c.seen);
  NotifyRound round(subject(c.told), std::nullopt, id);
  round.on_start(at(0s));
  const auto step = round.on_seen(dns::Serial(c.seen));
  CHECK(round.is_over() == c.over);
  CHECK(step.wake.has_value() == !c.over);
}

TEST_CASE("what is no answer to this NOTIFY leaves the round as it was", "[xfr][notify]") {
  struct Case {
    const char* what;
    std::vector<Octet> octets;
  };
  const auto c = GENERATE(
      Case{"nothing", {}}, Case{"three octets", {1, 2, 3}},
      Case{"another id", answer([](auto& m) { m.header.id = id + 1; })},
      Case{"a request", answer([](auto& m) { m.header.qr = false; })},
      Case{"another opcode", answer([](auto& m) { m.header.opcode = dns::Opcode::query; })},
      Case{"another zone", answer([](auto& m) { m.question[0].qname = name("example.net"); })},
      Case{"another type", answer([](auto& m) { m.question[0].qtype = dns::RRType::A; })},
      Case{"another class", answer([](auto& m) { m.question[0].qclass = dns::Class::CH; })},
      Case{"two questions", answer([](auto& m) { m.question.push_back(m.question[0]); })},
      Case{"no question", answer([](auto& m) { m.question.clear(); })});
  INFO(c.what);
  NotifyRound round(subject(), std::nullopt, id);
  round.on_start(at(0s));
  const auto step = round.on_datagram(c.octets, at(1ms));
  CHECK_FALSE(step.send);
  CHECK(step.wake == Instant{} + 1s);
  CHECK_FALSE(round.acknowledged());
  CHECK(round.last_error().empty());
}

TEST_CASE("an answer before anything was sent is none", "[xfr][notify]") {
  NotifyRound round(subject(), std::nullopt, id);
  round.on_datagram(answer(), at(0s));
  CHECK_FALSE(round.acknowledged());
}

TEST_CASE("error rcodes become words and change nothing else", "[xfr][notify]") {
  struct Case {
    dns::Rcode rcode;
    bool with_question;
    const char* says;
  };
  const auto c = GENERATE(
      Case{dns::Rcode::refused, true, "REFUSED"}, Case{dns::Rcode::notauth, true, "NOTAUTH"},
      Case{dns::Rcode::notimp, false, "NOTIMP"}, Case{dns::Rcode::formerr, false, "FORMERR"},
      Case{dns::Rcode::servfail, true, "SERVFAIL"});
  NotifyRound round(subject(), std::nullopt, id);
  round.on_start(at(0s));
  const auto octets = answer([&](dns::Message& m) {
    m.header.rcode = c.rcode;
    if (!c.with_question) m.question.clear();
  });
  CHECK(round.on_datagram(octets, at(1ms)).wake == Instant{} + 1s);
  CHECK_FALSE(round.acknowledged());
  CHECK_THAT(round.last_error(), Catch::Contains(c.says));
  CHECK_THAT(round.waits_for(Instant{} + 1ms), Catch::Contains(c.says));
  round.on_datagram(answer(), at(2ms));
  CHECK(round.acknowledged());
  CHECK(round.last_error().empty());
}

TEST_CASE("every try is signed anew", "[xfr][notify][tsig]") {
  NotifyRound round(subject(), key(), id);
  const auto first = *round.on_start(at(0s)).send;
  const auto second = *round.on_wake(at(1s)).send;
  CHECK(first != second);
  // The second one is good at a time at which the first is not any more.
  const auto later = wall + 1 + dns::TsigSession::default_fudge;
  for (const auto& [octets, want] :
       {std::pair(first, dns::TsigError::badtime), std::pair(second, dns::TsigError::none)}) {
    dns::TsigVerdict verdict;
    const auto parsed = dns::Message::parse(octets);
    REQUIRE(parsed);
    REQUIRE(parsed->tsig_at);
    REQUIRE(dns::TsigSession::check_request(octets, *parsed->tsig_at, {key()}, later, verdict));
    CHECK(verdict.error == want);
  }
}

TEST_CASE("a signed NOTIFY wants a signed acknowledgement", "[xfr][notify][tsig]") {
  NotifyRound round(subject(), key(), id);
  const auto request = *round.on_start(at(0s)).send;

  SECTION("signed with the key") {
    round.on_datagram(signed_answer(request, {key()}, wall), at(1ms));
    CHECK(round.acknowledged());
  }
  SECTION("unsigned") {
    CHECK(round.on_datagram(answer(), at(1ms)).wake == Instant{} + 1s);
    CHECK_FALSE(round.acknowledged());
    CHECK_THAT(round.last_error(), Catch::Contains("TSIG"));
  }
  SECTION("by a secondary that does not know the key") {
    round.on_datagram(signed_answer(request, {}, wall), at(1ms));
    CHECK_FALSE(round.acknowledged());
    CHECK_THAT(round.last_error(), Catch::Contains("NOTAUTH"));
  }
  SECTION("signed REFUSED") {
    round.on_datagram(signed_answer(request, {key()}, wall, dns::Rcode::refused), at(1ms));
    CHECK_FALSE(round.acknowledged());
    CHECK_THAT(round.last_error(), Catch::StartsWith("REFUSED"));
  }
}

TEST_CASE("a round says what it waits for", "[xfr][notify]") {
  NotifyRound round(subject(), std::nullopt, id);
  CHECK(round.waits_for(Instant{}) == "NOTIFY is about to be sent; waiting to see serial 42");
  round.on_start(at(0s));
  CHECK(round.waits_for(Instant{}) ==
        "NOTIFY sent once, not answered; waiting to see serial 42, next try in 1 s");
  round.on_wake(at(1s));
  round.on_wake(at(3s));
  round.on_wake(at(7s));
  round.on_datagram(answer(), at(7s));
  CHECK(round.waits_for(Instant{} + 7s) ==
        "NOTIFY sent 4 times, acknowledged; waiting to see serial 42, next try in 8 s");
  round.on_send_failed("no route to host");
  CHECK_THAT(round.waits_for(Instant{} + 7s), Catch::Contains("no route to host"));
}

TEST_CASE("the largest SOA still goes out", "[xfr][notify]") {
  std::string label(63, 'a');
  const auto longest =
      name((label + "." + label + "." + label + "." + std::string(61, 'b')).c_str());
  auto large = subject();
  large.apex = longest;
  large.soa.mname =
      name((std::string(63, 'c') + "." + label + "." + label + "." + std::string(61, 'd')).c_str());
  large.soa.rname =
      name((std::string(63, 'e') + "." + label + "." + label + "." + std::string(61, 'f')).c_str());
  NotifyRound round(large, key(), id);
  CHECK(round.on_start(at(0s)).send);
  CHECK(round.last_error().empty());
}
