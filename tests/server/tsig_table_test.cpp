#include "dns/hmac.hpp"
#include "dns/tsig_record.hpp"
#include "server/dispatch.hpp"

#include "tests/server/serving.hpp"

#include <catch2/catch.hpp>

#include <functional>

// What each way to sign a request leads to, for each kind of request and each transport: RFC 8945
// section 5.2. A new case is a new line.

using namespace taproot;
using dns::Rcode;
using dns::RRType;
using dns::TsigError;
using server::Transport;
using tests::name_of;
using Octets_ = std::vector<std::uint8_t>;

namespace {

/// All that can be chosen about a TSIG record.
struct Signature {
  std::string key = "good.key.";
  std::string secret = "a secret";
  dns::TsigAlgorithm algorithm = dns::TsigAlgorithm::hmac_sha256;
  std::int64_t skew = 0;
  std::uint16_t fudge = 300;
  std::size_t mac_octets = 64;  ///< at most
  Octets_ other{};
  std::uint16_t error = 0;
};

/// The record, as it is appended to `message`.
Octets_ tsig_for(const Octets_& message, const Signature& how) {
  dns::TsigKey key{name_of(how.key), how.algorithm, Secret(how.secret)};
  dns::TsigRecord record;
  record.key_name = key.name;
  record.algorithm = name_of(dns::to_text(how.algorithm) + ".");
  record.time_signed =
      static_cast<std::uint64_t>(static_cast<std::int64_t>(tests::test_time) + how.skew);
  record.fudge = how.fudge;
  record.original_id = static_cast<std::uint16_t>(message[0] << 8 | message[1]);
  record.error = how.error;
  record.other = how.other;
  Octets_ variables(700);
  dns::WireWriter writer(variables);
  record.write_variables(writer);
  dns::Hmac hmac(key);
  hmac.add(message);
  hmac.add(writer.written());
  hmac.add(how.other);
  const dns::Mac mac = hmac.finish();
  record.mac = mac.view().first(std::min(mac.size, how.mac_octets));
  Octets_ octets(1200);
  dns::WireWriter whole(octets);
  record.write(whole);
  octets.resize(whole.position());
  return octets;
}

void append(Octets_& message, const Octets_& record) {
  message.insert(message.end(), record.begin(), record.end());
  ++message[11];
}

using Sign = std::function<void(Octets_&)>;

Sign signing(const Signature& how) {
  return [how](Octets_& message) { append(message, tsig_for(message, how)); };
}

/// Signs rightly and then changes the octet at `from_end` from the message's end.
Sign changing(std::size_t from_end, std::uint8_t value) {
  return [=](Octets_& message) {
    signing({})(message);
    message[message.size() - from_end] = value;
  };
}

/// Where the record's fixed part begins, counted from the message's end: type, class, TTL,
/// RDLENGTH, and then the rdata with a MAC of 32 octets.
constexpr std::size_t rdata_octets = 13 + 16 + 32;
constexpr std::size_t type_at = rdata_octets + 10;

struct Row {
  const char* what;
  Sign sign;
  Rcode rcode;  ///< NOERROR: it is as if the request were in order
  TsigError error;
  bool has_mac;
  std::size_t other;
};

const std::vector<Row>& rows() {
  using dns::TsigAlgorithm;
  const auto ok = Rcode::noerror;
  const auto notauth = Rcode::notauth;
  const auto formerr = Rcode::formerr;
  const auto none = TsigError::none;
  static const std::vector<Row> all = {
      {"in order", signing({}), ok, none, true, 0},
      {"key in upper case", signing({.key = "GOOD.Key."}), ok, none, true, 0},
      {"late by the fudge", signing({.skew = -300}), ok, none, true, 0},
      {"early by the fudge", signing({.skew = 300}), ok, none, true, 0},
      {"an error in a request says nothing", signing({.error = 17}), ok, none, true, 0},
      {"another ID on its way",
       [](Octets_& m) {
         signing({})(m);
         m[0] ^= 0x55;
       },
       ok, none, true, 0},
      {"an unknown key", signing({.key = "who."}), notauth, TsigError::badkey, false, 0},
      {"an unknown key, too late", signing({.key = "who.", .skew = -9999}), notauth,
       TsigError::badkey, false, 0},
      {"another algorithm than the key's", signing({.algorithm = TsigAlgorithm::hmac_sha512}),
       notauth, TsigError::badkey, false, 0},
      {"a weak algorithm", signing({.algorithm = TsigAlgorithm::hmac_sha1}), notauth,
       TsigError::badkey, false, 0},
      {"another secret", signing({.secret = "a guess"}), notauth, TsigError::badsig, false, 0},
      {"another secret, too late", signing({.secret = "a guess", .skew = -9999}), notauth,
       TsigError::badsig, false, 0},
      {"another secret, truncated", signing({.secret = "a guess", .mac_octets = 16}), notauth,
       TsigError::badsig, false, 0},
      {"the octets changed on their way",
       [](Octets_& m) {
         signing({})(m);
         m[13] ^= 0x20;
       },
       notauth, TsigError::badsig, false, 0},
      {"too late", signing({.skew = -301}), notauth, TsigError::badtime, true, 6},
      {"too early", signing({.skew = 301}), notauth, TsigError::badtime, true, 6},
      {"too late, with a fudge of hours", signing({.skew = -3601, .fudge = 65535}), notauth,
       TsigError::badtime, true, 6},
      {"too late and truncated", signing({.skew = -301, .mac_octets = 16}), notauth,
       TsigError::badtime, true, 6},
      {"truncated to half", signing({.mac_octets = 16}), notauth, TsigError::badtrunc, true, 0},
      {"truncated by one octet", signing({.mac_octets = 31}), notauth, TsigError::badtrunc, true,
       0},
      {"truncated below half", signing({.mac_octets = 15}), formerr, none, false, 0},
      {"no MAC", signing({.mac_octets = 0}), formerr, none, false, 0},
      {"a time in other data", signing({.other = Octets_(6)}), ok, none, true, 0},
      {"more other data than a time", signing({.other = Octets_(7)}), formerr, none, false, 0},
      {"class IN", changing(type_at - 3, 1), formerr, none, false, 0},
      {"a TTL of 1", changing(type_at - 7, 1), formerr, none, false, 0},
      {"RDLENGTH too short", changing(type_at - 9, rdata_octets - 1), formerr, none, false, 0},
      {"RDLENGTH too long", changing(type_at - 9, rdata_octets + 1), formerr, none, false, 0},
      {"a MAC shorter than it says: octets left over", changing(32 + 6 + 1, 31), formerr, none,
       false, 0},
      {"other data that is not there", changing(1, 1), formerr, none, false, 0},
      {"octets behind the record",
       [](Octets_& m) {
         signing({})(m);
         m.push_back(0);
       },
       formerr, none, false, 0},
      {"two signatures",
       [](Octets_& m) {
         signing({})(m);
         signing({})(m);
       },
       formerr, none, false, 0},
      {"not the last record",
       [](Octets_& m) {
         signing({})(m);
         append(m, {0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 1});
       },
       formerr, none, false, 0},
      {"counted in the authority section",
       [](Octets_& m) {
         signing({})(m);
         --m[11];
         ++m[9];
       },
       formerr, none, false, 0},
  };
  return all;
}

struct Kind {
  const char* what;
  RRType qtype;
  unsigned opcode;
  Transport transport;
  bool is_told;  ///< a signature that is not right is told to the operator
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"A over UDP", RRType::A, 0, Transport::udp, false},
      {"SOA over UDP", RRType::SOA, 0, Transport::udp, true},
      {"SOA over TCP", RRType::SOA, 0, Transport::tcp, true},
      {"AXFR over TCP", RRType::AXFR, 0, Transport::tcp, true},
      {"IXFR over TCP", RRType::IXFR, 0, Transport::tcp, true},
      {"IXFR over UDP", RRType::IXFR, 0, Transport::udp, true},
      {"NOTIFY over UDP", RRType::SOA, 4, Transport::udp, true},
      {"UPDATE over TCP", RRType::SOA, 5, Transport::tcp, true},
  };
  return all;
}

