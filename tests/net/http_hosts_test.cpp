#include "net/http_hosts.hpp"

#include <catch2/catch.hpp>

namespace taproot::net {

TEST_CASE("a server answers to its own names only", "[net][http]") {
  struct Case {
    std::string local;
    std::optional<std::string> host;
    bool want;
  };
  const auto c = GENERATE(values<Case>({{"127.0.0.1:8053", "127.0.0.1:8053", true},
                                        {"127.0.0.1:8053", "127.0.0.1", true},
                                        {"127.0.0.1:8053", "localhost:8053", true},
                                        {"127.0.0.1:8053", "LOCALHOST", true},
                                        {"127.0.0.1:8053", "evil.example", false},
                                        {"127.0.0.1:8053", "127.0.0.1.evil.example", false},
                                        {"127.0.0.1:8053", "", false},
                                        {"127.0.0.1:8053", {}, false},
                                        {"[::1]:8053", "[::1]:8053", true},
                                        {"[::1]:8053", "[::1]", true},
                                        {"[::1]:8053", "::1", false},
                                        {"192.0.2.1:80", "localhost", false},
                                        {"192.0.2.1:80", "192.0.2.1", true},
                                        {"0.0.0.0:80", "0.0.0.0", false},
                                        {"0.0.0.0:80", "Dash.Example.net:8053", true},
                                        {"0.0.0.0:80", "dash.example.net", true},
                                        {"0.0.0.0:80", "one.example.net:8053", true},
                                        {"0.0.0.0:80", "one.example.net:80", false},
                                        {"0.0.0.0:80", "one.example.net", false}}));
  CAPTURE(c.local, c.host.value_or("(none)"));
  const HttpHosts hosts(*Endpoint::from_text(c.local),
                        {"dash.example.net", "one.example.net:8053"});
  CHECK(hosts.allow(c.host) == c.want);
}

}  // namespace taproot::net
