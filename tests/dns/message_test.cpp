#include "dns/message.hpp"
#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "octets_of_text.hpp"
#include "rdata_samples.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <set>

namespace taproot::dns {

namespace {

Name name(std::string_view text) {
  return *Name::from_text(text);
}

bool same(const Header& a, const Header& b) {
  return a.id == b.id && a.qr == b.qr && a.opcode == b.opcode && a.aa == b.aa && a.tc == b.tc &&
         a.rd == b.rd && a.ra == b.ra && a.ad == b.ad && a.cd == b.cd && a.rcode == b.rcode;
}

bool same(const std::optional<Edns>& a, const std::optional<Edns>& b) {
  if (!a || !b) return !a && !b;
  return a->udp_size == b->udp_size && a->version == b->version && a->dnssec_ok == b->dnssec_ok &&
         a->options == b->options;
}

/// Equal in all that compose() carries. Owners may come back in the case of an equal name.
bool same(const Message& a, const Message& b) {
  return same(a.header, b.header) && a.question == b.question && a.answer == b.answer &&
         a.authority == b.authority && a.additional == b.additional && same(a.edns, b.edns);
}

class RandomMessage {
 public:
  explicit RandomMessage(unsigned seed) : random_(seed) {}

  Message make() {
    Message message;
    message.header = header();
    for (auto n = below(3); n > 0; --n) {
      message.question.push_back({owner(), static_cast<RRType>(below(300)), Class::IN});
    }
    for (auto* section : {&message.answer, &message.authority, &message.additional}) {
      for (auto n = below(8); n > 0; --n) section->push_back(record());
    }
    if (below(2) == 0) message.edns = edns();
    if (message.edns) message.header.rcode = static_cast<Rcode>(below(4096));
    return message;
  }

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_()) % limit; }
  bool coin() { return below(2) == 0; }

