#include "zonestore/sources/comments.hpp"

#include "tests/zonestore/source_samples.hpp"
#include "zonestore/canonical_zone.hpp"
#include "zonestore/sources/records.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <random>

using namespace taproot;
using namespace taproot::zonestore;

namespace {

SourceRecords with_text(SourceRecords records, const std::string& text) {
  records.texts = {std::make_shared<const std::string>(text)};
  return records;
}

std::string from_zone_file(const std::string& text) {
  const auto records = with_text(read_zone_text(samples::apex(), text, "z", SourceLimits{}), text);
  const auto comments = comments_of(samples::apex(), records, SourceKind::zone_file);
  return to_yaml(canonical_zone(samples::apex(), records, comments, false));
}

std::string from_yaml(const std::string& text) {
  const auto records =
      with_text(read_yaml_records(samples::apex(), text, "y", SourceLimits{}), text);
  const auto comments = comments_of(samples::apex(), records, SourceKind::yaml);
  return to_yaml(canonical_zone(samples::apex(), records, comments, false));
}

}  // namespace

TEST_CASE("comments of a zone file come out at their records", "[comments]") {
  const auto yaml = from_zone_file(R"(; the zone of the example
; kept by hostmaster

$TTL 300 ; five minutes
@  SOA ns1 hostmaster ( 1 ; serial
     3600 ; refresh (1 hour)
     600 604800 ; a week
     300 ) ; minimum
; name servers
   NS ns1 ; the only "one"
www A 192.0.2.2   ; second
; first, by age
www A 192.0.2.1
txt TXT "a;b" ; behind; of "quotes"
; the mail

mail A 192.0.2.3
t2 TXT a\;b ;; escaped
; www A 192.0.2.9
)");
  CHECK("\n" + yaml == R"(
# the zone of the example
# kept by hostmaster

---
'':
  # five minutes
  - type: SOA
    ttl: 300
    value: {mname: ns1.example.com., rname: hostmaster.example.com., refresh: 3600, retry: 600, expire: 604800, minimum: 300}  # a week
  # name servers
  - type: NS
    ttl: 300
    value: ns1.example.com.  # the only "one"
mail:
  # the mail
  type: A
  ttl: 300
  value: 192.0.2.3
t2:
  type: TXT
  ttl: 300
  value: a\;b  # escaped
txt:
  type: TXT
  ttl: 300
  value: a\;b  # behind; of "quotes"
www:
  type: A
  ttl: 300
  values:
    # first, by age
    - 192.0.2.1
    - 192.0.2.2  # second

# www A 192.0.2.9
)");
  CHECK(from_yaml(yaml) == yaml);
}

TEST_CASE("comments of YAML come out at their owners, sets and values", "[comments]") {
  const auto yaml = from_yaml(R"(# yaml-language-server: $schema=x
#

# web servers
www:   # two of them
  # addresses
  - type: A
    ttl: 300   # short
    values:
      - 192.0.2.2 # b
      # the old one
      - 192.0.2.1
  - {type: TXT, value: 'it''s # no comment'} # a text
  - type: TXT2  # a mistake
    value: x
"q#q": {type: TXT, value: "a \" # b"}
block:
  type: TXT
  value: |-
    # no comment
  ttl: 60  # after a block
mx:
  type: MX
  value:
    # inside
    preference: 10  # best
    exchange: mail.example.com.  # the host
plain: {type: TXT, value: don't#x}  # 'quote
# the end
)");
  CHECK("\n" + yaml == R"(
# yaml-language-server: $schema=x
#

---
block:
  # after a block
  type: TXT
  ttl: 60
  value: '# no comment'
mx:
  # inside
  type: MX
  ttl: 3600
  value: {preference: 10, exchange: mail.example.com.}  # best; the host
plain:
  type: TXT
  ttl: 3600
  value: 'don''t#x'  # 'quote
'q#q':
  type: TXT
  ttl: 3600
  value: 'a " # b'
# web servers
# two of them
www:
  # addresses
  # short
  - type: A
    ttl: 300
    values:
      # the old one
      - 192.0.2.1
      - 192.0.2.2  # b
  - type: TXT
    ttl: 3600
    value: 'it''s # no comment'  # a text; a mistake

# the end
)");
  CHECK(from_yaml(yaml) == yaml);
}

/// What is no comment to a reader of YAML 1.1 (which ends lines at NEL, LS and PS, too) or 1.2: all
/// of each line before a '#' that begins it or has a blank before it.
std::string outside_comments(std::string yaml) {
  for (const char* end : {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\r"}) {
    for (std::size_t at = 0; (at = yaml.find(end, at)) != std::string::npos;) {
      yaml.replace(at, std::string_view(end).size(), "\n");
    }
  }
  std::string rest;
  bool is_comment = false;
  for (std::size_t i = 0; i < yaml.size(); ++i) {
    const char before = i == 0 ? '\n' : yaml[i - 1];
    if (yaml[i] == '\n') is_comment = false;
    if (yaml[i] == '#' && std::string_view("\n \t").find(before) != std::string_view::npos) {
      is_comment = true;
    }
    if (!is_comment) rest += yaml[i];
  }
  return rest;
}

TEST_CASE("hostile comments stay comments", "[comments][property]") {
  std::mt19937 random(3);
  static const std::vector<std::string> pieces = {
      "\r", "\xc2\x85", "\xe2\x80\xa8", "\xff", "evil: {type: A, value: 192.0.2.66}",
      "#",  "'",        "\"",           "---",  "\xef\xbb\xbf",
      ";",  " ",        "\t",           "(",    ")",
      "\\", "- x"};
  for (int i = 0; i < 500; ++i) {
    std::string comment;
    for (auto n = random() % 8; n > 0; --n) comment += pieces[random() % pieces.size()];
    CAPTURE(comment);
    const auto yaml = from_zone_file("$TTL 1\n;" + comment + "\nwww A 192.0.2.1 ;" + comment +
                                     "\nb A 192.0.2.1\n;" + comment + "\n");
    const auto again = read_yaml_records(samples::apex(), yaml, "y", SourceLimits{});
    INFO(yaml);
    CHECK(again.findings.empty());
    std::size_t records = 0;
    for (const auto& item : again.items) records += item.type == dns::RRType::A ? 1u : 0u;
    CHECK(records == 2);
    CHECK(outside_comments(yaml).find("evil") == std::string::npos);
  }
}

TEST_CASE("comments of any text are found in bounded time", "[comments][property]") {
  std::mt19937 random(5);
  static const std::string characters = "a1 \n\t'\"#;()[]{}|>-?:,\\!&*$\r";
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (auto n = random() % 60; n > 0; --n) text += characters[random() % characters.size()];
    CAPTURE(text);
    for (const auto& comment : yaml_comments(text)) {
      CHECK(comment.line >= 1);
      CHECK(text.find(comment.text) != std::string::npos);
    }
    for (const auto& entry : zone_file_comments(text).entries) {
      for (const auto& line : entry.above) CHECK(text.find(line) != std::string::npos);
      for (const auto& line : entry.within) CHECK(text.find(line) != std::string::npos);
    }
    (void)from_zone_file(text);
    (void)from_yaml(text);
  }
}
