#include "dns/tsig.hpp"
#include "dns/hmac.hpp"
#include "dns/message.hpp"
#include "dns/tsig_record.hpp"
#include "octets_of_text.hpp"

#include <catch2/catch.hpp>

namespace taproot::dns {

namespace {

constexpr TsigTime now = 1'700'000'000;

// These vectors were not made by this program. In Python, with
//   secret  = b"0123456789abcdef0123456789abcdef", key "Key.Example.", hmac-sha256,
//   H(d)    = hmac.new(secret, d, hashlib.sha256).digest()
//   vars(t) = b"\3key\7example\0" + pack("!HI", 255, 0) + b"\x0bhmac-sha256\0"
//             + pack("!HIHHH", 0, t, 300, error, len(other)) + other
// the MACs are, with each message as it was before its TSIG record was added,
//   request: H(request + vars(now))
//   first:   H(len + MAC of request + first + vars(now + 1))
//   second:  H(len + MAC of first + second + pack("!HIH", 0, now + 2, 300))
//   fourth:  H(len + MAC of second + third + fourth + pack("!HIH", 0, now + 3, 300))
//   badtime: H(len + MAC of request + badtime + vars(now)), its other data being now + 1000
constexpr const char* request_hex =
    "123400000001000000000001076578616d706c65036f72670000060001034b6579074578616d706c650000fa00ff"
    "00000000003d0b686d61632d7368613235360000006553f100012c0020f28f74f0d58e6cef05a0d635f2cfec95bd"
    "f26569df3f4d0bfb56ca74bfe3ddd9123400000000";
constexpr const char* first_hex =
    "123484000001000000000001076578616d706c65036f72670000060001034b6579074578616d706c650000fa00ff"
    "00000000003d0b686d61632d7368613235360000006553f101012c002040d4bce528cdd24f46b5f917062d7fd30d"
    "421b7d3c84b0f18a38dce3620ace24123400000000";
constexpr const char* second_hex =
    "123484000000000000000001034b6579074578616d706c650000fa00ff00000000003d0b686d61632d7368613235"
    "360000006553f102012c00205268b6f52d882d176b93af02f28cade8c9274f4c29a5d440bb4ebfa8c8fc55ea1234"
    "00000000";
constexpr const char* third_hex = "123484000001000000000000076578616d706c65036f72670000060001";
constexpr const char* fourth_hex =
    "123484000000000000000001034b6579074578616d706c650000fa00ff00000000003d0b686d61632d7368613235"
    "360000006553f103012c0020ef7d0d6f7e060d1ae3106405e690da62ca9e8041dd5e1499e830c0acdb73908c1234"
    "00000000";
constexpr const char* badtime_hex =
    "123480090001000000000001076578616d706c65036f72670000060001034b6579074578616d706c650000fa00ff"
    "0000000000430b686d61632d7368613235360000006553f100012c0020676581ef338cf4c7d95e29915e08d1d5fe"
    "42dfbd2c7b95894230c5253d5b817d12340012000600006553f4e8";
constexpr const char* truncated_16_hex =
    "123400000001000000000001076578616d706c65036f72670000060001034b6579074578616d706c650000fa00ff"
    "00000000002d0b686d61632d7368613235360000006553f100012c0010f28f74f0d58e6cef05a0d635f2cfec9512"
    "3400000000";
constexpr const char* truncated_15_hex =
    "123400000001000000000001076578616d706c65036f72670000060001034b6579074578616d706c650000fa00ff"
    "00000000002c0b686d61632d7368613235360000006553f100012c000ff28f74f0d58e6cef05a0d635f2cfec1234"
    "00000000";

constexpr std::size_t question_end = 29;

TsigKey key(const char* name = "Key.Example.", TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256,
            const char* secret = "0123456789abcdef0123456789abcdef") {
  return {*Name::from_text(name), algorithm, Secret(secret)};
}

/// The key, with truncated MACs of so many octets taken.
TsigKey trusting(std::size_t least_mac) {
  auto trusted = key();
  trusted.least_mac = least_mac;
  return trusted;
}

/// The message of a vector without its TSIG record.
std::vector<std::uint8_t> unsigned_part(const char* hex, std::size_t size) {
  auto message = from_hex(hex);
  message.resize(size);
  message[11] = 0;
  return message;
}

/// The request, rightly signed with another fudge and with so many octets of other data.
std::vector<std::uint8_t> signed_with_fudge(std::uint16_t fudge, std::size_t other_size = 0) {
  const std::vector<std::uint8_t> other(other_size, 0xee);
  auto message = unsigned_part(request_hex, question_end);
  TsigRecord record;
  record.key_name = key().name;
  record.algorithm = *Name::from_text("hmac-sha256");
  record.time_signed = now;
  record.fudge = fudge;
  record.original_id = 0x1234;
  record.other = other;
  std::vector<std::uint8_t> variables(600);
  WireWriter writer(variables);
  record.write_variables(writer);
  Hmac hmac(key());
  hmac.add(message);
  hmac.add(writer.written());
  hmac.add(other);
  const Mac mac = hmac.finish();
  record.mac = mac.view();
  std::vector<std::uint8_t> tsig(600);
  WireWriter whole(tsig);
  record.write(whole);
  message.insert(message.end(), whole.written().begin(), whole.written().end());
  message[11] = 1;
  return message;
}

/// A buffer with room for a TSIG record after the message.
struct Answer {
  explicit Answer(const std::vector<std::uint8_t>& message, std::size_t room = 300)
      : octets(message), size(message.size()) {
    octets.resize(size + room);
  }
  Result<std::size_t> sign(TsigSession& session, TsigTime time) {
    auto signed_size = session.sign_answer(octets, size, time);
    if (signed_size) octets.resize(*signed_size);
    return signed_size;
  }
  std::vector<std::uint8_t> octets;
  std::size_t size;
};

Result<TsigSession> check(const std::vector<std::uint8_t>& request, TsigTime time,
                          TsigVerdict& verdict, std::vector<TsigKey> keys = {key()}) {
  return TsigSession::check_request(request, question_end, keys, time, verdict);
}

std::optional<std::size_t> tsig_of(const std::vector<std::uint8_t>& message) {
  const auto parsed = Message::parse(message);
  REQUIRE(parsed);
  return parsed->tsig_at;
}

}  // namespace

TEST_CASE("a key is another one if any part of it is", "[dns][tsig]") {
  const auto key = [] {
    return *dns::TsigKey::from_text("a.example.:hmac-sha256:MDEyMzQ1Njc4OWFiY2RlZg==");
  };
  CHECK(key() == key());
  auto other = key();
  other.name = *dns::Name::from_text("b.example.");
  CHECK(other != key());
  other = key();
  other.algorithm = dns::TsigAlgorithm::hmac_sha512;
  CHECK(other != key());
  other = key();
  other.secret = Secret("0123456789abcdeF");
  CHECK(other != key());
  other = key();
  other.least_mac = 16;  // without this a reload would not notice it
  CHECK(other != key());
}

TEST_CASE("a request is signed to the octet", "[dns][tsig]") {
  TsigSession client(key());
  auto message = unsigned_part(request_hex, question_end);
  client.sign_request(message, now);
  CHECK(to_hex(message) == request_hex);
  CHECK(message.size() - question_end <= client.max_size());
}

TEST_CASE("the answers of a transfer are signed to the octet", "[dns][tsig]") {
  TsigVerdict verdict;
  auto server = check(from_hex(request_hex), now, verdict);
  REQUIRE(server);
  CHECK(verdict.error == TsigError::none);
  CHECK(verdict.authentic);
  Answer first(unsigned_part(first_hex, question_end));
  REQUIRE(first.sign(*server, now + 1));
  // The key is named as the server knows it, which here is the same case as in the request.
  CHECK(to_hex(first.octets) == first_hex);
  Answer second(unsigned_part(second_hex, 12));
  REQUIRE(second.sign(*server, now + 2));
  CHECK(to_hex(second.octets) == second_hex);
}

TEST_CASE("a client follows a chain with an unsigned message in it", "[dns][tsig]") {
  TsigSession client(key());
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  const auto look = [&client](const char* hex, bool last) {
    const auto message = from_hex(hex);
    return client.check_answer(message, tsig_of(message), now + 5, last);
  };
  for (const char* hex : {first_hex, second_hex}) {
    const auto verdict = look(hex, false);
    CHECK(verdict.error == TsigError::none);
    CHECK(verdict.authentic);
  }
  const auto between = look(third_hex, false);
  CHECK(between.error == TsigError::none);
  CHECK_FALSE(between.authentic);
  const auto last = look(fourth_hex, true);
  INFO(last.why);
  CHECK(last.error == TsigError::none);
  CHECK(last.authentic);
}

TEST_CASE("a chain does not survive a missing or exchanged message", "[dns][tsig]") {
  struct Case {
    const char* what;
    std::vector<const char*> messages;
  };
  const auto c =
      GENERATE(values<Case>({{"the first is missing", {second_hex}},
                             {"the first comes twice", {first_hex, first_hex}},
                             {"the second is missing", {first_hex, third_hex, fourth_hex}},
                             {"the unsigned one is missing", {first_hex, second_hex, fourth_hex}},
                             {"the unsigned one comes twice",
                              {first_hex, second_hex, third_hex, third_hex, fourth_hex}}}));
  INFO(c.what);
  TsigSession client(key());
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  TsigVerdict verdict;
  for (const char* hex : c.messages) {
    const auto message = from_hex(hex);
    verdict = client.check_answer(message, tsig_of(message), now + 5, hex == c.messages.back());
  }
  CHECK(verdict.error == TsigError::badsig);
  CHECK_FALSE(verdict.authentic);
}

TEST_CASE("after one bad message nothing is believed", "[dns][tsig]") {
  TsigSession client(key());
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  auto forged = from_hex(first_hex);
  forged[13] ^= 1;
  CHECK(client.check_answer(forged, tsig_of(forged), now, false).error == TsigError::badsig);
  const auto good = from_hex(first_hex);
  CHECK(client.check_answer(good, tsig_of(good), now).error == TsigError::badsig);
  // A new request begins a new conversation.
  request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  CHECK(client.check_answer(good, tsig_of(good), now).authentic);
}

TEST_CASE("a session can be used again after a chain broke in the middle", "[dns][tsig]") {
  TsigSession client(key());
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  const auto first = from_hex(first_hex);
  CHECK(client.check_answer(first, tsig_of(first), now, false).authentic);
  CHECK(client.check_answer(from_hex(third_hex), std::nullopt, now, false).error ==
        TsigError::none);
  request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  CHECK(to_hex(request) == request_hex);
  CHECK(client.check_answer(first, tsig_of(first), now).authentic);
}

TEST_CASE("requests get the error of RFC 8945 section 5.2", "[dns][tsig]") {
  struct Case {
    const char* what;
    const char* hex;
    TsigTime time;
    TsigKey known;
    TsigError want;
    bool authentic;
  };
  const auto c = GENERATE(values<Case>({
      {"in order", request_hex, now, key(), TsigError::none, true},
      {"key known in other case", request_hex, now, key("kEY.eXAMPLE."), TsigError::none, true},
      {"late by the fudge", request_hex, now + 300, key(), TsigError::none, true},
      {"early by the fudge", request_hex, now - 300, key(), TsigError::none, true},
      {"too late", request_hex, now + 301, key(), TsigError::badtime, true},
      {"too early", request_hex, now - 301, key(), TsigError::badtime, true},
      {"after 2106", request_hex, 0x1'0000'0000u + now, key(), TsigError::badtime, true},
      {"unknown key", request_hex, now, key("other.example."), TsigError::badkey, false},
      {"another algorithm", request_hex, now, key("Key.Example.", TsigAlgorithm::hmac_sha512),
       TsigError::badkey, false},
      {"another secret", request_hex, now,
       key("Key.Example.", TsigAlgorithm::hmac_sha256, "0123456789abcdef0123456789abcdeF"),
       TsigError::badsig, false},
      {"another secret and time: the time is not told", request_hex, now + 9999,
       key("Key.Example.", TsigAlgorithm::hmac_sha256, "x"), TsigError::badsig, false},
      {"half the MAC", truncated_16_hex, now, key(), TsigError::badtrunc, true},
      {"half the MAC, which will do", truncated_16_hex, now, trusting(16), TsigError::none, true},
      {"half the MAC where a little more is wanted", truncated_16_hex, now, trusting(17),
       TsigError::badtrunc, true},
      {"a policy below the floor is the floor", truncated_16_hex, now, trusting(1), TsigError::none,
       true},
      {"half the MAC too late: time comes first", truncated_16_hex, now + 301, key(),
       TsigError::badtime, true},
      {"half the MAC, and wrong", truncated_16_hex, now,
       key("Key.Example.", TsigAlgorithm::hmac_sha256, "x"), TsigError::badsig, false},
      {"less than half, but of an unknown key", truncated_15_hex, now, key("other."),
       TsigError::badkey, false},
  }));
  INFO(c.what);
  TsigVerdict verdict;
  const auto server = check(from_hex(c.hex), c.time, verdict, {c.known});
  REQUIRE(server);
  CHECK(verdict.error == c.want);
  CHECK(verdict.authentic == c.authentic);
  CHECK_THAT(verdict.why, Catch::Contains("Key.Example."));
  CHECK(verdict.why.find("0123456789") == std::string::npos);
}

TEST_CASE("malformed TSIG data deserves FORMERR", "[dns][tsig]") {
  struct Case {
    const char* what;
    std::size_t at;  // from the front of the TSIG record, which has a name of 13 octets
    std::uint8_t value;
  };
  const auto c = GENERATE(values<Case>({{"type", 14, 0xf9},
                                        {"class", 16, 0x01},
                                        {"TTL", 20, 1},
                                        {"RDLENGTH too long", 22, 0x3e},
                                        {"RDLENGTH too short", 22, 0x3c},
                                        {"algorithm is a pointer", 23, 0xc0},
                                        {"algorithm too long", 23, 60},
                                        {"MAC too long for the record", 44, 0xff},
                                        {"MAC of 255 octets", 45, 0xff},
                                        {"MAC one too short: octets left over", 45, 31},
                                        {"MAC one too long", 45, 33},
                                        {"other data that is not there", 83, 1}}));
  INFO(c.what);
  auto request = from_hex(request_hex);
  request[question_end + c.at] = c.value;
  TsigVerdict verdict;
  const auto server = check(request, now, verdict);
  REQUIRE_FALSE(server);
  CHECK(server.error().code == Errc::bad_message);
}

TEST_CASE("a MAC under half its size deserves FORMERR", "[dns][tsig]") {
  TsigVerdict verdict;
  const auto server = check(from_hex(truncated_15_hex), now, verdict);
  REQUIRE_FALSE(server);
  CHECK(server.error().code == Errc::bad_message);
}

TEST_CASE("octets after the TSIG record and other odd requests deserve FORMERR", "[dns][tsig]") {
  TsigVerdict verdict;
  auto request = from_hex(request_hex);
  request.push_back(0);
  CHECK(check(request, now, verdict).error().code == Errc::bad_message);
  request.pop_back();
  request[11] = 0;  // says that it has no additional record
  CHECK(check(request, now, verdict).error().code == Errc::bad_message);
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{11}, request.size(), std::size_t{9999}}) {
    CHECK_FALSE(TsigSession::check_request(from_hex(request_hex), at, {key()}, now, verdict));
  }
  for (std::size_t size = 0; size < request.size(); ++size) {
    const std::vector<std::uint8_t> cut(request.begin(),
                                        request.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(check(cut, now, verdict));
  }
}

