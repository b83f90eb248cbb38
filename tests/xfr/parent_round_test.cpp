#include "xfr/parent_round.hpp"

#include "dns/rdata.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;
using dns::Rcode;
using dns::RRType;
using xfr::ParentRound;
using Stage = ParentRound::Stage;

namespace {

dns::Name name(const std::string& text) {
  return dns::Name::from_text(text).value();
}

net::Endpoint endpoint(const char* text) {
  return net::Endpoint::from_text(text).value();
}

dns::Record dsync(const std::string& owner, RRType type, std::uint8_t scheme, std::uint16_t port,
                  const std::string& target) {
  const auto number = static_cast<std::uint16_t>(type);
  const auto octet = [](unsigned value) { return static_cast<std::uint8_t>(value); };
  std::vector<std::uint8_t> rdata{octet(number >> 8U), octet(number & 255U), scheme,
                                  octet(port >> 8U), octet(port & 255U)};
  const auto wire = name(target);
  rdata.insert(rdata.end(), wire.wire().begin(), wire.wire().end());
  return {name(owner), dns::Dsync::rrtype, dns::Class::IN, 300, dns::Rdata(Octets(rdata))};
}

dns::Record address(const std::string& owner, const char* text) {
  const auto one = net::Address::from_text(text).value();
  return {name(owner), one.is_ipv6() ? RRType::AAAA : RRType::A, dns::Class::IN, 300,
          dns::Rdata(one.octets())};
}

dns::Record soa(const std::string& zone) {
  const dns::Soa data{name("ns.test."), name("admin.test."), dns::Serial(1), 1, 2, 3, 4};
  return {name(zone), RRType::SOA, dns::Class::IN, 300, data.to_rdata()};
}

/// A round and the world around it.
struct Play {
  explicit Play(const std::string& child = "example.com.", RRType type = RRType::CDS,
                std::optional<dns::Name> channel = std::nullopt)
      : round(name(child), type,
              {{endpoint("192.0.2.53:53"), endpoint("192.0.2.54:53")}, std::move(channel)}) {
    take(round.on_start(moment()));
  }

  ParentRound::Moment moment() { return {now, dice += 7}; }

  void take(ParentRound::Step next) {
    if (next.ask) {
      ask = next.ask;
      question = dns::Message::parse(ask->octets).value();
    }
    wake = next.wake;
  }
  std::string asked() const {
    return question.question[0].qname.to_text() + " " +
           std::to_string(static_cast<unsigned>(question.question[0].qtype));
  }
  /// Answers what was asked last.
  void answer(std::vector<dns::Record> records, Rcode rcode = Rcode::noerror,
              std::vector<dns::Record> authority = {}, bool tc = false) {
    dns::Message message;
    message.header = question.header;
    message.header.qr = true;
    message.header.rcode = rcode;
    message.header.tc = tc;
    message.question = question.question;
    message.answer = std::move(records);
    message.authority = std::move(authority);
    take(round.on_answer(message.compose().value(), moment()));
  }
  void none(const std::string& zone, Rcode rcode = Rcode::nxdomain) {
    answer({}, rcode, {soa(zone)});
  }
  /// The time that was waited for comes.
  void pass() {
    REQUIRE(wake);
    now = *wake;
    take(round.on_wake(moment()));
  }

  ParentRound::Instant now{};
  std::uint32_t dice = 0;
  ParentRound round;
  std::optional<ParentRound::Ask> ask;
  dns::Message question;
  std::optional<ParentRound::Instant> wake;
};

/// The first target is known, with one address.
Play telling(RRType type = RRType::CDS) {
  Play play("example.com.", type);
  play.answer({dsync("example._dsync.com.", type, 1, 5300, "notify.nic.com.")});
  play.answer({});
  play.answer({address("notify.nic.com.", "192.0.2.1")});
  return play;
}

}  // namespace

