#include "monitor/probe.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"

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
using monitor::ExpectedAnswer;
using monitor::Probe;

namespace {

using Instant = Probe::Instant;
using Change = std::function<void(dns::Message&)>;
const Instant start{};

dns::Name name(const std::string& text) {
  return *dns::Name::from_text(text);
}

Expectation serial(std::uint32_t value) {
  Expectation expected;
  expected.serial = dns::Serial(value);
  return expected;
}

Expectation addresses(std::optional<std::uint32_t> serial_wanted, int count) {
  std::vector<ExpectedAnswer> answers;
  for (int i = 0; i < count; ++i) {
    const auto owner = name("h" + std::to_string(i) + ".example.org");
    answers.push_back(ExpectedAnswer::data(
        {owner, dns::RRType::A, 300, {*dns::rdata_from_text(dns::RRType::A, "192.0.2.1", owner)}}));
  }
  Expectation expected;
  if (serial_wanted) expected.serial = dns::Serial(*serial_wanted);
  expected.answers = std::make_shared<const std::vector<ExpectedAnswer>>(std::move(answers));
  return expected;
}

/// What a good server answers to `asked`, changed by `change`: serial 42, one address everywhere.
std::vector<std::uint8_t> answer(const Probe::Ask& asked, const Change& change = nullptr) {
  auto message = *dns::Message::parse(asked.octets);
  const auto question = message.question.at(0);
  message.header.qr = true;
  message.header.aa = true;
  dns::Rdata rdata;
  if (question.qtype == dns::RRType::SOA) {
    rdata = dns::Soa{name("ns.example.org"), name("a.example.org"), dns::Serial(42), 1, 2, 3, 4}
                .to_rdata();
  } else {
    rdata = *dns::rdata_from_text(dns::RRType::A, "192.0.2.1", question.qname);
  }
  message.answer.push_back({question.qname, question.qtype, dns::Class::IN, 300, rdata});
  if (change) change(message);
  return *message.compose();
}

std::uint16_t id_of(const Probe::Ask& asked) {
  return static_cast<std::uint16_t>(asked.octets.at(0) << 8 | asked.octets.at(1));
}

}  // namespace

TEST_CASE("a probe asks for the SOA and sees the serial", "[monitor][probe]") {
  Probe probe(name("example.org"), serial(42));
  const auto step = probe.on_start(start);
  REQUIRE(step.send.size() == 1);
  CHECK(step.wake == start + 1s);
  const auto query = *dns::Message::parse(step.send[0].octets);
  CHECK(query.question.at(0).qname == name("example.org"));
  CHECK(query.question.at(0).qtype == dns::RRType::SOA);
  CHECK(query.edns);
  CHECK_FALSE(query.header.rd);
  CHECK_FALSE(step.send[0].tcp);

  const auto end = probe.on_answer(step.send[0].exchange, answer(step.send[0]), start + 7ms);
  CHECK_FALSE(end.wake);
  CHECK(end.done == std::vector<std::uint32_t>{step.send[0].exchange});
  CHECK(probe.is_over());
  CHECK(probe.result().serial == dns::Serial(42));
  CHECK(probe.result().rtt == 7ms);
  CHECK(probe.result().all_matched());
}

TEST_CASE("a silent server is asked three times, each time with another id", "[monitor][probe]") {
  Probe probe(name("example.org"), serial(42));
  std::set<std::uint32_t> exchanges;
  std::set<std::uint16_t> ids;
  auto step = probe.on_start(start);
  auto now = start;
  while (step.wake) {
    for (const auto& asked : step.send) {
      exchanges.insert(asked.exchange);
      ids.insert(id_of(asked));
    }
    now = *step.wake;
    step = probe.on_wake(now);
  }
  CHECK(now == start + 3s);
  CHECK(exchanges.size() == 3);
  CHECK(ids.size() > 1);
  CHECK_FALSE(probe.result().serial);
  CHECK(probe.result().error == "no answer (3 tries over UDP)");
}