TEST_CASE("any changed octet of a request is noticed", "[dns][tsig]") {
  const auto request = from_hex(request_hex);
  for (std::size_t at = 0; at < request.size(); ++at) {
    auto changed = request;
    changed[at] ^= 0x40;
    TsigVerdict verdict;
    const auto server = check(changed, now, verdict);
    CAPTURE(at);
    // The ID may be another: a forwarder changes it, and the original one is in the record.
    CHECK((server && verdict.authentic) == (at < 2));
  }
}

TEST_CASE("an error answer is unsigned where it must be", "[dns][tsig]") {
  struct Case {
    const char* what;
    TsigKey known;
    TsigError want;
  };
  const auto c = GENERATE(values<Case>(
      {{"badkey", key("other."), TsigError::badkey},
       {"badsig", key("Key.Example.", TsigAlgorithm::hmac_sha256, "x"), TsigError::badsig}}));
  INFO(c.what);
  TsigVerdict verdict;
  auto server = check(from_hex(request_hex), now, verdict, {c.known});
  REQUIRE(server);
  CHECK(server->key_name() == *Name::from_text("key.example"));
  Answer answer(unsigned_part(first_hex, question_end));
  REQUIRE(answer.sign(*server, now));
  CHECK(answer.octets.size() - answer.size <= server->max_size());
  // Name, fixed part, algorithm and time, then: no MAC, original id, the error, no other data.
  CHECK(to_hex(Octets(answer.octets).last(8)) ==
        "00001234" + std::string(c.want == TsigError::badkey ? "0011" : "0010") + "0000");
  TsigSession client(key());
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  const auto seen = client.check_answer(answer.octets, tsig_of(answer.octets), now);
  CHECK(seen.error == c.want);
  CHECK_FALSE(seen.authentic);
}

