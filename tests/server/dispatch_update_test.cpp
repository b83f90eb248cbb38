#include "server/dispatch.hpp"
#include "tests/server/serving.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using dns::Class;
using dns::Rcode;
using dns::RRType;
using server::Transport;
using server::UpdateNames;
using tests::key_named;
using tests::name_of;

namespace {

/// A dispatcher whose zone example. the key good.key. may change: TXT of names below dyn.
struct Door {
  server::Counters counters;
  std::vector<server::TransferEvent> events;
  std::vector<std::pair<server::UpdateOrder, server::OwedAnswers::Ticket>> orders;
  server::Dispatch dispatch{
      counters, [] { return tests::test_time; },
      [this](server::TransferEvent event) { events.push_back(std::move(event)); },
      [this](server::UpdateOrder order, server::OwedAnswers::Ticket ticket) {
        orders.emplace_back(std::move(order), ticket);
      }};
  server::Snapshot snapshot{tests::serving_zones(), policy()};

  static std::shared_ptr<const server::Policy> policy() {
    auto made = *tests::serving_policy();
    made.keys.front().least_mac = 16;  // good.key.
    server::UpdateRule rule;
    rule.keys = {name_of("good.key.")};
    rule.names = {UpdateNames::from_text("*.dyn").value()};
    rule.types = {RRType::TXT};
    made.updates[name_of("example.")] =
        std::make_shared<const std::vector<server::UpdateRule>>(std::vector{rule});
    return std::make_shared<const server::Policy>(std::move(made));
  }

  std::vector<std::uint8_t> out;
  server::Reply handle(Octets request, Transport transport = Transport::udp) {
    out.assign(server::Dispatch::buffer_size, 0xee);
    const auto from = net::Endpoint::from_text("192.0.2.99:5353").value();
    auto reply = dispatch.handle(snapshot, {request, from, transport}, out);
    out.resize(reply.size);
    return reply;
  }
  Rcode rcode() const { return dns::Message::parse(out).value().header.rcode; }
};

dns::Message update_of(const std::string& zone, const std::string& owner = "x.dyn.example.",
                       RRType type = RRType::TXT) {
  dns::Message message;
  message.header.id = 77;
  message.header.opcode = dns::Opcode::update;
  message.question.push_back({name_of(zone), RRType::SOA, Class::IN});
  message.authority.push_back(
      {name_of(owner), type, Class::IN, 60,
       dns::rdata_from_text(type, type == RRType::TXT ? "x" : "192.0.2.1", dns::Name()).value()});
  return message;
}

std::vector<std::uint8_t> signed_by(const char* key, const dns::Message& message,
                                    dns::TsigTime at = tests::test_time) {
  auto octets = message.compose().value();
  dns::TsigSession(key_named(key)).sign_request(octets, at);
  return octets;
}

}  // namespace

TEST_CASE("who may come in with an UPDATE", "[server][dispatch][update]") {
  struct Case {
    const char* what;
    std::vector<std::uint8_t> request;
    Rcode rcode;
  };
  auto unmet = update_of("example.", "www.example.");
  unmet.answer.push_back({name_of("none.example."), RRType::ANY, Class::any, 0, {}});
  auto broken = update_of("example.");
  broken.authority.front().klass = Class::CH;
  auto no_soa = update_of("example.");
  no_soa.question.front().qtype = RRType::A;
  auto chaos = update_of("example.");
  chaos.question.front().qclass = Class::CH;
  auto edns = update_of("example.");
  edns.edns.emplace();
  edns.edns->version = 1;
  const std::vector<Case> cases = {
      {"unsigned", update_of("example.").compose().value(), Rcode::refused},
      {"unsigned, broken", broken.compose().value(), Rcode::refused},
      {"another key", signed_by("other.key.", update_of("example.")), Rcode::refused},
      {"another key, broken", signed_by("other.key.", broken), Rcode::refused},
      {"an unknown key", signed_by("unknown.key.", update_of("example.")), Rcode::notauth},
      {"late", signed_by("good.key.", update_of("example."), tests::test_time - 301),
       Rcode::notauth},
      {"no zone of ours", signed_by("good.key.", update_of("test.", "x.test.")), Rcode::notauth},
      {"no apex", signed_by("good.key.", update_of("dyn.example.")), Rcode::notauth},
      {"a zone without rules", signed_by("good.key.", update_of("big.", "x.big.")), Rcode::refused},
      {"class CH", signed_by("good.key.", chaos), Rcode::notauth},
      {"zone section", signed_by("good.key.", no_soa), Rcode::formerr},
      {"broken", signed_by("good.key.", broken), Rcode::formerr},
      {"outside", signed_by("good.key.", update_of("example.", "x.test.")), Rcode::notzone},
      {"a name without right", signed_by("good.key.", update_of("example.", "www.example.")),
       Rcode::refused},
      {"a type without right",
       signed_by("good.key.", update_of("example.", "x.dyn.example.", RRType::A)), Rcode::refused},
      {"no right, and a prerequisite that fails", signed_by("good.key.", unmet), Rcode::refused},
      {"EDNS 1", signed_by("good.key.", edns), Rcode::badvers},
  };
  for (const auto& c : cases) {
    Door door;
    INFO(c.what);
    const auto reply = door.handle(c.request);
    CHECK(reply.later == 0);
    REQUIRE(reply.size > 0);
    CHECK(door.rcode() == c.rcode);
    CHECK(door.orders.empty());
    CHECK(door.events.size() == (c.rcode == Rcode::badvers ? 0 : 1));
    if (!door.events.empty()) {
      CHECK(door.events.front().kind == server::TransferEvent::Kind::refused);
      CHECK_FALSE(door.events.front().why.empty());
    }
  }
}

