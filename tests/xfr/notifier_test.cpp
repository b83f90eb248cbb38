#include "xfr/notifier.hpp"

#include "dns/message.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "net/udp_socket.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;

namespace {

dns::Name name(const std::string& text) {
  return *dns::Name::from_text(text);
}

xfr::NotifySubject subject(std::uint32_t serial, const std::string& apex = "example.org") {
  return {name(apex),
          {name("ns1.example.org"), name("admin.example.org"), dns::Serial(serial), 1, 2, 3, 4},
          3600};
}

/// Runs the loop until `reached`; false after five seconds.
bool run_until(net::Loop& loop, const std::function<bool()>& reached) {
  const auto deadline = net::Loop::now() + 5s;
  bool ok = false;
  std::unique_ptr<net::Timer> timer;
  timer = std::make_unique<net::Timer>(loop, [&] {
    ok = reached();
    if (ok || net::Loop::now() > deadline) return loop.stop();
    timer->set_after(1ms);
  });
  timer->set_after(0ms);
  loop.run();
  return ok;
}

/// Runs the loop for a while: to show that something does not happen.
void run_for(net::Loop& loop, std::chrono::milliseconds time) {
  const auto end = net::Loop::now() + time;
  run_until(loop, [&] { return net::Loop::now() >= end; });
}

/// A secondary as far as NOTIFY is concerned.
class Secondary {
 public:
  explicit Secondary(net::Loop& loop) {
    socket_ = std::move(*net::UdpSocket::open(
        loop, *net::Endpoint::from_text("127.0.0.1:0"),
        [this](Octets datagram, const net::Endpoint& sender) { on_datagram(datagram, sender); }));
  }

  xfr::NotifyTarget target(const std::string& provider = "p") const {
    return {provider, socket_->local(), std::nullopt, std::nullopt};
  }

  std::vector<std::uint32_t> told;  ///< serials
  std::vector<net::Endpoint> from;
  bool silent = false;
  bool wrong_id = false;
  dns::Rcode rcode = dns::Rcode::noerror;

 private:
  void on_datagram(Octets datagram, const net::Endpoint& sender) {
    auto message = dns::Message::parse(datagram);
    if (!message || message->answer.size() != 1) return;
    told.push_back(dns::Soa::from_rdata(message->answer[0].rdata.wire())->serial.value());
    from.push_back(sender);
    if (silent) return;
    message->header.qr = true;
    message->header.rcode = rcode;
    message->answer.clear();
    if (wrong_id) ++message->header.id;
    socket_->send(*message->compose(), sender);
  }

  std::unique_ptr<net::UdpSocket> socket_;
};

}  // namespace

TEST_CASE("a target is told at once and until its serial is seen", "[xfr][notifier]") {
  net::Loop loop;
  Secondary secondary(loop);
  xfr::Notifier notifier(loop);
  const auto target = secondary.target();
  CHECK_FALSE(notifier.state(name("example.org"), target));

  notifier.tell(subject(7), {target});
  REQUIRE(
      run_until(loop, [&] { return notifier.state(name("example.org"), target)->acknowledged; }));
  CHECK(secondary.told.front() == 7);
  CHECK_FALSE(notifier.state(name("example.org"), target)->seen);
  CHECK_THAT(notifier.state(name("example.org"), target)->waits_for, Catch::Contains("serial 7"));

  SECTION("told again while nobody saw it") {
    REQUIRE(run_until(loop, [&] { return secondary.told.size() == 2; }));
    CHECK(notifier.state(name("example.org"), target)->tries >= 2);
  }
  SECTION("an older serial seen ends nothing") {
    notifier.seen(name("example.org"), target.to, dns::Serial(6));
    CHECK_FALSE(notifier.state(name("example.org"), target)->seen);
  }
  SECTION("seen at its endpoint") {
    notifier.seen(name("example.org"), target.to, dns::Serial(7));
    CHECK(notifier.state(name("example.org"), target)->seen);
    CHECK(notifier.state(name("example.org"), target)->waits_for.empty());
  }
  SECTION("seen at its address") {
    notifier.seen(name("EXAMPLE.org"), target.to.address(), dns::Serial(8));
    CHECK(notifier.state(name("example.org"), target)->seen);
  }
  SECTION("seen by the provider's name") {
    notifier.seen(name("example.org"), std::string("other"), dns::Serial(7));
    CHECK_FALSE(notifier.state(name("example.org"), target)->seen);
    notifier.seen(name("example.org"), std::string("p"), dns::Serial(7));
    CHECK(notifier.state(name("example.org"), target)->seen);
  }
  SECTION("another zone's serial means nothing") {
    notifier.seen(name("example.net"), target.to, dns::Serial(9));
    CHECK_FALSE(notifier.state(name("example.org"), target)->seen);
  }
}

