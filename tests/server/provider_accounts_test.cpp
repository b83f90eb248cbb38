#include "server/provider_accounts.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;

namespace {

ProviderConfig entry(const std::string& name, const std::string& secret) {
  ProviderConfig provider;
  provider.name = name;
  provider.kind = ProviderKind::azure;
  provider.key_id = "user";
  provider.api_key = Secret(secret);
  provider.account = {{"tenant", "t"}, {"resource-group", name}};
  return provider;
}

}  // namespace

TEST_CASE("entries with one credential share an account", "[server][accounts]") {
  const auto one = entry("one", "canary");
  auto two = entry("two", "canary");
  CHECK(account_key_of(one) == account_key_of(two));
  CHECK(account_key_of(one).find("canary") == std::string::npos);
  CHECK(account_key_of(one) != account_key_of(entry("one", "other")));
  two.url = "https://other.example";
  CHECK(account_key_of(one) != account_key_of(two));
  two = entry("two", "canary");
  two.kind = ProviderKind::ns1;
  CHECK(account_key_of(one) != account_key_of(two));
  two = entry("two", "canary");
  two.account["tenant"] = "u";
  CHECK(account_key_of(one) != account_key_of(two));
}

TEST_CASE("the least budget of an account counts, and what is usual if none says any",
          "[server][accounts]") {
  auto one = entry("one", "canary");
  auto two = entry("two", "canary");
  const auto third = entry("three", "other");
  one.calls_per_minute = 120;
  two.calls_per_minute = 60;
  ProviderAccounts accounts;
  accounts.configure({one, two, third});
  const auto account = accounts.account_of(one, 600);
  REQUIRE(account != nullptr);
  CHECK(accounts.account_of(two, 600) == account);
  CHECK(accounts.account_of(third, 600) != account);
  CHECK(accounts.account_of(entry("four", "unheard of"), 600) == nullptr);
  const auto takes = [](pushers::Account& from) {
    int calls = 0;
    while (calls < 1000 && from.take(net::Instant{}, true) == 0ms) ++calls;
    return calls;
  };
  CHECK(takes(*account) == 10);
  CHECK(takes(*accounts.account_of(third, 600)) == 100);

  SECTION("an account outlives a new configuration, and what it has used does, too") {
    accounts.configure({one, two});
    CHECK(accounts.account_of(one, 600) == account);
    CHECK(takes(*account) == 0);
  }
  SECTION("another budget begins anew") {
    accounts.configure({one});
    CHECK(accounts.account_of(one, 600) == account);
    CHECK(takes(*account) == 20);
  }
}
