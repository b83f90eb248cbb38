#include "net/endpoint.hpp"

#include <catch2/catch.hpp>

#include <netinet/in.h>

#include <unordered_set>

namespace taproot::net {

TEST_CASE("addresses are read and written in their canonical text", "[net][endpoint]") {
  struct Case {
    std::string text, want;
    bool ipv6, loopback, wildcard, link_local;
  };
  const auto c =
      GENERATE(values<Case>({{"192.0.2.1", "192.0.2.1", false, false, false, false},
                             {"127.8.9.1", "127.8.9.1", false, true, false, false},
                             {"0.0.0.0", "0.0.0.0", false, false, true, false},
                             {"169.254.1.1", "169.254.1.1", false, false, false, true},
                             {"2001:DB8:0:0::1", "2001:db8::1", true, false, false, false},
                             {"::1", "::1", true, true, false, false},
                             {"::", "::", true, false, true, false},
                             {"fe80::1", "fe80::1", true, false, false, true},
                             {"::ffff:127.0.0.1", "127.0.0.1", false, true, false, false},
                             {"::ffff:c000:201", "192.0.2.1", false, false, false, false}}));
  CAPTURE(c.text);
  const auto address = Address::from_text(c.text);
  REQUIRE(address);
  CHECK(address->to_text() == c.want);
  CHECK(address->is_ipv6() == c.ipv6);
  CHECK(address->octets().size() == (c.ipv6 ? 16 : 4));
  CHECK(address->is_loopback() == c.loopback);
  CHECK(address->is_wildcard() == c.wildcard);
  CHECK(address->is_link_local() == c.link_local);
  CHECK(*Address::from_octets(address->octets()) == *address);
  CHECK(*Address::from_text(address->to_text()) == *address);
}

TEST_CASE("what is no address is refused", "[net][endpoint]") {
  const std::string text =
      GENERATE(as<std::string>(), "", "localhost", "192.0.2", "192.0.2.256", "192.0.2.01", "[::1]",
               "fe80::1%eth0", " 192.0.2.1", "192.0.2.1 ", "1:2:3:4:5:6:7:8:9",
               ":::", std::string("::1\0", 4), std::string(4000, '1'));
  CAPTURE(text);
  const auto address = Address::from_text(text);
  REQUIRE_FALSE(address);
  CHECK(address.error().code == Errc::bad_text);
}

TEST_CASE("an address has 4 or 16 octets", "[net][endpoint]") {
  const std::vector<std::uint8_t> octets(GENERATE(0u, 3u, 5u, 15u, 17u));
  CHECK_FALSE(Address::from_octets(octets));
}

TEST_CASE("IPv4 sorts before IPv6", "[net][endpoint]") {
  CHECK(*Address::from_text("255.255.255.255") < *Address::from_text("::"));
  CHECK(*Address::from_text("10.0.0.1") < *Address::from_text("10.0.0.2"));
}

TEST_CASE("a prefix contains the addresses that begin with it", "[net][endpoint]") {
  struct Case {
    std::string prefix, address;
    bool want;
  };
  const auto c = GENERATE(values<Case>({{"192.0.2.0/24", "192.0.2.255", true},
                                        {"192.0.2.0/24", "192.0.3.0", false},
                                        {"192.0.2.0/25", "192.0.2.127", true},
                                        {"192.0.2.0/25", "192.0.2.128", false},
                                        {"192.0.2.1", "192.0.2.1", true},
                                        {"192.0.2.1", "192.0.2.2", false},
                                        {"0.0.0.0/0", "255.1.2.3", true},
                                        {"0.0.0.0/0", "::1", false},
                                        {"::/0", "2001:db8::1", true},
                                        {"::/0", "192.0.2.1", false},
                                        {"2001:db8::/33", "2001:db8:7fff::", true},
                                        {"2001:db8::/33", "2001:db8:8000::", false},
                                        {"127.0.0.0/8", "::ffff:127.0.0.1", true},
                                        {"::1", "::1", true}}));
  CAPTURE(c.prefix, c.address);
  const auto prefix = Prefix::from_text(c.prefix);
  REQUIRE(prefix);
  CHECK(prefix->contains(*Address::from_text(c.address)) == c.want);
  CHECK(prefix->to_text() == c.prefix);
}

TEST_CASE("what is no prefix is refused", "[net][endpoint]") {
  const std::string text =
      GENERATE(as<std::string>(), "", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1",
               "192.0.2.0/024", "192.0.2.0/2 ", "::/129", "192.0.2.1/24", "2001:db8::1/64", "any");
  CAPTURE(text);
  const auto prefix = Prefix::from_text(text);
  REQUIRE_FALSE(prefix);
  CHECK(prefix.error().code == Errc::bad_text);
}

TEST_CASE("a prefix with bits set behind it is told with the right one", "[net][endpoint]") {
  CHECK_THAT(Prefix::from_text("192.0.2.1/24").error().detail, Catch::Contains("192.0.2.0/24"));
}

TEST_CASE("endpoints are read and written", "[net][endpoint]") {
  struct Case {
    std::string text;
    std::optional<std::uint16_t> port;
    std::string want;
  };
  const auto c = GENERATE(values<Case>({{"127.0.0.1:53", {}, "127.0.0.1:53"},
                                        {"127.0.0.1:0", {}, "127.0.0.1:0"},
                                        {"[::1]:53", {}, "[::1]:53"},
                                        {"[2001:DB8::1]:65535", {}, "[2001:db8::1]:65535"},
                                        {"127.0.0.1", 53, "127.0.0.1:53"},
                                        {"127.0.0.1:54", 53, "127.0.0.1:54"},
                                        {"::1", 53, "[::1]:53"},
                                        {"[::1]", 53, "[::1]:53"},
                                        {"[::ffff:127.0.0.1]:53", {}, "127.0.0.1:53"}}));
  CAPTURE(c.text);
  const auto endpoint = Endpoint::from_text(c.text, c.port);
  REQUIRE(endpoint);
  CHECK(endpoint->to_text() == c.want);
}

TEST_CASE("what is no endpoint is refused", "[net][endpoint]") {
  const std::string text =
      GENERATE(as<std::string>(), "", ":53", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
               "127.0.0.1:-1", "127.0.0.1:053", "127.0.0.1:5x", "::1", "[::1]", "[::1]53",
               "[::1:53", "[127.0.0.1]:53", "localhost:53", "[]:53", "[::1]:");
  CAPTURE(text);
  const auto endpoint = Endpoint::from_text(text);
  REQUIRE_FALSE(endpoint);
  CHECK(endpoint.error().code == Errc::bad_text);
}

TEST_CASE("endpoints survive the system's form", "[net][endpoint]") {
  const std::string text = GENERATE(as<std::string>(), "192.0.2.1:53", "[2001:db8::1]:5300");
  const auto endpoint = *Endpoint::from_text(text);
  const auto plain = endpoint.to_sockaddr();
  const auto ipv6 = endpoint.to_sockaddr_ipv6();
  CHECK(ipv6.get()->sa_family == AF_INET6);
  CHECK(Endpoint::from_sockaddr(plain.get(), plain.size) == endpoint);
  CHECK(Endpoint::from_sockaddr(ipv6.get(), ipv6.size) == endpoint);
  CHECK_FALSE(Endpoint::from_sockaddr(plain.get(), plain.size - 1));
}

TEST_CASE("other families are no endpoints", "[net][endpoint]") {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  CHECK_FALSE(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage), sizeof storage));
}

TEST_CASE("endpoints can be looked up by hash", "[net][endpoint]") {
  std::unordered_set<Endpoint> set;
  for (std::uint16_t port = 0; port < 100; ++port) {
    set.insert(Endpoint(*Address::from_text("::1"), port));
    set.insert(Endpoint(*Address::from_text("127.0.0.1"), port));
  }
  CHECK(set.size() == 200);
  CHECK(set.contains(*Endpoint::from_text("[::1]:99")));
  CHECK_FALSE(set.contains(*Endpoint::from_text("[::1]:100")));
}

}  // namespace taproot::net
