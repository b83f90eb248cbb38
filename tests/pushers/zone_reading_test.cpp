#include "pushers/zone_reading.hpp"

#include "tests/pushers/fake_provider.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

/// A reading against the fake; `fault` answers instead of it where it says so.
struct Scene {
  FakeProvider provider;
  FakeDriver driver{provider, every_type()};
  std::function<std::optional<Response>(const std::string& request)> fault;
  std::vector<std::chrono::seconds> waits;

  Scene() {
    provider.put({soa(1), "@ 3600 NS ns1", "a 300 A 192.0.2.1"});
    provider.page_size = 2;
  }

  Response answer(const std::string& request) {
    provider.log.push_back(request);
    if (fault) {
      if (auto wrong = fault(request)) return *wrong;
    }
    Response response;
    response.status = provider.has_zone ? fake_ok : fake_absent;
    response.body = request.size() > 5 ? request.substr(5) : "0";
    return response;
  }

  /// How many RRsets were read, or why none were.
  Result<std::size_t> read() {
    ZoneReading reading(driver, name("@"));
    std::optional<Request> request = reading.start(WallTime{});
    for (int steps = 0; request && steps < 100; ++steps) {
      waits.push_back(reading.wait());
      auto next = reading.on_response(WallTime{}, answer(request->url));
      if (!next) return tl::unexpected(next.error());
      request = std::move(*next);
    }
    if (auto end = reading.end()) (void)answer(end->url);
    return reading.take().rrsets.size();
  }
};

/// The first answer to such a request.
auto once(const std::string& words, int status, const std::string& wait) {
  return [=, done = false](const std::string& request) mutable -> std::optional<Response> {
    if (done || request != words) return std::nullopt;
    done = true;
    Response response;
    response.status = status;
    if (!wait.empty()) response.headers = {{"Retry-After", wait}};
    return response;
  };
}

}  // namespace

TEST_CASE("a reading takes all pages, and gives its session back", "[pushers]") {
  Scene scene;
  scene.driver.wants_login = scene.driver.wants_logout = true;
  CHECK(scene.read() == 3U);
  CHECK(scene.provider.log ==
        Lines{"login", "find as session-1", "list", "list 2", "logout session-1"});
}

TEST_CASE("a reading waits if it is asked to, and tries nothing else twice", "[pushers]") {
  using std::chrono::seconds;
  Scene scene;
  scene.fault = once("list 2", fake_slow_down, "7");
  CHECK(scene.read() == 3U);
  CHECK(scene.provider.log == Lines{"find", "list", "list 2", "list 2"});
  CHECK(scene.waits == std::vector{seconds(0), seconds(0), seconds(0), seconds(7)});

  Scene second;
  second.fault = once("list", fake_slow_down, "");
  CHECK_FALSE(second.read());
  Scene third;
  third.fault = once("list", fake_broken, "7");
  CHECK_FALSE(third.read());
  Scene fourth;
  fourth.provider.has_zone = false;
  CHECK(fourth.read().error().code == Errc::not_found);
  Scene fifth;
  fifth.provider.lists_completely = false;
  CHECK(fifth.read().error().code == Errc::bad_answer);
}

}  // namespace taproot::pushers