  Header header() {
    Header h;
    h.id = static_cast<std::uint16_t>(below(65536));
    h.qr = coin();
    h.opcode = static_cast<Opcode>(below(16));
    h.aa = coin();
    h.tc = coin();
    h.rd = coin();
    h.ra = coin();
    h.ad = coin();
    h.cd = coin();
    h.rcode = static_cast<Rcode>(below(16));
    return h;
  }
  // All in lower case: what is compressed takes the case of what it points at.
  Name owner() {
    static const std::vector<std::string> labels = {"a", "b", "www", "example", "org", "x\\000y"};
    std::string text;
    for (auto n = below(5); n > 0; --n) {
      text += labels[below(static_cast<std::uint32_t>(labels.size()))] + ".";
    }
    return name(text.empty() ? "." : text);
  }
  Record record() {
    const auto& sample = rdata_samples[below(rdata_samples.size())];
    Record r{owner(), sample.type, Class::IN, below(0x8000'0000u), Rdata()};
    if (below(8) == 0) {  // as in UPDATE
      r.klass = coin() ? Class::any : Class::none;
      r.ttl = 0;
      return r;
    }
    r.rdata = *rdata_from_text(sample.type, sample.text, Name::root());
    return r;
  }
  Edns edns() {
    Edns e{static_cast<std::uint16_t>(below(65536)),
           static_cast<std::uint8_t>(below(256)),
           coin(),
           {}};
    for (auto n = below(4); n > 0; --n) {
      e.options.push_back({static_cast<std::uint16_t>(below(65536)),
                           std::vector<std::uint8_t>(below(20), static_cast<std::uint8_t>(n))});
    }
    return e;
  }

  std::mt19937 random_;
};

std::vector<std::uint8_t> header_with(const char* counts) {
  return from_hex(std::string("1234 8400 ") + counts);
}

}  // namespace

TEST_CASE("a message is parsed as it was composed", "[dns][message]") {
  RandomMessage random(3);
  for (int i = 0; i < 500; ++i) {
    const Message message = random.make();
    const auto wire = message.compose();
    REQUIRE(wire);
    const auto again = Message::parse(*wire);
    CAPTURE(to_hex(*wire));
    if (!again) FAIL(again.error().detail);
    CHECK(same(*again, message));
  }
}

TEST_CASE("a message cut anywhere fails and does no harm", "[dns][message]") {
  RandomMessage random(5);
  for (int i = 0; i < 20; ++i) {
    const auto wire = random.make().compose();
    REQUIRE(wire);
    for (std::size_t size = 0; size < wire->size(); ++size) {
      // A copy of exact size, so that a sanitizer sees any step over its end.
      const std::vector<std::uint8_t> cut(wire->begin(),
                                          wire->begin() + static_cast<std::ptrdiff_t>(size));
      REQUIRE_FALSE(Message::parse(cut));
    }
  }
}

TEST_CASE("a message with any octet changed does no harm", "[dns][message]") {
  RandomMessage random(9);
  std::mt19937 octets(9);
  std::size_t parsed = 0;
  for (int i = 0; i < 30; ++i) {
    const auto wire = random.make().compose();
    REQUIRE(wire);
    for (std::size_t at = 0; at < wire->size(); ++at) {
      std::vector<std::uint8_t> changed = *wire;
      changed[at] = static_cast<std::uint8_t>(octets());
      const auto message = Message::parse(changed);
      if (!message) continue;
      ++parsed;
      // Whatever was accepted can be said again.
      const auto again = message->compose();
      REQUIRE((again || again.error().code == Errc::bad_message));
      if (again) CHECK(Message::parse(*again));
    }
  }
  CHECK(parsed > 0);
}

TEST_CASE("what is not a message is refused", "[dns][message]") {
  struct Case {
    const char* what;
    std::vector<std::uint8_t> wire;
    Errc want;
  };
  const auto c = GENERATE(values<Case>({
      {"nothing", {}, Errc::truncated},
      {"half a header", from_hex("1234 8400 0000"), Errc::truncated},
      {"question missing", header_with("0001 0000 0000 0000"), Errc::truncated},
      {"octets after it", header_with("0000 0000 0000 0000 00"), Errc::bad_message},
      {"name that points at itself", header_with("0001 0000 0000 0000 c00c 0001 0001"),
       Errc::bad_pointer},
      {"OPT in the answer", header_with("0000 0001 0000 0000 00 0029 04d0 00000000 0000"),
       Errc::bad_message},
      {"TSIG in the authority", header_with("0000 0000 0001 0000 00 00fa 00ff 00000000 0000"),
       Errc::bad_message},
      {"two OPTs",
       header_with("0000 0000 0000 0002 00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000"),
       Errc::bad_message},
      {"OPT of another owner", header_with("0000 0000 0000 0001 0161 00 0029 04d0 00000000 0000"),
       Errc::bad_message},
      {"EDNS option past its end",
       header_with("0000 0000 0000 0001 00 0029 04d0 00000000 0005 0001 0002 00"), Errc::truncated},
      {"record after TSIG",
       header_with("0000 0000 0000 0002 00 00fa 00ff 00000000 0000 00 0029 04d0 00000000 0000"),
       Errc::bad_message},
      {"rdata past the end", header_with("0000 0001 0000 0000 00 0001 0001 00000000 0004 c0"),
       Errc::truncated},
      {"A of three octets", header_with("0000 0001 0000 0000 00 0001 0001 00000000 0003 c00002"),
       Errc::bad_rdata},
      {"empty A in class IN", header_with("0000 0001 0000 0000 00 0001 0001 00000000 0000"),
       Errc::bad_rdata},
      {"a name in rdata that ends outside of it",
       header_with("0000 0001 0000 0000 00 0002 0001 00000000 0001 01 6100"), Errc::truncated},
      {"compressed name where none may be",
       header_with("0000 0001 0000 0000 00 0027 0001 00000000 0002 c00c"), Errc::bad_rdata},
  }));
  INFO(c.what);
  const auto message = Message::parse(c.wire);
  REQUIRE_FALSE(message);
  CHECK(message.error().code == c.want);
}

TEST_CASE("TSIG is found and taken out", "[dns][message]") {
  const auto wire = header_with(
      "0001 0000 0000 0002 00 0006 0001"
      "00 0029 04d0 00008000 0000"
      "016b 00 00fa 00ff 00000000 0002 aabb");
  const auto message = Message::parse(wire);
  REQUIRE(message);
  CHECK(message->tsig_at == wire.size() - 15);
  CHECK(message->additional.empty());
  REQUIRE(message->edns);
  CHECK(message->edns->dnssec_ok);
  CHECK(message->edns->udp_size == 1232);
}

TEST_CASE("a TTL over 2^31 - 1 counts as zero", "[dns][message]") {
  const auto message =
      Message::parse(header_with("0000 0001 0000 0000 00 0001 0001 80000000 0004 c0000201"));
  REQUIRE(message);
  CHECK(message->answer[0].ttl == 0);
}

TEST_CASE("an rcode over 15 needs EDNS", "[dns][message]") {
  Message message;
  message.header.rcode = Rcode::badvers;
  CHECK(message.compose().error().code == Errc::bad_message);
  message.edns = Edns();
  const auto wire = message.compose();
  REQUIRE(wire);
  CHECK(Message::parse(*wire)->header.rcode == Rcode::badvers);
}

TEST_CASE("composing keeps to its limit", "[dns][message]") {
  Message message = make_query(name("example.org"), RRType::SOA);
  const auto whole = message.compose();
  REQUIRE(whole);
  CHECK(message.compose(whole->size()));
  for (std::size_t limit = 0; limit < whole->size(); ++limit) {
    const auto less = message.compose(limit);
    REQUIRE_FALSE(less);
    CHECK(less.error().code == Errc::too_large);
  }
}

TEST_CASE("a message of many records is composed up to 65,535 octets", "[dns][message]") {
  Message message;
  const auto rdata =
      rdata_from_text(RRType::TXT, "\"" + std::string(200, 'x') + "\"", Name::root());
  REQUIRE(rdata);
  for (int i = 0; i < 250; ++i) {
    message.answer.push_back({name("www.example.org"), RRType::TXT, Class::IN, 300, *rdata});
  }
  const auto wire = message.compose();
  REQUIRE(wire);
  CHECK(wire->size() == 12 + 17 + 10 + 201 + 249 * (2 + 10 + 201));
  CHECK(Message::parse(*wire)->answer == message.answer);
  CHECK_FALSE(message.compose(wire->size() - 1));
  for (int i = 0; i < 60; ++i) message.answer.push_back(message.answer.front());
  CHECK(message.compose(1'000'000).error().code == Errc::too_large);
}

TEST_CASE("names in records of class CH are not read by the rules of IN", "[dns][message]") {
  // A of class CHAOS is a name and an address of 16 bits.
  const auto message =
      Message::parse(header_with("0000 0001 0000 0000 00 0001 0003 00000000 0005 0161 00 0001"));
  REQUIRE(message);
  CHECK(message->answer[0].rdata.size() == 5);
}

TEST_CASE("a query asks once, with an id of its own", "[dns][message]") {
  const Message query = make_query(name("example.org"), RRType::SOA, 4096);
  CHECK(query.question == std::vector<Question>{{name("example.org"), RRType::SOA, Class::IN}});
  CHECK_FALSE(query.header.rd);
  CHECK(query.edns->udp_size == 4096);
  CHECK_FALSE(make_query(name("."), RRType::NS, 0).edns);
  std::set<std::uint16_t> ids;
  for (int i = 0; i < 100; ++i) ids.insert(make_query(name("."), RRType::NS).header.id);
  CHECK(ids.size() > 90);
}

TEST_CASE("a message is the same octets every time", "[dns][message]") {
  Message message;
  message.header = {0x1234, true,  Opcode::query, true,  false,
                    true,   false, false,         false, Rcode::noerror};
  message.question.push_back({name("www.example.org"), RRType::CNAME, Class::IN});
  const auto target = rdata_from_text(RRType::CNAME, "web.example.org.", Name::root());
  message.answer.push_back({name("www.example.org"), RRType::CNAME, Class::IN, 300, *target});
  message.edns = Edns{1232, 0, true, {{3, {'n', 's'}}}};
  const auto wire = message.compose();
  REQUIRE(wire);
  CHECK(to_hex(*wire) == to_hex(from_hex("1234 8500 0001 0001 0000 0001"
                                         "03777777 076578616d706c65 036f7267 00 0005 0001"
                                         "c00c 0005 0001 0000012c 0006 03776562 c010"
                                         "00 0029 04d0 00 00 8000 0006 0003 0002 6e73")));
}

}  // namespace taproot::dns