TEST_CASE("BADTIME is signed and tells the server's time", "[dns][tsig]") {
  TsigVerdict verdict;
  auto server = check(from_hex(request_hex), now + 1000, verdict);
  REQUIRE(server);
  CHECK(verdict.error == TsigError::badtime);
  CHECK_THAT(verdict.why, Catch::Contains("1000 s"));
  Answer answer(unsigned_part(badtime_hex, question_end));
  REQUIRE(answer.sign(*server, now + 1000));
  CHECK(to_hex(answer.octets) == badtime_hex);
  CHECK(answer.octets.size() - answer.size <= server->max_size());

  TsigSession client(key());
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  const auto seen = client.check_answer(answer.octets, tsig_of(answer.octets), now);
  CHECK(seen.error == TsigError::badtime);
  CHECK(seen.authentic);
  CHECK_THAT(seen.why, Catch::Contains("1700001000"));
}

TEST_CASE("a client refuses answers that prove nothing", "[dns][tsig]") {
  TsigSession client(key());
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  auto answer = from_hex(first_hex);
  TsigTime time = now;
  TsigError want = TsigError::badsig;
  std::optional<std::size_t> tsig_at = question_end;
  SECTION("no TSIG at all") {
    answer = unsigned_part(first_hex, question_end);
    tsig_at.reset();
  }
  SECTION("another key") {
    answer[question_end + 1] = 'x';
    want = TsigError::badkey;
  }
  SECTION("another algorithm") {
    answer[question_end + 24] = 'x';
    want = TsigError::badkey;
  }
  SECTION("a changed MAC") {
    answer[question_end + 50] ^= 1;
  }
  SECTION("a changed message") {
    answer[13] ^= 1;
  }
  SECTION("too late") {
    time = now + 302;
    want = TsigError::badtime;
  }
  SECTION("octets left over") {
    answer.push_back(0);
  }
  SECTION("not counted") {
    answer[11] = 0;
  }
  SECTION("BADSIG without a MAC, from anybody") {
    answer.resize(question_end + 44);
    for (const auto octet : from_hex("0000 1234 0010 0000")) answer.push_back(octet);
    answer[question_end + 22] = 29;
  }
  SECTION("a MAC too short") {
    answer.resize(question_end + 46 + 15);
    for (const auto octet : from_hex("1234 0000 0000")) answer.push_back(octet);
    answer[question_end + 45] = 15;
    answer[question_end + 22] = 44;
    want = TsigError::badtrunc;
  }
  const auto verdict = client.check_answer(answer, tsig_at, time);
  INFO(verdict.why);
  CHECK(verdict.error == want);
  CHECK(verdict.authentic == (want == TsigError::badtime));
}