TEST_CASE("where DSYNC is looked for", "[xfr][parent]") {
  struct Case {
    const char* child;
    const char* before;  ///< empty: the first name
    const char* zone;    ///< of the negative answer; empty: there was no SOA
    const char* next;    ///< empty: nowhere
  };
  const auto c = GENERATE(
      Case{"example.com.", "", "", "example._dsync.com."}, Case{"com.", "", "", "com._dsync."},
      Case{"a.b.example.com.", "", "", "a._dsync.b.example.com."},
      // The parent is right behind _dsync: without the child's label.
      Case{"example.com.", "example._dsync.com.", "com.", "_dsync.com."},
      Case{"com.", "com._dsync.", ".", "_dsync."},
      // It is further up: before its labels.
      Case{"city.ise.mie.jp.", "city._dsync.ise.mie.jp.", "jp.", "city.ise.mie._dsync.jp."},
      Case{"city.ise.mie.jp.", "city._dsync.ise.mie.jp.", "mie.jp.", "city.ise._dsync.mie.jp."},
      Case{"city.ise.mie.jp.", "city.ise.mie._dsync.jp.", "jp.", "_dsync.jp."},
      Case{"city.ise.mie.jp.", "city.ise._dsync.mie.jp.", ".", "city.ise.mie.jp._dsync."},
      // Nowhere else.
      Case{"example.com.", "_dsync.com.", "com.", ""}, Case{"com.", "_dsync.", ".", ""},
      Case{"example.com.", "_dsync.com.", ".", ""},
      // A SOA that is none of the parent's, or none at all.
      Case{"example.com.", "example._dsync.com.", "_dsync.com.", "_dsync.com."},
      Case{"example.com.", "example._dsync.com.", "net.", "_dsync.com."},
      Case{"example.com.", "example._dsync.com.", "", "_dsync.com."});
  INFO(c.child << " " << c.before << " " << c.zone);
  const std::string before = c.before;
  const std::string zone = c.zone;
  if (before.empty()) {
    CHECK(xfr::first_dsync_name(name(c.child)).value().to_text() == c.next);
    return;
  }
  const auto next = xfr::next_dsync_name(name(c.child), name(before),
                                         zone.empty() ? std::nullopt : std::optional(name(zone)));
  CHECK((next ? next->to_text() : "") == c.next);
}

TEST_CASE("names without room for _dsync are told to nobody", "[xfr][parent]") {
  const std::string label(60, 'a');
  const auto longest = label + "." + label + "." + label + "." + label + ".example.";
  Play play(longest);
  CHECK(play.round.stage() == Stage::nobody);
  CHECK_FALSE(play.ask);
  CHECK_FALSE(xfr::first_dsync_name(dns::Name::root()));
}

TEST_CASE("a parent is told", "[xfr][parent]") {
  const auto type = GENERATE(RRType::CDS, RRType::CSYNC);
  Play play("example.com.", type, name("reports.example."));
  CHECK(play.asked() == "example._dsync.com. 66");
  CHECK(play.question.header.rd);
  CHECK(play.ask->to == endpoint("192.0.2.53:53"));
  play.none("com.");
  CHECK(play.asked() == "_dsync.com. 66");
  play.answer({dsync("_dsync.com.", RRType::CDS, 1, 5300, "notify.nic.com."),
               dsync("_dsync.com.", RRType::CSYNC, 1, 5300, "notify.nic.com.")});
  CHECK(play.asked() == "notify.nic.com. 28");
  CHECK(play.round.stage() == Stage::finding);
  play.answer({address("notify.nic.com.", "2001:db8::1")});
  CHECK(play.asked() == "notify.nic.com. 1");
  play.answer({address("notify.nic.com.", "192.0.2.1")});
  CHECK(play.round.stage() == Stage::telling);
  CHECK(play.ask->to == endpoint("[2001:db8::1]:5300"));
  CHECK_FALSE(play.ask->tcp);
  CHECK(play.question.header.opcode == dns::Opcode::notify);
  CHECK(play.question.header.aa);
  CHECK(play.question.question[0].qname == name("example.com."));
  CHECK(play.question.question[0].qtype == type);
  CHECK(play.question.answer.empty());
  REQUIRE(play.question.edns);
  REQUIRE(play.question.edns->options.size() == 1);
  CHECK(play.question.edns->options[0].code == 18);
  const auto agent = name("reports.example.");
  CHECK(std::equal(agent.wire().begin(), agent.wire().end(),
                   play.question.edns->options[0].data.begin(),
                   play.question.edns->options[0].data.end()));
  play.answer({});
  CHECK(play.round.stage() == Stage::told);
  CHECK(play.round.trouble().empty());
  CHECK(play.round.notifies() == 1);
  CHECK_FALSE(play.wake);
}

TEST_CASE("without DSYNC nobody is told", "[xfr][parent]") {
  Play play;
  play.none("com.", Rcode::noerror);
  play.none("com.");
  CHECK(play.round.stage() == Stage::nobody);
  CHECK(play.round.trouble() == "the parent does not want to be told: it has no DSYNC");
  CHECK_FALSE(play.wake);
}

TEST_CASE("DSYNC for something else, or without a place, is nobody", "[xfr][parent]") {
  const auto record =
      GENERATE(dsync("x.", RRType::CSYNC, 1, 53, "a."), dsync("x.", RRType::CDS, 0, 53, "a."),
               dsync("x.", RRType::CDS, 200, 53, "a."), dsync("x.", RRType::CDS, 1, 0, "a."),
               dsync("x.", RRType::CDS, 1, 53, "."));
  Play play;
  play.answer({record});
  CHECK(play.round.stage() == Stage::nobody);
  CHECK_THAT(play.round.trouble(), Catch::Contains("does not want to be told of CDS"));
}

