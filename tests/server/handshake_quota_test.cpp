#include "server/handshake_quota.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace taproot;
using namespace std::chrono_literals;
using server::HandshakeQuota;

namespace {

net::Address address(const std::string& text) {
  return net::Address::from_text(text).value();
}

/// How many of so many are let through.
int take(HandshakeQuota& quota, const net::Address& source, net::Instant now, int wanted) {
  int taken = 0;
  for (int i = 0; i < wanted; ++i) taken += quota.take(source, now) ? 1 : 0;
  return taken;
}

}  // namespace

TEST_CASE("each source has its share of handshakes", "[server][tls]") {
  HandshakeQuota quota(10, 50);
  const auto start = net::Instant{} + 1h;
  const auto one = address("192.0.2.1");
  CHECK(take(quota, one, start, 100) == 50);
  CHECK(take(quota, one, start, 1) == 0);
  CHECK(take(quota, address("192.0.2.2"), start, 20) == 20);  // of no concern to the other
  CHECK(take(quota, one, start + 1s, 100) == 10);
  CHECK(take(quota, one, start + 1500ms, 100) == 5);
  CHECK(take(quota, one, start + 1h, 100) == 50);
}

TEST_CASE("very many sources cost a bounded memory and lock nobody out for long", "[server][tls]") {
  HandshakeQuota quota(1, 2);
  const auto start = net::Instant{} + 1h;
  for (std::size_t i = 0; i < 2 * HandshakeQuota::max_sources; ++i) {
    quota.take(address("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) +
                       "." + std::to_string(i % 256)),
               start);
  }
  CHECK(quota.sources() == HandshakeQuota::max_sources);
  CHECK(take(quota, address("192.0.2.1"), start + 10ms, 1) == 0);
  CHECK(take(quota, address("192.0.2.1"), start + 2s, 2) == 2);
  CHECK(quota.sources() == 1);
}