TEST_CASE("99 messages in a row may be unsigned, not one more, and not the last", "[dns][tsig]") {
  const std::size_t between = GENERATE(1u, 99u, 100u);
  TsigVerdict verdict;
  TsigSession client(key());
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  const auto first = from_hex(first_hex);
  REQUIRE(client.check_answer(first, tsig_of(first), now, false).authentic);
  const auto bare = from_hex(third_hex);
  for (std::size_t i = 0; i < between; ++i) {
    verdict = client.check_answer(bare, std::nullopt, now, false);
  }
  CHECK((verdict.error == TsigError::none) == (between < 100));
  CHECK(client.check_answer(bare, std::nullopt, now, true).error == TsigError::badsig);
}

TEST_CASE("both sides agree with every algorithm", "[dns][tsig]") {
  const auto algorithm =
      GENERATE(TsigAlgorithm::hmac_sha224, TsigAlgorithm::hmac_sha256, TsigAlgorithm::hmac_sha384,
               TsigAlgorithm::hmac_sha512, TsigAlgorithm::hmac_sha1, TsigAlgorithm::hmac_md5);
  REQUIRE(is_available(algorithm));
  const TsigKey shared = key("k.", algorithm);
  TsigSession client(shared);
  auto request = unsigned_part(request_hex, question_end);
  client.sign_request(request, now);
  TsigVerdict verdict;
  auto server = check(request, now, verdict, {key("other."), shared});
  REQUIRE(server);
  CHECK(verdict.authentic);
  for (TsigTime i = 0; i < 5; ++i) {
    Answer answer(unsigned_part(first_hex, question_end), server->max_size());
    REQUIRE(answer.sign(*server, now + i));
    const auto seen = client.check_answer(answer.octets, tsig_of(answer.octets), now + i, i == 4);
    CHECK(seen.authentic);
  }
}

