#include "zonestore/edit.hpp"

#include "source_samples.hpp"
#include "zonestore/check_edit.hpp"
#include "zonestore/sources/edit_document.hpp"
#include "zonestore/sources/records.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

using Texts = std::vector<std::string>;

constexpr const char* zone_text = R"('':
  - {type: NS, values: [ns1.example.net., ns2.example.net.]}
www: {type: A, ttl: 300, values: [192.0.2.1, 192.0.2.2]}
mail:
  - {type: A, value: 192.0.2.25}
  - {type: AAAA, value: '2001:db8::25'}
)";

std::shared_ptr<const ZoneVersion> zone_of_text(const std::string& text = zone_text) {
  const auto candidate =
      check_zone(apex(), read_yaml_records(apex(), text, "zone.yaml", SourceLimits{}), {});
  INFO(all_text(candidate.findings));
  REQUIRE(candidate.version);
  return candidate.version;
}

/// What an owner has, "TYPE TTL RDATA" each.
Texts at(const ZoneVersion& version, const std::string& owner) {
  Texts texts;
  const auto* node = version.find(name(owner));
  if (node == nullptr) return texts;
  for (const auto rrset : node->rrsets()) {
    for (const auto rdata : rrset) {
      texts.push_back(dns::to_text(rrset.type()) + " " + std::to_string(rrset.ttl()) + " " +
                      dns::rdata_to_text(rrset.type(), rdata));
    }
  }
  return texts;
}

Edited edited(const std::string& changes) {
  const auto document = read_edit_document(apex(), "{\"changes\": " + changes + "}");
  INFO(all_text(document.findings));
  REQUIRE(document.findings.empty());
  return edit_zone(*zone_of_text(), document.changes);
}

}  // namespace

TEST_CASE("a transaction changes RRsets and values", "[zonestore][edit]") {
  struct Case {
    const char* changes;
    const char* owner;
    Texts want;
  };
  const auto c = GENERATE(
      Case{R"([{"op": "put", "owner": "www", "type": "A", "ttl": 60, "values": ["192.0.2.9"]}])",
           "www.example.com.",
           {"A 60 192.0.2.9"}},
      Case{R"([{"op": "put", "owner": "www.example.com.", "type": "a", "value": "192.0.2.9"}])",
           "www.example.com.",
           {"A 300 192.0.2.9"}},
      Case{R"([{"op": "put", "owner": "new", "type": "MX",
                "value": {"preference": 5, "exchange": "mail.example.com."}}])",
           "new.example.com.",
           {"MX 3600 5 mail.example.com."}},
      Case{R"([{"op": "add", "owner": "www", "type": "A", "value": "192.0.2.3"}])",
           "www.example.com.",
           {"A 300 192.0.2.1", "A 300 192.0.2.2", "A 300 192.0.2.3"}},
      Case{R"([{"op": "remove", "owner": "www", "type": "A", "value": "192.0.2.1"}])",
           "www.example.com.",
           {"A 300 192.0.2.2"}},
      Case{R"([{"op": "remove", "owner": "www", "type": "A",
                "values": ["192.0.2.1", "192.0.2.2"]}])",
           "www.example.com.",
           {}},
      Case{R"([{"op": "delete", "owner": "mail", "type": "AAAA"}])",
           "mail.example.com.",
           {"A 3600 192.0.2.25"}},
      Case{R"([{"op": "delete", "owner": "mail"}])", "mail.example.com.", {}},
      Case{R"([{"op": "delete", "owner": "mail"},
               {"op": "put", "owner": "mail", "type": "CNAME", "value": "www.example.com."}])",
           "mail.example.com.",
           {"CNAME 3600 www.example.com."}});
  CAPTURE(c.changes);
  const auto result = edited(c.changes);
  REQUIRE(result.version);
  CHECK(at(*result.version, c.owner) == c.want);
}

TEST_CASE("what cannot be changed is told by its place", "[zonestore][edit]") {
  struct Case {
    const char* change;
    const char* rule;
  };
  const auto c = GENERATE(
      Case{R"({"op": "put", "owner": "www.example.net.", "type": "A", "value": "192.0.2.1"})",
           "edit-outside-zone"},
      Case{R"({"op": "delete", "owner": ""})", "edit-soa"},
      Case{R"({"op": "delete", "owner": "", "type": "SOA"})", "edit-soa"},
      Case{R"({"op": "put", "owner": "www", "type": "SOA", "value": ". . 1 1 1 1 1"})",
           "edit-soa"});
  CAPTURE(c.change);
  const auto result =
      edited(std::string(R"([{"op": "put", "owner": "x", "type": "A", "value": "192.0.2.7"}, )") +
             c.change + "]");
  CHECK(result.version == nullptr);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings.front().rule == c.rule);
  CHECK(result.findings.front().message.starts_with("changes[1]: "));
  CHECK_FALSE(result.findings.front().cure.empty());
}

TEST_CASE("an RRset is put once in a transaction", "[zonestore][edit]") {
  const auto result = edited(R"([{"op": "put", "owner": "x", "type": "A", "value": "192.0.2.7"},
                                 {"op": "put", "owner": "X", "type": "A", "value": "192.0.2.8"}])");
  CHECK(result.version == nullptr);
  CHECK(has_rule(result.findings, "edit-twice"));
}