TEST_CASE("an UPDATE is answered later, and signed", "[server][dispatch][update]") {
  Door door;
  auto octets = update_of("example.").compose().value();
  dns::TsigSession client(key_named("good.key."));
  client.sign_request(octets, tests::test_time);
  const auto reply = door.handle(octets, Transport::tcp);
  CHECK(reply.size == 0);
  REQUIRE(reply.later != 0);
  REQUIRE(door.orders.size() == 1);
  const auto& [order, ticket] = door.orders.front();
  CHECK(ticket == reply.later);
  CHECK(order.update.zone == name_of("example."));
  CHECK(order.request.key == name_of("good.key."));
  CHECK(order.request.id == 77);
  CHECK(order.request.stamp.time_signed == tests::test_time);
  CHECK(order.over_tcp);
  std::vector<std::uint8_t> answer;
  door.dispatch.when_answered(
      ticket, [&](Octets message) { answer.assign(message.begin(), message.end()); });
  octets.assign(octets.size(), 0);  // nothing of the request is kept by reference
  door.dispatch.answer(ticket, Rcode::yxdomain);
  const auto message = dns::Message::parse(answer).value();
  CHECK(message.header.rcode == Rcode::yxdomain);
  CHECK(message.header.qr);
  CHECK(message.header.opcode == dns::Opcode::update);
  CHECK(message.header.id == 77);
  CHECK(client.check_answer(answer, message.tsig_at, tests::test_time).authentic);
  CHECK(door.counters.updates_by_rcode[static_cast<std::size_t>(Rcode::yxdomain)].value() == 1);
  answer.clear();
  door.dispatch.answer(ticket, Rcode::noerror);  // once
  CHECK(answer.empty());
}

TEST_CASE("answers that nobody waits for are not sent", "[server][dispatch][update]") {
  Door door;
  const auto reply = door.handle(signed_by("good.key.", update_of("example.")));
  bool sent = false;
  door.dispatch.when_answered(reply.later, [&](Octets) { sent = true; });
  SECTION("gone") {
    door.dispatch.forget(reply.later);
  }
  SECTION("silence") {
    door.dispatch.answer(reply.later, std::nullopt);
  }
  door.dispatch.answer(reply.later, Rcode::noerror);
  CHECK_FALSE(sent);
}

TEST_CASE("a loop owes a bounded number of answers", "[server][dispatch][update]") {
  Door door;
  const auto request = signed_by("good.key.", update_of("example."));
  for (std::size_t i = 0; i < server::OwedAnswers::most; ++i) {
    REQUIRE(door.handle(request).later != 0);
  }
  const auto refused = door.handle(request);
  CHECK(refused.later == 0);
  CHECK(door.rcode() == Rcode::servfail);
  door.dispatch.answer(door.orders.front().second, Rcode::noerror);
  CHECK(door.handle(request).later != 0);
}

TEST_CASE("a shortened MAC does not make another request", "[server][dispatch][update]") {
  // The stamp is that of the whole MAC: where truncation is allowed anybody may cut it.
  Door door;
  auto whole = signed_by("good.key.", update_of("example."));
  auto cut = whole;
  const std::size_t mac_size_at = whole.size() - 6 - 32 - 2;
  cut[mac_size_at + 1] = 16;
  cut.erase(cut.end() - 6 - 16, cut.end() - 6);
  const std::size_t rdlength_at = mac_size_at - 8 - 13 - 2;
  cut[rdlength_at + 1] = static_cast<std::uint8_t>(cut[rdlength_at + 1] - 16);
  CHECK(door.handle(whole).later != 0);
  CHECK(door.handle(cut).later != 0);
  REQUIRE(door.orders.size() == 2);
  CHECK(door.orders[0].first.request.stamp.mac == door.orders[1].first.request.stamp.mac);
}