TEST_CASE("what the network says about a silent server is told", "[monitor][probe]") {
  Probe probe(name("example.org"), serial(42));
  auto step = probe.on_start(start);
  while (step.wake) {
    if (!step.send.empty()) {
      const auto more = probe.on_failure(step.send[0].exchange, "connection refused", start);
      CHECK(more.wake == step.wake);
      CHECK(more.send.empty());
    }
    step = probe.on_wake(*step.wake);
  }
  CHECK_THAT(probe.result().error, Catch::StartsWith("connection refused"));
}

TEST_CASE("what does not answer the question is ignored", "[monitor][probe]") {
  struct Case {
    const char* what;
    Change change;
  };
  const auto c = GENERATE(values<Case>({
      {"another id", [](auto& m) { ++m.header.id; }},
      {"a query", [](auto& m) { m.header.qr = false; }},
      {"another opcode", [](auto& m) { m.header.opcode = dns::Opcode::notify; }},
      {"another name", [](auto& m) { m.question[0].qname = name("example.net"); }},
      {"another type", [](auto& m) { m.question[0].qtype = dns::RRType::A; }},
      {"no question", [](auto& m) { m.question.clear(); }},
      {"two questions", [](auto& m) { m.question.push_back(m.question[0]); }},
  }));
  INFO(c.what);
  Probe probe(name("example.org"), serial(42));
  const auto asked = probe.on_start(start).send.at(0);
  const auto step = probe.on_answer(asked.exchange, answer(asked, c.change), start + 1ms);
  CHECK(step.wake == start + 1s);
  CHECK(step.done.empty());
  CHECK_FALSE(probe.is_over());
  CHECK_FALSE(probe.on_answer(asked.exchange, std::vector<std::uint8_t>{1, 2}, start).done.size());
  CHECK_FALSE(probe.on_answer(asked.exchange + 7, answer(asked), start).done.size());
  probe.on_answer(asked.exchange, answer(asked), start + 2ms);
  CHECK(probe.result().serial == dns::Serial(42));
}

TEST_CASE("an answer that shows no zone ends the probe", "[monitor][probe]") {
  struct Case {
    Change change;
    const char* says;
  };
  const auto rcode = [](dns::Rcode value) {
    return [value](dns::Message& m) {
      m.header.rcode = value;
      m.answer.clear();
    };
  };
  const auto c = GENERATE_COPY(values<Case>({
      {rcode(dns::Rcode::refused), "REFUSED"},
      {rcode(dns::Rcode::servfail), "SERVFAIL"},
      {rcode(dns::Rcode::nxdomain), "NXDOMAIN"},
      {[](auto& m) { m.header.aa = false; }, "lame: answers without authority"},
      {[](auto& m) { m.answer.clear(); }, "lame: no SOA"},
      {[](auto& m) { m.answer[0].owner = name("org"); }, "lame: no SOA"},
  }));
  Probe probe(name("example.org"), serial(42));
  const auto asked = probe.on_start(start).send.at(0);
  auto step = probe.on_answer(asked.exchange, answer(asked, c.change), start + 1ms);
  if (!step.send.empty()) {  // a refusal is asked for again
    probe.on_answer(step.send[0].exchange, answer(step.send[0], c.change), start + 2ms);
  }
  CHECK(probe.is_over());
  CHECK_FALSE(probe.result().serial);
  CHECK_THAT(probe.result().error, Catch::Contains(c.says));
}