TEST_CASE("what is done already is no mistake", "[zonestore][edit]") {
  const auto change =
      GENERATE(R"([{"op": "add", "owner": "www", "type": "A", "value": "192.0.2.1"}])",
               R"([{"op": "remove", "owner": "www", "type": "A", "value": "192.0.2.77"}])",
               R"([{"op": "delete", "owner": "none"}])",
               R"([{"op": "delete", "owner": "www", "type": "AAAA"}])");
  CAPTURE(change);
  const auto result = edited(change);
  REQUIRE(result.version);
  CHECK(places_of(result.findings) == Texts{"edit-nothing:0:0"});
  CHECK_FALSE(has_errors(result.findings));
  CHECK(changes_between(*zone_of_text(), *result.version).changes.empty());
}

TEST_CASE("mistakes in the document have a rule, a place and a cure", "[zonestore][edit]") {
  struct Case {
    const char* change;
    const char* place;
  };
  const auto c = GENERATE(
      Case{R"("www")", "wrong-shape:1:14"}, Case{R"({"owner": "www"})", "edit-op:1:14"},
      Case{R"({"op": "set", "owner": "www"})", "edit-op:1:21"},
      Case{R"({"op": "put", "type": "A", "value": "192.0.2.1"})", "bad-name:1:14"},
      Case{R"({"op": "put", "owner": "a..b", "type": "A", "value": "192.0.2.1"})", "bad-name:1:37"},
      Case{R"({"op": "put", "owner": "a", "value": "192.0.2.1"})", "missing-type:1:14"},
      Case{R"({"op": "put", "owner": "a", "type": "AX", "value": "x"})", "unknown-type:1:50"},
      Case{R"({"op": "put", "owner": "a", "type": "ANY", "value": "x"})", "meta-type:1:50"},
      Case{R"({"op": "put", "owner": "a", "type": "A"})", "missing-value:1:14"},
      Case{R"({"op": "put", "owner": "a", "type": "A", "value": "192.0.2"})", "bad-rdata:1:64"},
      Case{R"({"op": "put", "owner": "a", "type": "CNAME", "value": "www"})",
           "target-without-dot:1:68"},
      Case{R"({"op": "delete", "owner": "a", "type": "A", "value": "192.0.2.1"})",
           "edit-values:1:67"},
      Case{R"({"op": "remove", "owner": "a", "type": "A", "ttl": 3, "value": "192.0.2.1"})",
           "edit-ttl:1:65"},
      Case{R"({"op": "put", "owner": "a", "type": "A", "ttl": -3, "value": "192.0.2.1"})",
           "bad-ttl:1:62"},
      Case{R"({"op": "put", "owner": "a", "type": "A", "Value": "192.0.2.1"})",
           "unknown-key:1:55"});
  CAPTURE(c.change);
  const auto document =
      read_edit_document(apex(), std::string("{\"changes\": [") + c.change + "]}");
  REQUIRE_FALSE(document.findings.empty());
  INFO(all_text(document.findings));
  const auto& first = document.findings.front();
  CHECK(first.rule + ":1:" + std::to_string(first.column) == c.place);
  CHECK(first.message.starts_with("changes[0]: "));
  CHECK_FALSE(first.cure.empty());
}

TEST_CASE("a document that is not one is told", "[zonestore][edit]") {
  const auto text = GENERATE("", "{", "[]", "{\"changes\": {}}", "{\"changes\": [}");
  CAPTURE(text);
  const auto document = read_edit_document(apex(), text);
  CHECK((has_errors(document.findings) || document.changes.empty()));
  CHECK(document.changes.empty());
}

TEST_CASE("an edit answers for what it brings in only", "[zonestore][edit]") {
  const auto current = zone_of_text();
  ZoneBuilder spoiled(*current);
  spoiled.put({name("bad.example.com."),
               dns::RRType::CNAME,
               60,
               {dns::rdata_from_text(dns::RRType::CNAME, "www", apex()).value()}});
  spoiled.put({name("bad.example.com."),
               dns::RRType::A,
               60,
               {dns::rdata_from_text(dns::RRType::A, "192.0.2.1", apex()).value()}});
  const std::shared_ptr<const ZoneVersion> was_bad = spoiled.finish().value();

  SECTION("a good zone stays good") {
    const auto checked = check_edit(*current, was_bad, changes_between(*current, *was_bad));
    CHECK(checked.version == nullptr);
    CHECK(has_errors(checked.findings));
  }
  SECTION("a bad one may be changed elsewhere") {
    ZoneBuilder builder(*was_bad);
    builder.put({name("new.example.com."),
                 dns::RRType::A,
                 60,
                 {dns::rdata_from_text(dns::RRType::A, "192.0.2.1", apex()).value()}});
    const std::shared_ptr<const ZoneVersion> next = builder.finish().value();
    const auto checked = check_edit(*was_bad, next, changes_between(*was_bad, *next));
    INFO(all_text(checked.findings));
    CHECK(checked.version == next);
    CHECK_FALSE(has_errors(checked.findings));
  }
}

}  // namespace taproot::zonestore
