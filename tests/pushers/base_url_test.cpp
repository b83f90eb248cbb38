#include "pushers/base_url.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

TEST_CASE("a provider's URL is https, or http on this machine", "[pushers][base_url]") {
  const std::string url = GENERATE(
      "https://pdns.example.net:8081", "https://pdns.example.net", "https://pdns.example.net/dns",
      "https://192.0.2.1:8081/", "https://[2001:db8::1]:8081", "http://127.0.0.1:8081",
      "http://127.9.9.9", "http://[::1]:8081", "http://localhost:8081/x");
  CAPTURE(url);
  CHECK(why_bad_url(url) == std::nullopt);
}

TEST_CASE("what is wrong with a URL is said, and the URL is not repeated", "[pushers][base_url]") {
  struct Case {
    const char* url;
    const char* words;
  };
  const auto c = GENERATE(
      Case{"", "must begin with https://"}, Case{"pdns.example.net", "must begin with https://"},
      Case{"ftp://pdns.example.net", "must begin with https://"},
      Case{"http://pdns.example.net:8081", "in the clear"},
      Case{"http://192.0.2.1", "in the clear"},
      Case{"http://127.0.0.1.example.net", "in the clear"},
      Case{"http://[2001:db8::1]", "in the clear"},
      Case{"https://user:canary@pdns.example.net", "before @"},
      Case{"https://canary@pdns.example.net", "before @"},
      Case{"https://pdns.example.net/?api-key=canary", "leave out"},
      Case{"https://pdns.example.net/#canary", "leave out"}, Case{"https://", "no valid host"},
      Case{"https://:8081", "no valid host"}, Case{"https://pdns.example.net:0", "no valid host"},
      Case{"https://pdns.example.net:99999", "no valid host"},
      Case{"https://pdns.example.net:", "no valid host"}, Case{"https://[::1", "no valid host"},
      Case{"https://[::1]x", "no valid host"}, Case{"https://[canary]", "no valid host"},
      Case{"https://a%20b/", "no valid host"}, Case{"https://pdns.example.net /", "a blank"},
      Case{"https://x\r\ny", "a blank"});
  CAPTURE(c.url);
  const auto why = why_bad_url(c.url);
  REQUIRE(why);
  CHECK_THAT(*why, Catch::Contains(c.words));
  CHECK(why->find("canary") == std::string::npos);
}

TEST_CASE("what is not plain is escaped in a URL", "[pushers][base_url]") {
  CHECK(percent_encoded("example.org.") == "example.org.");
  CHECK(percent_encoded("=2F/?&#%\\ \xff") == "%3D2F%2F%3F%26%23%25%5C%20%FF");
}

}  // namespace taproot::pushers