/// The first message of the reply.
Octets_ first_message(tests::Serving& serving, const Octets_& request, Transport transport) {
  Octets_ out;
  auto reply = serving.handle(request, transport, out);
  if (!reply.transfer) return out;
  out.resize(server::Dispatch::buffer_size);
  out.resize(reply.transfer->next(out));
  reply.transfer->finish();
  return out;
}

}  // namespace

TEST_CASE("what each signature leads to, for each request", "[server][dispatch][tsig]") {
  for (const auto& kind : kinds()) {
    for (const auto& row : rows()) {
      INFO(kind.what << ": " << row.what);
      tests::Serving serving;
      auto request = tests::request_for("example.", kind.qtype, 2, 0);  // no EDNS: ARCOUNT is 0
      request[2] = static_cast<std::uint8_t>(kind.opcode << 3 | request[2]);
      row.sign(request);
      const auto octets = first_message(serving, request, kind.transport);
      const auto answer = dns::Message::parse(octets).value();
      const bool refused = row.rcode != Rcode::noerror;

      CHECK(answer.header.id == (request[0] << 8 | request[1]));
      CHECK(answer.header.qr);
      if (refused) {
        CHECK(answer.header.rcode == row.rcode);
        CHECK(answer.answer.empty());
        CHECK(answer.authority.empty());
      } else {
        CHECK(answer.header.rcode != Rcode::formerr);
      }
      const bool has_tsig = !refused || row.error != TsigError::none;
      REQUIRE(answer.tsig_at.has_value() == has_tsig);
      if (has_tsig) {
        const auto tsig = dns::TsigRecord::parse(octets, *answer.tsig_at).value();
        CHECK(tsig.error == static_cast<std::uint16_t>(row.error));
        CHECK(tsig.mac.empty() != row.has_mac);
        REQUIRE(tsig.other.size() == row.other);
        CHECK(tsig.original_id == answer.header.id);
        if (row.other == 6) {  // the server's time; Time Signed is the requester's
          std::uint64_t time = 0;
          for (const auto octet : tsig.other) time = time << 8 | octet;
          CHECK(time == tests::test_time);
          CHECK(tsig.time_signed != tests::test_time);
        }
      }
      CHECK(serving.counters.tsig_failures.value() ==
            (refused && has_tsig ? 1 : serving.counters.tsig_failures.value()));
      const bool told = !serving.events.empty() &&
                        serving.events[0].kind == server::TransferEvent::Kind::refused &&
                        serving.events[0].why.starts_with("BAD");
      CHECK(told == (kind.is_told && refused && has_tsig));
      if (told) {
        CHECK_THAT(serving.events[0].why, Catch::StartsWith(dns::to_text(row.error) + ": key "));
        CHECK(serving.events[0].why.find("a secret") == std::string::npos);
      }
    }
  }
}
