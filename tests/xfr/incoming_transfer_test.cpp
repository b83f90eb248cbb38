#include "xfr/incoming_transfer.hpp"

#include "tests/support/zone_text.hpp"
#include "tests/xfr/random_zone.hpp"
#include "tests/xfr/secondary.hpp"
#include "xfr/transfer.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace taproot;
using namespace taproot::tests;
using dns::Rcode;
using dns::RRType;

namespace {

constexpr dns::TsigTime now = 1'800'000'000;

dns::TsigKey key_named(const std::string& name, const std::string& secret) {
  return {name_of(name), dns::TsigAlgorithm::hmac_sha256, Secret(secret)};
}
const dns::TsigKey our_key = key_named("xfr.example.", "0123456789abcdef0123456789abcdef");

/// What taproot's own server side answers, each message signed where there is a key.
Messages answer_of(const std::vector<std::uint8_t>& request,
                   const std::shared_ptr<const zonestore::ZoneVersion>& version,
                   const std::vector<dns::TsigKey>& keys = {}) {
  dns::Query query;
  REQUIRE(dns::Query::parse(request, query) == dns::Query::Trouble::none);
  std::optional<dns::TsigSession> session;
  if (query.has_tsig) {
    dns::TsigVerdict verdict;
    session = dns::TsigSession::check_request(request, query.tsig_at, keys, now, verdict).value();
    REQUIRE(verdict.error == dns::TsigError::none);
  }
  xfr::Transfer transfer(query, version, xfr::IxfrChoice{});
  Messages messages;
  while (!transfer.done()) {
    std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
    const std::size_t keep_free = session ? session->max_size() : 0;
    auto size = transfer.next(buffer, keep_free);
    REQUIRE(size > 0);
    if (session) size = session->sign_answer(buffer, size, now).value();
    buffer.resize(size);
    messages.push_back(std::move(buffer));
  }
  return messages;
}

/// Feeds all messages; the error of the first that is refused, or of the end.
Result<void> feed(xfr::IncomingTransfer& transfer, const Messages& messages) {
  for (const auto& message : messages) {
    if (auto taken = transfer.on_message(message, now); !taken) return taken;
  }
  return transfer.on_end();
}

Records records_of(xfr::IncomingTransfer& transfer) {
  Records records;
  for (const auto& record : transfer.take_records()) records.insert(key_of(record));
  return records;
}

std::shared_ptr<const zonestore::ZoneVersion> small_zone() {
  return zone_of("example.", "@ 300 SOA ns h 7 1 2 3 4\n@ 300 NS ns\nns 300 A 192.0.2.1\n");
}

/// A transfer in one message, to be spoilt.
dns::Message good_message() {
  dns::Message message;
  message.header.id = 99;
  message.header.qr = true;
  message.header.aa = true;
  message.question.push_back({name_of("example."), RRType::AXFR, dns::Class::IN});
  const auto record = [](const std::string& owner, RRType type, const std::string& text) {
    return dns::Record{name_of(owner), type, dns::Class::IN, 300,
                       dns::rdata_from_text(type, text, name_of("example.")).value()};
  };
  message.answer = {record("example.", RRType::SOA, "ns h 7 1 2 3 4"),
                    record("example.", RRType::NS, "ns"),
                    record("ns.example.", RRType::A, "192.0.2.1"),
                    record("EXAMPLE.", RRType::SOA, "ns h 7 1 2 3 4")};
  return message;
}

}  // namespace

TEST_CASE("a transfer of our own arrives whole", "[xfr][incoming]") {
  const auto seed = GENERATE(range(1u, 12u));
  const bool with_key = GENERATE(false, true);
  const RandomZone zone(seed, 400 * seed);
  const auto& version = zone.version();
  xfr::IncomingTransfer transfer(version->apex(), 4711,
                                 with_key ? std::optional(our_key) : std::nullopt);
  const auto messages = answer_of(transfer.request(now), version, {our_key});
  const auto fed = feed(transfer, messages);
  if (!fed) FAIL(fed.error().detail);
  CHECK(transfer.is_complete());
  CHECK(transfer.messages() == messages.size());
  check_same(records_of(transfer), tests::records_of(*version));
}

TEST_CASE("what is no transfer gives no zone", "[xfr][incoming]") {
  struct Case {
    const char* what;
    Errc code;
    std::function<void(dns::Message&)> spoil;
  };
  const std::vector<Case> cases = {
      {"another ID", Errc::bad_answer, [](auto& m) { m.header.id = 98; }},
      {"is not an answer", Errc::bad_answer, [](auto& m) { m.header.qr = false; }},
      {"another opcode", Errc::bad_answer, [](auto& m) { m.header.opcode = dns::Opcode::notify; }},
      {"truncated", Errc::bad_answer, [](auto& m) { m.header.tc = true; }},
      {"REFUSED", Errc::refused, [](auto& m) { m.header.rcode = Rcode::refused; }},
      {"NOTAUTH", Errc::refused, [](auto& m) { m.header.rcode = Rcode::notauth; }},
      {"SERVFAIL", Errc::refused, [](auto& m) { m.header.rcode = Rcode::servfail; }},
      {"repeat the question", Errc::bad_answer, [](auto& m) { m.question.clear(); }},
      {"another question", Errc::bad_answer,
       [](auto& m) { m.question[0].qname = name_of("example.org."); }},
      {"another question", Errc::bad_answer, [](auto& m) { m.question[0].qtype = RRType::IXFR; }},
      {"authority section", Errc::bad_answer, [](auto& m) { m.authority.push_back(m.answer[1]); }},
      {"begin with the zone's SOA", Errc::bad_answer,
       [](auto& m) { m.answer.erase(m.answer.begin()); }},
      {"middle of the transfer, after 3 records", Errc::bad_answer,
       [](auto& m) { m.answer.pop_back(); }},
      {"changed meanwhile", Errc::bad_answer,
       [](auto& m) {
         m.answer.back().rdata =
             dns::rdata_from_text(RRType::SOA, "ns.example. h.example. 8 1 2 3 4", {}).value();
       }},
      {"behind the closing SOA", Errc::bad_answer,
       [](auto& m) { m.answer.push_back(m.answer[1]); }},
      {"class IN", Errc::bad_answer, [](auto& m) { m.answer[1].klass = dns::Class::CH; }},
      {"without an answer", Errc::bad_answer, nullptr},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    xfr::IncomingTransfer transfer(name_of("example."), 99, std::nullopt);
    (void)transfer.request(now);
    Messages messages;
    if (c.spoil) {
      auto message = good_message();
      c.spoil(message);
      messages.push_back(message.compose().value());
    }
    const auto fed = feed(transfer, messages);
    REQUIRE_FALSE(fed);
    CHECK(fed.error().code == c.code);
    CHECK(fed.error().detail.find(c.what) != std::string::npos);
    CHECK_FALSE(transfer.is_complete());
  }
}