TEST_CASE("negative answers that lead around in circles end", "[xfr][parent]") {
  Play play("a.b.c.d.e.f.g.h.");
  for (int i = 0; i < 20 && !play.round.is_over(); ++i) play.none(i % 2 == 0 ? "h." : ".");
  CHECK(play.round.stage() == Stage::nobody);
}

TEST_CASE("what is not answered is sent again, over UDP and then TCP", "[xfr][parent]") {
  auto play = telling();
  std::vector<std::chrono::milliseconds> waits;
  std::vector<bool> tcp;
  while (play.round.stage() == Stage::telling) {
    tcp.push_back(play.ask->tcp);
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(*play.wake - play.now));
    play.pass();
  }
  CHECK(tcp == std::vector{false, false, false, true});
  CHECK(waits == std::vector<std::chrono::milliseconds>{1s, 2s, 4s, 5s});
  CHECK(play.round.stage() == Stage::resting);
  CHECK(play.round.trouble() == "notify.nic.com. port 5300 (192.0.2.1) does not answer over TCP");
  // It begins anew, ever more seldom.
  std::chrono::milliseconds before{};
  for (int i = 0; i < 12; ++i) {
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(*play.wake - play.now);
    CHECK(rest >= before);
    CHECK(rest <= ParentRound::longest_rest * 5 / 4);
    before = rest;
    play.pass();
    CHECK(play.asked() == "example._dsync.com. 66");
    play.pass();  // the first resolver
    CHECK(play.ask->to == endpoint("192.0.2.54:53"));
    play.pass();  // the second
    CHECK(play.round.stage() == Stage::resting);
  }
  CHECK_THAT(play.round.trouble(), Catch::Contains("resolver 192.0.2.54:53 does not answer"));
}

TEST_CASE("an error is not an answer that ends it", "[xfr][parent]") {
  auto play = telling();
  play.answer({}, Rcode::refused);
  CHECK(play.round.stage() == Stage::resting);
  CHECK_THAT(play.round.trouble(), Catch::Contains("answers REFUSED to NOTIFY(CDS)"));
  CHECK_FALSE(play.round.cure().empty());
  play.pass();
  play.answer({dsync("x.", RRType::CDS, 1, 5300, "notify.nic.com.")});
  play.answer({});
  play.answer({address("notify.nic.com.", "192.0.2.1")});
  play.answer({});
  CHECK(play.round.stage() == Stage::told);
  CHECK(play.round.trouble().empty());
}

TEST_CASE("of several targets each is told, and once", "[xfr][parent]") {
  Play play;
  const std::vector all = {dsync("x.", RRType::CDS, 1, 53, "a."),
                           dsync("x.", RRType::CDS, 1, 53, "b.")};
  play.answer(all);
  play.answer({});
  play.answer({address("a.", "192.0.2.1"), address("a.", "192.0.2.2")});
  play.answer({}, Rcode::notimp);
  CHECK(play.ask->to == endpoint("192.0.2.2:53"));  // its other address
  play.answer({}, Rcode::notimp);
  play.answer({});
  play.answer({address("b.", "192.0.2.3")});
  play.answer({});
  CHECK(play.round.stage() == Stage::resting);
  CHECK_THAT(play.round.trouble(), Catch::Contains("a. port 53 (192.0.2.2) answers NOTIMP"));
  play.pass();
  play.answer(all);
  CHECK(play.asked() == "a. 28");
  play.answer({});
  play.answer({address("a.", "192.0.2.1")});
  play.answer({});
  CHECK(play.round.stage() == Stage::told);
}

TEST_CASE("a target without an address is trouble", "[xfr][parent]") {
  Play play;
  play.answer({dsync("x.", RRType::CDS, 1, 53, "a.")});
  play.none("com.");
  play.none("com.");
  CHECK(play.round.stage() == Stage::resting);
  CHECK(play.round.trouble() == "a. port 53 has no address");
}

TEST_CASE("resolvers that fail, are truncated or are nobody's", "[xfr][parent]") {
  Play play;
  play.answer({}, Rcode::servfail);
  CHECK(play.ask->to == endpoint("192.0.2.54:53"));
  play.answer({}, Rcode::noerror, {}, true);
  CHECK(play.ask->tcp);
  const auto sent = play.ask->octets;
  // Not an answer to this.
  auto other = play.question;
  other.header.qr = true;
  other.header.id = static_cast<std::uint16_t>(other.header.id + 1);
  play.take(play.round.on_answer(other.compose().value(), play.moment()));
  play.take(play.round.on_answer(std::vector<std::uint8_t>{1, 2, 3}, play.moment()));
  other.header.id = play.question.header.id;
  other.question[0].qname = name("else.");
  play.take(play.round.on_answer(other.compose().value(), play.moment()));
  CHECK(play.ask->octets == sent);
  CHECK(play.round.stage() == Stage::looking);
  play.answer({dsync("x.", RRType::CDS, 1, 53, "a.")});
  CHECK(play.round.stage() == Stage::finding);
}