TEST_CASE("an answer without room for its TSIG record is not signed", "[dns][tsig]") {
  TsigVerdict verdict;
  auto server = check(from_hex(request_hex), now, verdict);
  REQUIRE(server);
  Answer answer(unsigned_part(first_hex, question_end), server->max_size() - 1);
  const auto before = answer.octets;
  const auto size = answer.sign(*server, now);
  REQUIRE_FALSE(size);
  CHECK(size.error().code == Errc::too_large);
  CHECK(answer.octets == before);
}

TEST_CASE("keys are read from text", "[dns][tsig]") {
  const auto read = TsigKey::from_text("xfr.example.net:HMAC-SHA512.:Zm9vYmFy");
  REQUIRE(read);
  CHECK(read->name == *Name::from_text("xfr.example.net"));
  CHECK(read->algorithm == TsigAlgorithm::hmac_sha512);
  CHECK(read->secret.reveal() == "foobar");
}

TEST_CASE("what is not a key is refused without showing it", "[dns][tsig]") {
  const auto* text = GENERATE("", "c2VjcmV0", "k:c2VjcmV0", ":", "::", "k:hmac-md5:c2VjcmV0",
                              "k:hmac-sha1:c2VjcmV0", "k:hmac-sha256:c2VjcmV0!",
                              "k:hmac-sha256:", "k..k:hmac-sha256:c2VjcmV0",
                              "hmac-sha256:k:c2VjcmV0", ":hmac-sha256:c2VjcmV0");
  CAPTURE(text);
  const auto read = TsigKey::from_text(text);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Errc::bad_text);
  CHECK(read.error().detail.find("c2VjcmV0") == std::string::npos);
}