TEST_CASE("a burst makes few rounds and the newest wins", "[xfr][notifier]") {
  net::Loop loop;
  Secondary secondary(loop);
  xfr::Notifier notifier(loop);
  notifier.tell(subject(1), {secondary.target()});
  REQUIRE(run_until(loop, [&] { return secondary.told.size() == 1; }));
  for (std::uint32_t serial = 2; serial <= 1000; ++serial) {
    notifier.tell(subject(serial), {secondary.target()});
  }
  REQUIRE(run_until(loop, [&] { return secondary.told.size() == 2; }));
  CHECK(secondary.told == std::vector<std::uint32_t>{1, 1000});
  CHECK(notifier.state(name("example.org"), secondary.target())->serial == dns::Serial(1000));
}

TEST_CASE("versions without a pause are told at growing gaps, also to who answers",
          "[xfr][notifier]") {
  net::Loop loop;
  Secondary secondary(loop);
  xfr::Notifier::Options options;
  options.min_gap = 4ms;
  options.max_gap = 64ms;
  xfr::Notifier notifier(loop, options);
  std::uint32_t serial = 0;
  const auto end = net::Loop::now() + 400ms;
  REQUIRE(run_until(loop, [&] {  // once a millisecond
    notifier.tell(subject(++serial), {secondary.target()});
    return net::Loop::now() >= end;
  }));
  REQUIRE(run_until(loop, [&] { return secondary.told.back() == serial; }));
  // 4 + 8 + 16 + 32 + 64 + 64 + 64 + 64 + 64 ms, and what a slow machine adds.
  CHECK(secondary.told.size() >= 3);
  CHECK(secondary.told.size() <= 14);
  CHECK(std::is_sorted(secondary.told.begin(), secondary.told.end()));
}

TEST_CASE("a version that comes alone is told at once", "[xfr][notifier]") {
  net::Loop loop;
  Secondary secondary(loop);
  xfr::Notifier::Options options;
  options.min_gap = 1ms;
  options.max_gap = std::chrono::hours(1);  // whoever waits for it never gets there
  xfr::Notifier notifier(loop, options);
  for (std::uint32_t serial = 1; serial <= 20; ++serial) {
    notifier.tell(subject(serial), {secondary.target()});
    notifier.tell(subject(serial), {secondary.target()});  // what waits keeps its turn
    REQUIRE(run_until(loop, [&] { return secondary.told.size() == serial; }));
    run_for(loop, 10ms);
  }
  CHECK(secondary.told.back() == 20);
}

TEST_CASE("nobody is told an older serial than the last one", "[xfr][notifier]") {
  net::Loop loop;
  Secondary secondary(loop);
  xfr::Notifier notifier(loop);
  notifier.tell(subject(9), {secondary.target()});
  notifier.tell(subject(8), {secondary.target()});
  REQUIRE(run_until(loop, [&] { return !secondary.told.empty(); }));
  CHECK(secondary.told == std::vector<std::uint32_t>{9});
}