TEST_CASE("a transfer may come one record at a time, without more questions", "[xfr][incoming]") {
  xfr::IncomingTransfer transfer(name_of("example."), 99, std::nullopt);
  (void)transfer.request(now);
  Messages messages;
  for (const auto& record : good_message().answer) {
    auto message = good_message();
    message.answer = {record};
    if (!messages.empty()) message.question.clear();
    messages.push_back(message.compose().value());
  }
  REQUIRE(feed(transfer, messages));
  CHECK(transfer.messages() == 4);
  CHECK(transfer.take_records().size() == 3);
  CHECK_FALSE(transfer.on_message(messages.back(), now));
}

TEST_CASE("records outside of the zone are dropped and counted", "[xfr][incoming]") {
  auto message = good_message();
  message.answer[2].owner = name_of("ns.example.org.");
  xfr::IncomingTransfer transfer(name_of("example."), 99, std::nullopt);
  REQUIRE(feed(transfer, {message.compose().value()}));
  CHECK(transfer.outside() == 1);
  CHECK(transfer.take_records().size() == 2);
}

TEST_CASE("limits hold", "[xfr][incoming]") {
  const auto message = good_message().compose().value();
  xfr::IncomingTransfer few(name_of("example."), 99, std::nullopt, {1000, 2});
  CHECK(feed(few, {message}).error().code == Errc::too_large);
  xfr::IncomingTransfer small(name_of("example."), 99, std::nullopt, {message.size() - 1, 100});
  CHECK(feed(small, {message}).error().code == Errc::too_large);
}

TEST_CASE("a transfer with a key is signed or worth nothing", "[xfr][incoming]") {
  const auto version = small_zone();
  const auto transfer_with = [&](const std::function<void(Messages&)>& spoil) {
    xfr::IncomingTransfer transfer(version->apex(), 99, our_key);
    auto messages = answer_of(transfer.request(now), version, {our_key});
    spoil(messages);
    return feed(transfer, messages);
  };
  CHECK(transfer_with([](Messages&) {}));
  SECTION("a bit is another") {
    const auto fed = transfer_with([](Messages& m) { m[0][m[0].size() - 70] ^= 1; });
    REQUIRE_FALSE(fed);
  }
  SECTION("the answer is not signed") {
    const auto fed = transfer_with([](Messages& m) { m = {good_message().compose().value()}; });
    REQUIRE_FALSE(fed);
    CHECK(fed.error().code == Errc::unauthorized);
    CHECK(fed.error().detail == "the answer is not signed");
  }
  SECTION("the server does not know the key") {
    xfr::IncomingTransfer transfer(version->apex(), 99, our_key);
    const auto request = transfer.request(now);
    dns::Query query;
    REQUIRE(dns::Query::parse(request, query) == dns::Query::Trouble::none);
    dns::TsigVerdict verdict;
    auto session = dns::TsigSession::check_request(
                       request, query.tsig_at, {key_named("xfr.example.", "another")}, now, verdict)
                       .value();
    REQUIRE(verdict.error == dns::TsigError::badsig);
    auto message = good_message();
    message.answer.clear();
    message.header.rcode = Rcode::notauth;
    auto buffer = message.compose().value();
    const auto size = buffer.size();
    buffer.resize(1000);
    buffer.resize(session.sign_answer(buffer, size, now).value());
    const auto taken = transfer.on_message(buffer, now);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::unauthorized);
    CHECK(taken.error().detail.find("BADSIG") != std::string::npos);
  }
}

TEST_CASE("damaged transfers never give a zone unnoticed", "[xfr][incoming][property]") {
  const auto version = RandomZone(3, 50).version();
  std::mt19937 random(1);
  xfr::IncomingTransfer signed_one(version->apex(), 99, our_key);
  const auto messages = answer_of(signed_one.request(now), version, {our_key});
  for (int i = 0; i < 2000; ++i) {
    xfr::IncomingTransfer transfer(version->apex(), 99, our_key);
    (void)transfer.request(now);
    auto spoilt = messages;
    auto& message = spoilt[random() % spoilt.size()];
    message[random() % message.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    if (random() % 4 == 0) message.resize(random() % message.size());
    const auto fed = feed(transfer, spoilt);
    if (!fed) continue;
    // The ID in a signed message is not the one that is signed, and so may not differ either.
    check_same(records_of(transfer), tests::records_of(*version));
  }
}
