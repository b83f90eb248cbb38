#include "net/url.hpp"

#include <catch2/catch.hpp>

namespace taproot::net {

TEST_CASE("an origin is scheme, host and port", "[net][url]") {
  struct Case {
    std::string url, scheme, host;
    std::uint16_t port;
  };
  const auto c = GENERATE(values<Case>({{"https://Host.Example/a?b", "https", "host.example", 443},
                                        {"https://host.example:443", "https", "host.example", 443},
                                        {"http://127.0.0.1:8080/", "http", "127.0.0.1", 8080},
                                        {"https://[::1]:9/x", "https", "::1", 9},
                                        {"HTTPS://h", "https", "h", 443}}));
  CAPTURE(c.url);
  const auto origin = origin_of(c.url);
  REQUIRE(origin);
  CHECK(*origin == Origin{c.scheme, c.host, c.port});
  for (const auto* bad :
       {"", "host", "ftp://h/", "file:///etc/x", "https://", "https://h:99999/"}) {
    CAPTURE(bad);
    CHECK_FALSE(origin_of(bad));
  }
}

TEST_CASE("references are resolved as browsers do it", "[net][url]") {
  struct Case {
    std::string reference, url;
  };
  const auto c = GENERATE(values<Case>({{"/x", "https://h:1/x"},
                                        {"x", "https://h:1/a/x"},
                                        {"../x", "https://h:1/x"},
                                        {"//other/x", "https://other/x"},
                                        {"http://h/x", "http://h/x"},
                                        {"x#f", "https://h:1/a/x"},
                                        {"?q", "https://h:1/a/b?q"}}));
  CAPTURE(c.reference);
  CHECK(resolve_reference("https://h:1/a/b", c.reference).value_or("none") == c.url);
  CHECK_FALSE(resolve_reference("https://h/", "/a\r\nX: y"));
  CHECK_FALSE(resolve_reference("none", "/a"));
}

TEST_CASE("parts of URLs", "[net][url]") {
  CHECK(beside("https://h/a.yaml", ".sig") == "https://h/a.yaml.sig");
  CHECK(beside("https://h/a.yaml?token=x", ".sig") == "https://h/a.yaml.sig?token=x");
  CHECK(file_name_of("https://h/b/a.yaml?x=/y") == "a.yaml");
  CHECK(file_name_of("https://h/b/") == "");
  CHECK(without_query("https://h/a?SECRET") == "https://h/a");
}

}  // namespace taproot::net