TEST_CASE("a frozen secondary holds up nobody", "[xfr][notifier]") {
  net::Loop loop;
  Secondary frozen(loop);
  frozen.silent = true;
  Secondary good(loop);
  xfr::Notifier notifier(loop);
  for (int i = 0; i < 200; ++i) {
    notifier.tell(subject(1, "z" + std::to_string(i) + ".example"),
                  {frozen.target("frozen"), good.target("good")});
  }
  const auto all_acknowledged = [&] {
    for (int i = 0; i < 200; ++i) {
      const auto state =
          notifier.state(name("z" + std::to_string(i) + ".example"), good.target("good"));
      if (!state->acknowledged) return false;
    }
    return true;
  };
  REQUIRE(run_until(loop, all_acknowledged));
  CHECK(notifier.open_sockets() == 1);
  CHECK_FALSE(notifier.state(name("z0.example"), frozen.target("frozen"))->acknowledged);
  CHECK_THAT(notifier.state(name("z0.example"), frozen.target("frozen"))->waits_for,
             Catch::Contains("not answered"));
}

TEST_CASE("answers that are wrong acknowledge nothing", "[xfr][notifier]") {
  net::Loop loop;
  Secondary secondary(loop);
  xfr::Notifier notifier(loop);
  const auto target = secondary.target();
  const auto state = [&] { return *notifier.state(name("example.org"), target); };

  SECTION("a wrong id") {
    secondary.wrong_id = true;
    notifier.tell(subject(1), {target});
    REQUIRE(run_until(loop, [&] { return !secondary.told.empty(); }));
    run_for(loop, 20ms);
    CHECK_FALSE(state().acknowledged);
    CHECK(state().last_error.empty());
  }
  SECTION("REFUSED") {
    secondary.rcode = dns::Rcode::refused;
    notifier.tell(subject(1), {target});
    REQUIRE(run_until(loop, [&] { return !state().last_error.empty(); }));
    CHECK_FALSE(state().acknowledged);
    CHECK_THAT(state().last_error, Catch::Contains("REFUSED"));
  }
}

TEST_CASE("a NOTIFY leaves from the source the provider knows", "[xfr][notifier]") {
  net::Loop loop;
  Secondary secondary(loop);
  xfr::Notifier notifier(loop);
  auto target = secondary.target();
  target.source = *net::Address::from_text("127.0.0.2");
  notifier.tell(subject(1), {target, secondary.target("q")});
  REQUIRE(run_until(loop, [&] { return secondary.from.size() == 2; }));
  CHECK(notifier.open_sockets() == 2);
  CHECK(secondary.from[0].address() != secondary.from[1].address());
}

TEST_CASE("a source that is not ours is an error on the board", "[xfr][notifier]") {
  net::Loop loop;
  Secondary secondary(loop);
  xfr::Notifier notifier(loop);
  auto target = secondary.target();
  target.source = *net::Address::from_text("192.0.2.1");
  std::string error;
  notifier.on_changed(
      [&](const dns::Name&, const xfr::NotifyState& state) { error = state.last_error; });
  notifier.tell(subject(1), {target});
  REQUIRE(run_until(loop, [&] { return !error.empty(); }));
  CHECK_THAT(error, Catch::Contains("192.0.2.1"));
  CHECK(secondary.told.empty());
  CHECK(notifier.open_sockets() == 0);
}

TEST_CASE("what is dropped or not a target any more is told no more", "[xfr][notifier]") {
  net::Loop loop;
  Secondary one(loop);
  Secondary two(loop);
  xfr::Notifier notifier(loop);
  const auto apex = name("example.org");
  notifier.tell(subject(1), {one.target("one"), two.target("two")});
  REQUIRE(notifier.states(apex).size() == 2);

  SECTION("a target that the configuration lost") {
    notifier.tell(subject(2), {two.target("two")});
    REQUIRE(run_until(loop, [&] { return !two.told.empty(); }));
    run_for(loop, 20ms);
    CHECK(one.told.empty());
    CHECK(two.told == std::vector<std::uint32_t>{2});
    CHECK_FALSE(notifier.state(apex, one.target("one")));
  }
  SECTION("a zone") {
    notifier.drop(apex);
    run_for(loop, 20ms);
    CHECK(one.told.empty());
    CHECK(two.told.empty());
    CHECK(notifier.states(apex).empty());
  }
}
