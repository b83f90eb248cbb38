#include "xfr/follower.hpp"

#include "dns/presentation.hpp"
#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::tests;
using namespace std::chrono_literals;
using dns::Rcode;
using dns::RRType;
using dns::Serial;
using xfr::Follower;

namespace {

const auto start = Follower::Instant{} + 100h;
const dns::TsigKey key{name_of("k.example."), dns::TsigAlgorithm::hmac_sha256,
                       Secret("0123456789abcdef0123456789abcdef")};

dns::Soa soa(std::uint32_t serial, std::uint32_t refresh = 600, std::uint32_t retry = 60,
             std::uint32_t expire = 3600) {
  return {name_of("ns.example."), name_of("h.example."), Serial(serial), refresh, retry, expire, 5};
}

/// A follower with a clock, whose steps are looked at one by one.
struct Play {
  explicit Play(std::size_t primaries = 1, std::optional<dns::TsigKey> with = std::nullopt)
      : follower(name_of("example."), servers(primaries, with)) {}

  static std::vector<Follower::Primary> servers(std::size_t count,
                                                const std::optional<dns::TsigKey>& with) {
    return std::vector<Follower::Primary>(count, Follower::Primary{"192.0.2.1:53", with});
  }
  Follower::Moment moment() { return {now, 1'800'000'000, dice}; }

  /// The answer to the question that was asked last.
  std::vector<std::uint8_t> answer(const Follower::Step& step,
                                   const std::function<void(dns::Message&)>& shape) {
    auto message = dns::Message::parse(step.ask->octets).value();
    message.header.qr = true;
    message.header.aa = true;
    message.edns.reset();
    shape(message);
    return message.compose().value();
  }
  Follower::Step answers(const Follower::Step& step, std::uint32_t serial) {
    return follower.on_answer(
        answer(step,
               [&](dns::Message& m) {
                 m.answer.push_back({name_of("EXAMPLE."), RRType::SOA, dns::Class::IN, 60,
                                     soa(serial).to_rdata()});
               }),
        moment());
  }
  /// Has serial 7 and waits.
  void have(std::uint32_t serial = 7) {
    follower.begin_with(soa(serial), now);
    auto step = follower.look_now(moment());
    answers(step, serial);
    REQUIRE(follower.is_idle());
  }

  Follower::Instant now = start;
  std::uint32_t dice = 0;
  Follower follower;
};

}  // namespace

TEST_CASE("a follower without anything takes the whole zone", "[xfr][follower]") {
  Play play;
  auto step = play.follower.on_wake(play.moment());
  REQUIRE(step.ask);
  CHECK_FALSE(step.ask->tcp);
  const auto asked = dns::Message::parse(step.ask->octets).value();
  CHECK(asked.question.at(0) == dns::Question{name_of("example."), RRType::SOA, dns::Class::IN});
  step = play.answers(step, 7);
  REQUIRE(step.fetch);
  CHECK(step.fetch->whole);
  CHECK_FALSE(step.wake);
  step = play.follower.on_fetched(soa(7), play.moment());
  play.follower.taken(soa(7));
  CHECK(play.follower.is_idle());
  CHECK(play.follower.have()->serial == Serial(7));
  CHECK(play.follower.failures() == 0);
}

TEST_CASE("a newer serial asks for the differences, the same one for nothing", "[xfr][follower]") {
  Play play;
  play.have();
  CHECK(play.follower.next() == start + 600s);
  CHECK(play.follower.expiry() == start + 3600s);
  play.now += 600s;
  auto step = play.follower.on_wake(play.moment());
  step = play.answers(step, 7);
  CHECK_FALSE(step.fetch);
  CHECK(step.wake == play.now + 600s);
  CHECK(play.follower.expiry() == play.now + 3600s);
  play.now += 600s;
  step = play.answers(play.follower.on_wake(play.moment()), 9);
  REQUIRE(step.fetch);
  CHECK_FALSE(step.fetch->whole);

  SECTION("differences that cannot be had lead to the whole zone, once") {
    step = play.follower.on_fetch_failed({Errc::conflict, "no fit"}, play.moment());
    REQUIRE(step.fetch);
    CHECK(step.fetch->whole);
    step = play.follower.on_fetch_failed({Errc::bad_answer, "half"}, play.moment());
    CHECK_FALSE(step.fetch);
    CHECK(step.wake == play.now + 60s);
    CHECK(play.follower.standings()[0].error.find("half") != std::string::npos);
  }
  SECTION("a primary that cannot be reached gives no whole zone either") {
    step = play.follower.on_fetch_failed({Errc::timed_out, "silent"}, play.moment());
    CHECK_FALSE(step.fetch);
    CHECK(play.follower.failures() == 1);
  }
  SECTION("what was received and not taken is not asked for again") {
    play.follower.on_fetched(soa(9), play.moment());
    play.now += 600s;
    step = play.answers(play.follower.on_wake(play.moment()), 9);
    CHECK_FALSE(step.fetch);
    CHECK(play.follower.failures() == 0);
    play.now += 600s;
    step = play.answers(play.follower.on_wake(play.moment()), 10);
    CHECK(step.fetch);
  }
}

TEST_CASE("serials compare on their circle", "[xfr][follower]") {
  Play play;
  play.have(0xffff'fff0);
  auto step = play.answers(play.follower.look_now(play.moment()), 5);
  CHECK(step.fetch);
}

TEST_CASE("silence is asked three times, then by TCP, then it is a failure", "[xfr][follower]") {
  Play play;
  play.have();
  auto step = play.follower.look_now(play.moment());
  for (int tries = 1; tries < 3; ++tries) {
    play.now = *step.wake;
    step = play.follower.on_wake(play.moment());
    REQUIRE(step.ask);
    CHECK_FALSE(step.ask->tcp);
  }
  play.now = *step.wake;
  step = play.follower.on_wake(play.moment());
  REQUIRE(step.ask);
  CHECK(step.ask->tcp);
  play.now = *step.wake;
  step = play.follower.on_wake(play.moment());
  CHECK_FALSE(step.ask);
  CHECK(play.follower.failures() == 1);
  CHECK(step.wake == play.now + 60s);
  // Retries become rarer, up to REFRESH.
  std::vector<std::chrono::seconds> waits;
  for (int i = 0; i < 6; ++i) {
    play.now = *play.follower.next();
    step = play.follower.on_wake(play.moment());
    step = play.follower.on_ask_failed("refused", play.moment());
    step = play.follower.on_ask_failed("refused", play.moment());
    waits.push_back(
        std::chrono::duration_cast<std::chrono::seconds>(*play.follower.next() - play.now));
  }
  CHECK(waits == std::vector<std::chrono::seconds>{120s, 240s, 480s, 600s, 600s, 600s});
}

TEST_CASE("a zone expires, and is good again when a primary is heard", "[xfr][follower]") {
  Play play;
  play.have();
  play.now = start + 3599s;
  CHECK_FALSE(play.follower.is_expired(play.now));
  play.now = start + 3600s;
  CHECK(play.follower.is_expired(play.now));
  const auto step = play.follower.look_now(play.moment());
  play.answers(step, 7);
  CHECK_FALSE(play.follower.is_expired(play.now));
}

TEST_CASE("the moment of expiry is one to wake at", "[xfr][follower]") {
  Play play;
  play.follower.begin_with(soa(7, 600, 600, 1201), start);
  auto step = play.follower.look_now(play.moment());
  step = play.follower.on_ask_failed("no route", play.moment());
  step = play.follower.on_ask_failed("no route", play.moment());
  CHECK(step.wake == start + 600s);
  play.now += 600s;
  play.follower.on_wake(play.moment());
  play.follower.on_ask_failed("no route", play.moment());
  step = play.follower.on_ask_failed("no route", play.moment());
  CHECK(step.wake == start + 1200s);
  play.now = start + 1200s;
  play.follower.on_wake(play.moment());
  play.follower.on_ask_failed("no route", play.moment());
  step = play.follower.on_ask_failed("no route", play.moment());
  CHECK(step.wake == start + 1201s);
}

TEST_CASE("answers that are none are ignored", "[xfr][follower]") {
  Play play;
  play.have();
  const auto step = play.follower.look_now(play.moment());
  const auto ignored = [&](const std::function<void(dns::Message&)>& shape) {
    const auto after = play.follower.on_answer(play.answer(step, shape), play.moment());
    CHECK_FALSE(after.ask);
    CHECK_FALSE(after.fetch);
    CHECK_FALSE(play.follower.is_idle());
  };
  ignored([](auto& m) { m.header.id ^= 1; });
  ignored([](auto& m) { m.header.qr = false; });
  ignored([](auto& m) { m.question.clear(); });
  ignored([](auto& m) { m.question[0].qtype = RRType::NS; });
  ignored([](auto& m) { m.header.opcode = dns::Opcode::notify; });
  play.follower.on_answer(Octets(), play.moment());
  CHECK_FALSE(play.follower.is_idle());
  // An answer that is one, and says no.
  const auto refuse = [](auto& m) { m.header.rcode = Rcode::refused; };
  const auto again = play.follower.on_answer(play.answer(step, refuse), play.moment());
  REQUIRE(again.ask);
  CHECK(again.ask->tcp);
  play.follower.on_answer(play.answer(again, refuse), play.moment());
  CHECK(play.follower.is_idle());
  CHECK(play.follower.standings()[0].error.find("REFUSED") != std::string::npos);
}

TEST_CASE("a truncated answer is asked for by TCP", "[xfr][follower]") {
  Play play;
  play.have();
  auto step = play.follower.look_now(play.moment());
  step = play.follower.on_answer(play.answer(step, [](auto& m) { m.header.tc = true; }),
                                 play.moment());
  REQUIRE(step.ask);
  CHECK(step.ask->tcp);
}

TEST_CASE("the next primary is asked where one fails", "[xfr][follower]") {
  Play play(3);
  play.have();
  auto step = play.follower.look_now(play.moment());
  CHECK(step.ask->primary == 0);
  for (int i = 0; i < 2; ++i) {  // by UDP and by TCP
    step = play.follower.on_answer(
        play.answer(step, [](auto& m) { m.header.rcode = Rcode::servfail; }), play.moment());
  }
  REQUIRE(step.ask);
  CHECK(step.ask->primary == 1);
  step = play.answers(step, 5);  // behind
  REQUIRE(step.ask);
  CHECK(step.ask->primary == 2);
  step = play.answers(step, 8);
  REQUIRE(step.fetch);
  CHECK(step.fetch->primary == 2);
  play.follower.on_fetched(soa(8), play.moment());
  CHECK(play.follower.failures() == 0);
  CHECK(play.follower.standings()[1].error.find("not ahead of 7") != std::string::npos);
  CHECK(play.follower.standings()[1].cure.find("above 7") != std::string::npos);
}

TEST_CASE("all primaries behind is a failure, but no expiry", "[xfr][follower]") {
  Play play;
  play.have();
  play.now += 600s;
  play.answers(play.follower.on_wake(play.moment()), 3);
  CHECK(play.follower.failures() == 1);
  CHECK(play.follower.expiry() == play.now + 3600s);

  SECTION("whoever wants it all the same gets it") {
    const auto step = play.answers(play.follower.look_now(play.moment(), true), 3);
    REQUIRE(step.fetch);
    CHECK(step.fetch->whole);
  }
}

TEST_CASE("NOTIFY sets off a look at its sender", "[xfr][follower]") {
  Play play(2);
  play.have();
  play.now += 10s;
  auto step = play.follower.on_notify(1, Serial(8), play.moment());
  REQUIRE(step.ask);
  CHECK(step.ask->primary == 1);

  SECTION("a serial that is not new does not") {
    play.answers(step, 8);
    play.follower.on_fetched(soa(8), play.moment());
    play.follower.taken(soa(8));
    play.now += 1s;
    CHECK_FALSE(play.follower.on_notify(0, Serial(8), play.moment()).ask);
    CHECK_FALSE(play.follower.on_notify(0, Serial(6), play.moment()).ask);
    CHECK(play.follower.on_notify(0, std::nullopt, play.moment()).ask);
  }
  SECTION("what was announced and is not there yet is asked for again soon") {
    step = play.answers(step, 7);
    CHECK(step.ask->primary == 0);
    step = play.answers(step, 7);
    CHECK(step.wake == play.now + 1s);
    play.now += 1s;
    step = play.answers(play.follower.on_wake(play.moment()), 7);
    CHECK(step.wake == play.now + 600s);
  }
  SECTION("a storm of them is one more look") {
    for (int i = 0; i < 1000; ++i) {
      CHECK_FALSE(play.follower.on_notify(0, Serial(9), play.moment()).ask);
    }
    play.answers(step, 8);
    step = play.follower.on_fetched(soa(8), play.moment());
    CHECK(play.follower.looks() == 2);
    CHECK(*step.wake <= play.now + 1s);
  }
}

TEST_CASE("with a key an unsigned answer is no answer to be believed", "[xfr][follower]") {
  Play play(1, key);
  play.follower.begin_with(soa(7), start);
  auto step = play.follower.look_now(play.moment());
  CHECK(dns::Message::parse(step.ask->octets).value().tsig_at);

  SECTION("unsigned") {
    step = play.answers(step, 8);
    CHECK(step.ask->tcp);
    play.answers(step, 8);
    CHECK(play.follower.failures() == 1);
    CHECK(play.follower.standings()[0].error.find("TSIG") != std::string::npos);
  }
  SECTION("signed") {
    dns::Query query;
    REQUIRE(dns::Query::parse(step.ask->octets, query) == dns::Query::Trouble::none);
    dns::TsigVerdict verdict;
    auto session = dns::TsigSession::check_request(step.ask->octets, query.tsig_at, {key},
                                                   1'800'000'000, verdict)
                       .value();
    auto octets = play.answer(step, [](dns::Message& m) {
      m.answer.push_back({name_of("example."), RRType::SOA, dns::Class::IN, 60, soa(8).to_rdata()});
    });
    const auto size = octets.size();
    octets.resize(size + session.max_size());
    octets.resize(session.sign_answer(octets, size, 1'800'000'000).value());
    CHECK(play.follower.on_answer(octets, play.moment()).fetch);
  }
}

TEST_CASE("timers keep to their bounds", "[xfr][follower]") {
  xfr::RefreshTimers timers({30s, 1h});
  CHECK(timers.on_failure(0) == 2s);
  CHECK(timers.on_failure(0) == 4s);
  timers.set_soa(soa(1, 0, 0, 0));
  CHECK(timers.on_success(0) == 30s);
  CHECK(timers.expire() == 60s);
  timers.set_soa(soa(1, 0xffff'ffff, 0xffff'ffff, 0xffff'ffff));
  CHECK(timers.on_success(0) == 1h);
  CHECK(timers.on_success(0xffff) > 53min);
  CHECK(timers.expire() == std::chrono::hours(24 * 7 * 24));
}