TEST_CASE("who refuses over UDP is asked over TCP", "[monitor][probe]") {
  // Knot as the secondary of a catalog: it was shown as unreachable for ever.
  Probe probe(name("example.org"), serial(42));
  const auto first = probe.on_start(start).send.at(0);
  const auto refusal = answer(first, [](auto& m) {
    m.header.rcode = dns::Rcode::refused;
    m.answer.clear();
  });
  const auto step = probe.on_answer(first.exchange, refusal, start + 1ms);
  REQUIRE(step.send.size() == 1);
  CHECK(step.send[0].tcp);
  SECTION("and its answer counts") {
    probe.on_answer(step.send[0].exchange, answer(step.send[0]), start + 2ms);
    CHECK(probe.result().serial == dns::Serial(42));
  }
  SECTION("and if nobody is there, it is the refusal that is told") {
    probe.on_failure(step.send[0].exchange, "Connection refused", start + 2ms);
    CHECK(probe.is_over());
    CHECK_THAT(probe.result().error, Catch::StartsWith("REFUSED"));
  }
}

TEST_CASE("a truncated answer is asked for over TCP", "[monitor][probe]") {
  Probe probe(name("example.org"), serial(42));
  const auto first = probe.on_start(start).send.at(0);
  const auto truncated = answer(first, [](auto& m) {
    m.header.tc = true;
    m.answer.clear();
  });
  const auto step = probe.on_answer(first.exchange, truncated, start + 1ms);
  REQUIRE(step.send.size() == 1);
  CHECK(step.send[0].tcp);
  CHECK(step.done == std::vector<std::uint32_t>{first.exchange});
  const auto second = step.send[0];

  SECTION("and counts") {
    probe.on_answer(second.exchange, answer(second), start + 2ms);
    CHECK(probe.result().serial == dns::Serial(42));
  }
  SECTION("which may fail") {
    CHECK_FALSE(probe.on_failure(second.exchange, "connection refused", start + 2ms).wake);
    CHECK(probe.result().error == "connection refused");
  }
  SECTION("which may take too long") {
    CHECK(step.wake == start + 1ms + 3s);
    CHECK_FALSE(probe.on_wake(*step.wake).wake);
    CHECK(probe.result().error == "no answer over TCP");
  }
  SECTION("which may be garbage") {
    probe.on_answer(second.exchange, std::vector<std::uint8_t>(5), start + 2ms);
    CHECK_THAT(probe.result().error, Catch::Contains("none to our question"));
  }
}

TEST_CASE("a server that does not know EDNS is asked without it", "[monitor][probe]") {
  Probe probe(name("example.org"), serial(42));
  const auto first = probe.on_start(start).send.at(0);
  const bool with_question = GENERATE(true, false);
  const auto formerr = answer(first, [&](auto& m) {
    m.header.rcode = dns::Rcode::formerr;
    m.answer.clear();
    m.edns.reset();
    if (!with_question) m.question.clear();
  });
  const auto step = probe.on_answer(first.exchange, formerr, start + 1ms);
  REQUIRE(step.send.size() == 1);
  const auto second = step.send[0];
  CHECK_FALSE(dns::Message::parse(second.octets)->edns);

  SECTION("and may answer") {
    probe.on_answer(second.exchange, answer(second), start + 2ms);
    CHECK(probe.result().serial == dns::Serial(42));
  }
  SECTION("and may still say FORMERR") {
    const auto again = answer(second, [](auto& m) {
      m.header.rcode = dns::Rcode::formerr;
      m.answer.clear();
    });
    CHECK_FALSE(probe.on_answer(second.exchange, again, start + 2ms).wake);
    CHECK_THAT(probe.result().error, Catch::Contains("FORMERR"));
  }
}

TEST_CASE("RRsets are asked for some at a time", "[monitor][probe]") {
  Probe::Options options;
  options.max_in_flight = 4;
  Probe probe(name("example.org"), addresses(42, 10), options);
  auto step = probe.on_start(start);
  std::vector<Probe::Ask> waiting = step.send;
  std::size_t most = 0;
  std::size_t asked = 0;
  while (step.wake) {
    most = std::max(most, waiting.size());
    const auto next = waiting.front();
    waiting.erase(waiting.begin());
    step = probe.on_answer(next.exchange, answer(next), start + 1ms);
    asked += step.send.size();
    waiting.insert(waiting.end(), step.send.begin(), step.send.end());
  }
  CHECK(most == 4);
  CHECK(asked == 10);
  CHECK(probe.result().compared == 10);
  CHECK(probe.result().matched == 10);
  CHECK(probe.result().all_matched());
}

