#include "server/config.hpp"
#include "tests/net/certificates.hpp"
#include "tests/server/config_world.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <vector>

using namespace taproot;
using namespace taproot::server;

namespace {

const net::Certificates& files() {
  static const net::Certificates made;
  return made;
}

ConfigRead read(const std::string& text) {
  return read_config_text(text, "taproot.yaml", files().path(""),
                          test_world({{"KEY", "c2VjcmV0c2VjcmV0c2VjcmV0"}}));
}

ConfigRead read_notify(const std::string& tls) {
  return read(
      "providers:\n  - name: p\n    kind: transfer\n    transfer-from: [192.0.2.1]\n"
      "    notify: [192.0.2.1, {address: 192.0.2.2, tls: " +
      tls + "}]\n");
}

/// The rules of all errors.
std::string errors_of(const ConfigRead& read) {
  std::string text;
  for (const auto& finding : read.findings) {
    if (finding.severity == zonestore::Severity::error) text += finding.rule + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("server.tls is read with its files", "[server][config][tls]") {
  const auto config =
      read(
          "server: {listen-tls: [127.0.0.1, \"[::1]:8853\"], tls: {certificate: server.pem, "
          "key: server.key, client-ca: ca.pem}}\n")
          .config;
  REQUIRE(config);
  REQUIRE(config->listen_tls.size() == 2);
  CHECK(config->listen_tls[0].to_text() == "127.0.0.1:853");
  CHECK(config->listen_tls[1].to_text() == "[::1]:8853");
  REQUIRE(config->tls != nullptr);
  CHECK(config->tls->not_after().has_value());
}

TEST_CASE("server.tls that cannot be used is an error", "[server][config][tls]") {
  const std::string listen = "server: {listen-tls: [127.0.0.1], tls: ";
  CHECK(errors_of(read("server: {listen-tls: [127.0.0.1]}\n")) == "config-missing-key ");
  CHECK(errors_of(read(listen + "{certificate: server.pem}}\n")) == "config-missing-key ");
  CHECK(errors_of(read(listen + "{certificate: none.pem, key: server.key}}\n")) ==
        "config-bad-certificate ");
  CHECK(errors_of(read(listen + "{certificate: server.pem, key: client.key}}\n")) ==
        "config-bad-certificate ");
  CHECK(errors_of(read(listen + "{certificate: server.pem, key: server.key, client-ca: "
                                "server.key}}\n")) == "config-bad-certificate ");
  CHECK(errors_of(read(listen + "{certificate: server.pem, key: server.key, ca: ca.pem}}\n")) ==
        "config-unknown-key ");
}

TEST_CASE("a NOTIFY target may have TLS, and then says who it has to be", "[server][config][tls]") {
  const auto config = read_notify(
                          "{hostname: NS1.example., ca-file: ca.pem, certificate: client.pem, "
                          "key: client.key}")
                          .config;
  REQUIRE(config);
  const auto& notify = config->providers[0].notify;
  REQUIRE(notify.size() == 2);
  CHECK(notify[0].tls == nullptr);
  CHECK(notify[0].endpoint.to_text() == "192.0.2.1:53");
  CHECK(notify[1].tls != nullptr);
  CHECK(notify[1].endpoint.to_text() == "192.0.2.2:853");
  CHECK(read_notify("{pin: [" + std::string(43, 'A') + "=]}").config);
  CHECK(read_notify("{hostname: 192.0.2.2, ca-file: ca.pem}").config);
}

TEST_CASE("TLS to nobody in particular is an error", "[server][config][tls]") {
  CHECK(errors_of(read_notify("{ca-file: ca.pem}")) == "config-missing-key ");
  CHECK(errors_of(read_notify("{pin: abc}")) == "config-bad-value ");
  CHECK(errors_of(read_notify("{hostname: a.example, certificate: client.pem}")) ==
        "config-missing-key ");
  CHECK(errors_of(read_notify("{hostname: a.example, ca-file: none.pem}")) ==
        "config-bad-certificate ");
  CHECK(errors_of(read_notify("{hostname: a.example, name: b}")) == "config-unknown-key ");
}

TEST_CASE("zones that are read again are the same until something changes",
          "[server][config][tls]") {
  const auto read_zones = [](const std::string& more) {
    return read(
               "keys: [{name: a., secret: 'env:KEY'}]\n"
               "zones:\n"
               "  - name: example.com\n"
               "    source: z.yaml\n"
               "    update: [{key: a., names: [www], types: [A], tls-identity: a.example" +
               more +
               "}]\n"
               "  - name: example.net\n"
               "    source:\n"
               "      transfer: {address: 192.0.2.1, tls: {hostname: p.example, ca-file: ca.pem}}\n"
               "      notify: {transport: tls}\n")
        .config;
  };
  const auto first = read_zones("");
  REQUIRE(first);
  REQUIRE(first->zones.size() == 2);
  const auto again = read_zones("");
  CHECK(*first->zones[0] == *again->zones[0]);
  CHECK(*first->zones[1] == *again->zones[1]);
  CHECK_FALSE(*first->zones[0] == *read_zones(", from: 192.0.2.1")->zones[0]);
  std::ofstream(files().path("ca.pem"), std::ios::app) << "\n";
  CHECK_FALSE(*first->zones[1] == *read_zones("")->zones[1]);
}

TEST_CASE("updates and NOTIFY may want TLS and an identity", "[server][config][tls]") {
  const std::string pin = "YzTpV6wzYJ3qZnJEmzYkNc0zGmJ6OvWJ0mZuXo0yDVQ=";
  const auto config =
      read(
          "keys: [{name: a., secret: 'env:KEY'}]\n"
          "zones:\n"
          "  - name: example.com\n"
          "    source: z.yaml\n"
          "    update:\n"
          "      - {key: a., names: [www], types: [A], transport: tls}\n"
          "      - {key: a., names: [www], types: [A], tls-identity: A.Example., "
          "tls-pin: " +
          pin +
          "}\n"
          "  - name: example.net\n"
          "    source: {transfer: 192.0.2.1, notify: {tls-identity: [p.example]}}\n")
          .config;
  REQUIRE(config);
  const auto& rules = *config->zones[0]->update;
  CHECK(rules[0].who.tls_only);
  CHECK(rules[1].who.tls_names == std::vector<std::string>{"a.example"});
  CHECK(rules[1].who.tls_pins.size() == 1);
  CHECK(config->zones[1]->follow()->notify.tls_names == std::vector<std::string>{"p.example"});

  const auto errors = [](const std::string& update, const std::string& notify) {
    return errors_of(
        read("keys: [{name: a., secret: 'env:KEY'}]\n"
             "zones:\n"
             "  - {name: example.com, source: z.yaml, update: [{key: a., names: [www], types: [A]" +
             update +
             "}]}\n"
             "  - {name: example.net, source: {transfer: 192.0.2.1, notify: {" +
             notify + "}}}\n"));
  };
  CHECK(errors("", "").empty());
  CHECK(errors(", transport: any, tls-identity: a.example", "") == "config-bad-value ");
  CHECK(errors(", tls-identity: []", "") == "config-bad-value ");
  CHECK(errors("", "tls-pin: x") == "config-bad-value ");
  CHECK(errors("", "transport: dot") == "config-bad-value ");
  CHECK(errors("", "from: 192.0.2.1") == "config-unknown-key ");
}