TEST_CASE("weak algorithms are read only where they are allowed", "[dns][tsig]") {
  struct Case {
    const char* text;
    TsigAlgorithm algorithm;
  };
  const auto c = GENERATE(Case{"hmac-sha1", TsigAlgorithm::hmac_sha1},
                          Case{"HMAC-SHA1.", TsigAlgorithm::hmac_sha1},
                          Case{"hmac-md5", TsigAlgorithm::hmac_md5},
                          Case{"HMAC-MD5.SIG-ALG.REG.INT.", TsigAlgorithm::hmac_md5});
  CAPTURE(c.text);
  const auto refused = tsig_algorithm_from_text(c.text);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().detail, Catch::Contains("too weak; use hmac-sha256"));
  CHECK(tsig_algorithm_from_text(c.text, WeakAlgorithms::allowed) == c.algorithm);
  const std::string key = "k:" + std::string(c.text) + ":c2VjcmV0";
  CHECK_FALSE(TsigKey::from_text(key));
  CHECK(TsigKey::from_text(key, WeakAlgorithms::allowed)->algorithm == c.algorithm);
  CHECK(is_weak(c.algorithm));
  CHECK_FALSE(is_weak(TsigAlgorithm::hmac_sha224));
}

TEST_CASE("a requester's fudge is believed up to an hour", "[dns][tsig]") {
  // Fudge stands in the record behind the time, and is covered by the MAC: sign with it set.
  const std::uint16_t fudge =
      GENERATE(std::uint16_t{0}, std::uint16_t{10}, std::uint16_t{3600}, std::uint16_t{65535});
  const TsigTime limit = std::min<TsigTime>(fudge, 3600);
  const auto request = signed_with_fudge(fudge);
  for (const auto& [time, error] :
       {std::pair{now + limit, TsigError::none}, std::pair{now - limit, TsigError::none},
        std::pair{now + limit + 1, TsigError::badtime},
        std::pair{now - limit - 1, TsigError::badtime}}) {
    CAPTURE(fudge, time);
    TsigVerdict verdict;
    REQUIRE(check(request, time, verdict));
    CHECK(verdict.error == error);
  }
}

TEST_CASE("other data is a time or nothing", "[dns][tsig]") {
  const std::size_t size = GENERATE(0u, 6u, 7u, 200u);
  TsigVerdict verdict;
  const auto server = check(signed_with_fudge(300, size), now, verdict);
  CHECK(server.has_value() == (size <= 6));
  if (server) CHECK(verdict.error == TsigError::none);
}

TEST_CASE("TSIG errors and algorithms have their mnemonics", "[dns][tsig]") {
  CHECK(to_text(TsigError::badtrunc) == "BADTRUNC");
  CHECK(to_text(static_cast<TsigError>(77)) == "error 77");
  CHECK(to_text(TsigAlgorithm::hmac_sha384) == "hmac-sha384");
  CHECK(to_text(TsigAlgorithm::hmac_md5) == "hmac-md5");
  CHECK(*tsig_algorithm_from_text("hmac-sha224") == TsigAlgorithm::hmac_sha224);
}

}  // namespace taproot::dns
