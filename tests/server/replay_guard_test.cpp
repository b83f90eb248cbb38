#include "server/replay_guard.hpp"

#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using server::ReplayGuard;
using server::SignedRequest;
using tests::name_of;
using Verdict = ReplayGuard::Verdict;

namespace {

constexpr dns::TsigTime now = 1'800'000'000;

SignedRequest request(unsigned number, dns::TsigTime at = now, const char* key = "a.") {
  SignedRequest made;
  made.key = name_of(key);
  made.stamp.time_signed = at;
  made.stamp.fudge = 300;
  made.stamp.mac[0] = static_cast<std::uint8_t>(number >> 8);
  made.stamp.mac[15] = static_cast<std::uint8_t>(number);
  made.from = net::Endpoint::from_text("192.0.2.1:1000").value();
  made.id = 7;
  return made;
}

}  // namespace

TEST_CASE("a signed request is taken once", "[server][replay]") {
  ReplayGuard guard({}, now - 1000);
  CHECK(guard.look(request(1), false, now) == Verdict::fresh);
  for (const dns::TsigTime later : {0U, 1U, 5U, 299U, 300U}) {
    CHECK(guard.look(request(1), false, now + later) == Verdict::replayed);
  }
  CHECK(guard.look(request(1), false, now + 301) == Verdict::too_old);
  CHECK(guard.look(request(2, now + 301), false, now + 301) == Verdict::fresh);
}

TEST_CASE("a client that had no answer gets the first one's", "[server][replay]") {
  ReplayGuard guard({}, now - 1000);
  CHECK(guard.look(request(1), true, now) == Verdict::fresh);
  CHECK_FALSE(guard.answer(request(1).stamp));
  CHECK(guard.look(request(1), true, now) == Verdict::waiting);
  CHECK(guard.look(request(1), false, now) == Verdict::replayed);
  auto other = request(1);
  other.from = net::Endpoint::from_text("192.0.2.1:1001").value();
  CHECK(guard.look(other, true, now) == Verdict::replayed);
  guard.answered(request(1).stamp, dns::Rcode::yxdomain);
  CHECK(guard.look(request(1), true, now) == Verdict::replayed);  // nobody resends at once
  CHECK(guard.look(request(1), true, now + 3) == Verdict::resent);
  CHECK(guard.answer(request(1).stamp) == dns::Rcode::yxdomain);
  CHECK(guard.look(other, true, now + 3) == Verdict::replayed);
  other = request(1);
  other.id = 8;
  CHECK(guard.look(other, true, now + 3) == Verdict::replayed);
  CHECK(guard.look(request(1), false, now + 3) == Verdict::replayed);  // TCP loses nothing
  CHECK(guard.look(request(1), true, now + 31) == Verdict::replayed);
}

TEST_CASE("signatures from another time are not taken", "[server][replay]") {
  ReplayGuard guard({}, now - 10'000);
  struct Case {
    dns::TsigTime at;
    Verdict verdict;
  };
  const auto c = GENERATE(Case{now - 301, Verdict::too_old}, Case{now - 300, Verdict::fresh},
                          Case{now + 300, Verdict::fresh}, Case{now + 301, Verdict::too_old});
  auto made = request(1, c.at);
  made.stamp.fudge = 65535;
  CHECK(guard.look(made, false, now) == c.verdict);
}

TEST_CASE("nothing from before the floor is taken", "[server][replay]") {
  ReplayGuard guard({{name_of("a."), now + 20}}, now - 1);
  CHECK(guard.look(request(1, now), false, now) == Verdict::too_old);
  CHECK(guard.look(request(2, now + 20), false, now) == Verdict::too_old);
  CHECK(guard.look(request(3, now + 21), false, now) == Verdict::fresh);
  CHECK(guard.look(request(4, now, "A."), false, now) == Verdict::too_old);
  CHECK(guard.look(request(5, now, "b."), false, now) == Verdict::fresh);
  CHECK(guard.look(request(6, now - 1, "b."), false, now) == Verdict::too_old);
}

TEST_CASE("a clock that is set back opens nothing", "[server][replay]") {
  ReplayGuard guard({}, now - 1000);
  CHECK(guard.look(request(1), false, now) == Verdict::fresh);
  CHECK(guard.look(request(2, now + 1000), false, now + 1000) == Verdict::fresh);
  CHECK(guard.remembered() == 1);
  CHECK(guard.look(request(1), false, now) == Verdict::too_old);
  CHECK(guard.look(request(3, now + 1), false, now) == Verdict::fresh);
}

TEST_CASE("memory is bounded, and what is forgotten is refused", "[server][replay]") {
  ReplayGuard::Limits limits;
  limits.remembered = 100;
  ReplayGuard guard({}, now - 1000, limits);
  for (unsigned i = 0; i < 1000; ++i) {
    const dns::TsigTime at = now + i / 10;
    CHECK(guard.look(request(i, at), false, at) == Verdict::fresh);
    CHECK(guard.remembered() <= 100);
  }
  for (unsigned i = 0; i < 1000; ++i) {
    const auto verdict = guard.look(request(i, now + i / 10), false, now + 100);
    CHECK((verdict == Verdict::too_old || verdict == Verdict::replayed));
  }
}