TEST_CASE("RRsets are compared at the serial wanted only, unless asked to", "[monitor][probe]") {
  struct Case {
    std::optional<std::uint32_t> wanted;
    bool at_any;
    std::size_t compared;
  };
  const auto c = GENERATE(Case{42, false, 1}, Case{43, false, 0}, Case{43, true, 1},
                          Case{std::nullopt, false, 1});
  auto expected = addresses(c.wanted, 1);
  expected.compare_at_any_serial = c.at_any;
  Probe probe(name("example.org"), expected);
  auto step = probe.on_start(start);
  while (step.wake) {
    const auto asked = step.send.at(0);
    step = probe.on_answer(asked.exchange, answer(asked), start + 1ms);
  }
  CHECK(probe.result().compared == c.compared);
}

TEST_CASE("differences are listed in words", "[monitor][probe]") {
  Probe probe(name("example.org"), addresses(42, 3));
  auto step = probe.on_start(start);
  const auto soa = step.send.at(0);
  step = probe.on_answer(soa.exchange, answer(soa), start);
  REQUIRE(step.send.size() == 3);
  const auto asked = step.send;
  probe.on_answer(asked[0].exchange, answer(asked[0], [](auto& m) { m.answer[0].ttl = 1; }), start);
  probe.on_answer(asked[1].exchange, answer(asked[1], [](auto& m) { m.answer.clear(); }), start);
  probe.on_answer(asked[2].exchange,
                  answer(asked[2],
                         [](auto& m) {
                           m.header.rcode = dns::Rcode::servfail;
                           m.answer.clear();
                         }),
                  start);
  const auto& result = probe.result();
  CHECK(probe.is_over());
  CHECK(result.compared == 2);
  CHECK(result.matched == 0);
  REQUIRE(result.different.size() == 1);
  CHECK(result.different[0] ==
        "h0.example.org. A: wanted 192.0.2.1 (TTL 300), got 192.0.2.1 (TTL 1)");
  REQUIRE(result.missing.size() == 1);
  REQUIRE(result.failed.size() == 1);
  CHECK_THAT(result.failed[0], Catch::Contains("h2.example.org. A: SERVFAIL"));
  CHECK_FALSE(result.all_matched());
}

TEST_CASE("a server that falls silent while comparing is given up", "[monitor][probe]") {
  Probe probe(name("example.org"), addresses(42, 2000));
  auto step = probe.on_start(start);
  const auto soa = step.send.at(0);
  step = probe.on_answer(soa.exchange, answer(soa), start);
  int wakes = 0;
  while (step.wake && wakes < 100) {
    step = probe.on_wake(*step.wake);
    ++wakes;
  }
  CHECK(probe.is_over());
  CHECK(wakes == 3);
  CHECK(probe.result().serial == dns::Serial(42));
  CHECK_THAT(probe.result().error, Catch::StartsWith("gave up comparing"));
}

TEST_CASE("lists stay short however much differs", "[monitor][probe]") {
  Probe probe(name("example.org"), addresses(42, 1000));
  auto step = probe.on_start(start);
  std::vector<Probe::Ask> waiting = step.send;
  while (!waiting.empty()) {
    const auto next = waiting.back();
    waiting.pop_back();
    step =
        probe.on_answer(next.exchange, answer(next, [](auto& m) { m.answer[0].ttl = 1; }), start);
    waiting.insert(waiting.end(), step.send.begin(), step.send.end());
  }
  CHECK(probe.result().compared == 1000);
  CHECK(probe.result().different.size() == monitor::ProbeResult::max_listed);
}
