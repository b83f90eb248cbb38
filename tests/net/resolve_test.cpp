#include "net/resolve.hpp"

#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace taproot::net {

TEST_CASE("names and addresses are looked up", "[net][resolve]") {
  struct Case {
    std::string host;
    bool loopback;
  };
  const auto c = GENERATE(values<Case>(
      {{"localhost", true}, {"127.0.0.1", true}, {"::1", true}, {"192.0.2.1", false}}));
  CAPTURE(c.host);
  Loop loop;
  std::optional<std::vector<Address>> found;
  const HostLookup lookup(loop, c.host, [&](Result<std::vector<Address>> addresses) {
    REQUIRE(addresses);
    found = *addresses;
  });
  CHECK_FALSE(found);
  REQUIRE(run_until(loop, [&] { return found.has_value(); }));
  CHECK_FALSE(found->empty());
  CHECK(std::all_of(found->begin(), found->end(),
                    [&](const Address& address) { return address.is_loopback() == c.loopback; }));
}

TEST_CASE("what is no name has no address", "[net][resolve]") {
  const std::string host = GENERATE(as<std::string>(), std::string("local\0host", 10),
                                    std::string(5000, 'a'), "", "a..b", "256.256.256.256.");
  CAPTURE(host.substr(0, 20));
  Loop loop;
  std::optional<Error> error;
  const HostLookup lookup(loop, host, [&](Result<std::vector<Address>> addresses) {
    REQUIRE_FALSE(addresses);
    error = addresses.error();
  });
  CHECK_FALSE(error);
  REQUIRE(run_until(loop, [&] { return error.has_value(); }, std::chrono::seconds(60)));
  CHECK((error->code == Errc::not_found || error->code == Errc::io));
}

TEST_CASE("a lookup may be given up, also in its own call", "[net][resolve]") {
  Loop loop;
  const auto host = GENERATE(as<std::string>(), "localhost", std::string("\0", 1));
  auto given_up = std::make_unique<HostLookup>(
      loop, host, [](Result<std::vector<Address>>) { FAIL("called"); });
  given_up.reset();
  const auto witness = std::make_shared<int>(7);
  int calls = 0;
  std::unique_ptr<HostLookup> lookup;
  lookup = std::make_unique<HostLookup>(loop, host, [&, witness](Result<std::vector<Address>>) {
    lookup.reset();
    calls += *witness;
  });
  REQUIRE(run_until(loop, [&] { return calls != 0; }));
  CHECK(calls == 7);
  CHECK(loop.close() == 0);
}

}  // namespace taproot::net
