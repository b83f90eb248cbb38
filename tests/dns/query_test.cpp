#include "dns/message.hpp"
#include "octets_of_text.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace taproot::dns {

namespace {

using Trouble = Query::Trouble;

constexpr const char* question = "076578616d706c65036f726700 0006 0001";  // example.org SOA IN
constexpr const char* opt = "00 0029 04d0 00008000 0000";
constexpr const char* tsig = "016b00 00fa 00ff 00000000 0002 aabb";
constexpr const char* soa =
    "c00c 0006 0001 00000000 0016 00 00 0000000100000002000000030000000400000005";

std::vector<std::uint8_t> request(const char* flags, const char* counts, std::string_view rest) {
  return from_hex(std::string("1234") + flags + counts + std::string(rest));
}

std::string all(std::initializer_list<const char*> parts) {
  std::string text;
  for (const char* part : parts) text += std::string(part) + " ";
  return text;
}

}  // namespace

TEST_CASE("a query is taken apart", "[dns][query]") {
  const auto wire = request("0110", "0001000000000002", all({question, opt, tsig}));
  Query query;
  REQUIRE(Query::parse(wire, query) == Trouble::none);
  CHECK(query.header.id == 0x1234);
  CHECK(query.header.rd);
  CHECK(query.header.cd);
  CHECK(same_name(query.qname, Name::from_text("example.org")->wire()));
  CHECK(query.qtype == RRType::SOA);
  CHECK(query.qclass == Class::IN);
  CHECK(query.question_end == 12 + 17);
  CHECK(query.has_edns);
  CHECK(query.edns_version == 0);
  CHECK(query.udp_size == 1232);
  CHECK(query.dnssec_ok);
  CHECK(query.has_tsig);
  CHECK(query.tsig_at == wire.size() - 15);
}

TEST_CASE("the sections before OPT and TSIG are skipped", "[dns][query]") {
  const auto wire = request("2400", "0001000100010002", all({question, soa, soa, opt, tsig}));
  Query query;
  REQUIRE(Query::parse(wire, query) == Trouble::none);
  CHECK(query.header.opcode == Opcode::notify);
  CHECK(query.answer_count == 1);
  CHECK(query.authority_count == 1);
  CHECK(query.has_edns);
  CHECK(query.has_tsig);
}

TEST_CASE("a requester can always take 512 octets", "[dns][query]") {
  Query query;
  REQUIRE(Query::parse(request("0000", "0001000000000000", question), query) == Trouble::none);
  CHECK_FALSE(query.has_edns);
  CHECK(query.udp_size == 512);
  const auto small =
      request("0000", "0001000000000001", all({question, "00 0029 0064 00010000 0000"}));
  REQUIRE(Query::parse(small, query) == Trouble::none);
  CHECK(query.udp_size == 512);
  CHECK(query.edns_version == 1);
  CHECK_FALSE(query.dnssec_ok);
}

TEST_CASE("requests are refused or dropped", "[dns][query]") {
  struct Case {
    const char* what;
    std::vector<std::uint8_t> wire;
    Trouble want;
  };
  const auto c = GENERATE(values<Case>({
      {"nothing", {}, Trouble::drop},
      {"eleven octets", from_hex("1234 0000 0001 0000 0000 00"), Trouble::drop},
      {"an answer", request("8000", "0001000000000000", question), Trouble::drop},
      {"no question", request("0000", "0000000000000000", ""), Trouble::formerr},
      {"no question in NOTIFY", request("2000", "0000000000000000", ""), Trouble::formerr},
      {"two questions", request("0000", "0002000000000000", all({question, question})),
       Trouble::formerr},
      {"question missing", request("0000", "0001000000000000", ""), Trouble::formerr},
      {"class missing", request("0000", "0001000000000000", "00 0006 00"), Trouble::formerr},
      {"compressed qname", request("0000", "0001000000000000", "c004 0006 0001"), Trouble::formerr},
      {"compressed qname to itself", request("0000", "0001000000000000", "c00c 0006 0001"),
       Trouble::formerr},
      {"label type 01", request("0000", "0001000000000000", "4161 00 0006 0001"), Trouble::formerr},
      {"octets after it", request("0000", "0001000000000000", all({question, "00"})),
       Trouble::formerr},
      {"record missing", request("0000", "0001000000000001", question), Trouble::formerr},
      {"two OPTs", request("0000", "0001000000000002", all({question, opt, opt})),
       Trouble::formerr},
      {"OPT in the answer", request("0000", "0001000100000000", all({question, opt})),
       Trouble::formerr},
      {"OPT of another owner",
       request("0000", "0001000000000001", all({question, "0161 00 0029 04d0 00000000 0000"})),
       Trouble::formerr},
      {"EDNS option past its end",
       request("0000", "0001000000000001",
               all({question, "00 0029 04d0 00000000 0005 0003 0002 00"})),
       Trouble::formerr},
      {"TSIG not last", request("0000", "0001000000000002", all({question, tsig, opt})),
       Trouble::formerr},
      {"TSIG in the answer", request("0000", "0001000100000000", all({question, tsig})),
       Trouble::formerr},
      {"RDLENGTH past the end",
       request("0000", "0001000000000001", all({question, "00 0029 04d0 00000000 0001"})),
       Trouble::formerr},
      {"IXFR with its SOA", request("0000", "0001000000010000", all({question, soa})),
       Trouble::none},
      {"TSIG alone", request("0000", "0001000000000001", all({question, tsig})), Trouble::none},
      {"an opcode of unknown shape", request("3000", "0000000000000000", "0102"), Trouble::none},
  }));
  INFO(c.what);
  Query query;
  CHECK(Query::parse(c.wire, query) == c.want);
  if (c.want == Trouble::formerr) {
    CHECK(query.header.id == 0x1234);
  }
}

TEST_CASE("nothing of an earlier query stays", "[dns][query]") {
  Query query;
  const auto first = request("0000", "0001000000000002", all({question, opt, tsig}));
  REQUIRE(Query::parse(first, query) == Trouble::none);
  REQUIRE(Query::parse(request("0000", "0001000000000000", question), query) == Trouble::none);
  CHECK_FALSE(query.has_edns);
  CHECK_FALSE(query.has_tsig);
  CHECK_FALSE(query.dnssec_ok);
}

TEST_CASE("a query cut anywhere or of any octets does no harm", "[dns][query]") {
  const auto wire = request("0000", "0001000100010002", all({question, soa, soa, opt, tsig}));
  Query query;
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const std::vector<std::uint8_t> cut(wire.begin(),
                                        wire.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(Query::parse(cut, query) == (size < 12 ? Trouble::drop : Trouble::formerr));
  }
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    auto changed = wire;
    for (int k = 0; k < 3; ++k) {
      changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    }
    const auto trouble = Query::parse(changed, query);
    // What passes here also stands before the full parser, names in the sections aside.
    if (trouble == Trouble::none && query.has_tsig) CHECK(query.tsig_at < changed.size());
  }
}

}  // namespace taproot::dns
