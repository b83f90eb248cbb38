#include "zonestore/yaml_text.hpp"

#include "zonestore/sources/document.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using namespace taproot;
using namespace taproot::zonestore;

namespace {

std::string scalar(std::string_view text) {
  std::string out;
  append_yaml_scalar(out, text);
  return out;
}

/// What reading gives for `text` as a key, as a value, in a list, in a flow map and in a flow list
/// that stand one beside the other; anything else that is read shows too.
std::vector<std::string> read_back(std::string_view text) {
  const auto written = scalar(text);
  const std::string document = "---\n" + written + ":\n  key: " + written + "\n  list:\n    - " +
                               written + "\n    - {k: " + written + ", l: [" + written + ", " +
                               written + "]}  # " + yaml_comment(text) + "\n# " +
                               yaml_comment(text) + "\n";
  std::vector<std::string> found;
  const auto add = [&](const DocumentNode& node, auto&& self) -> void {
    if (node.is_scalar()) found.push_back(node.text);
    if (node.kind == DocumentNode::Kind::null) found.push_back("(null)");
    for (const auto* part : node.children) self(*part, self);
  };
  DocumentBuilder builder([&](const DocumentNode& key, const DocumentNode& value) {
    add(key, add);
    add(value, add);
    return true;
  });
  read_yaml(document, builder);
  if (builder.has_trouble()) found.push_back("trouble: " + builder.trouble().message);
  return found;
}

void check_read_back(const std::string& text) {
  CAPTURE(text);
  CHECK(read_back(text) ==
        std::vector<std::string>{text, "key", text, "list", text, "k", text, "l", text, text});
}

}  // namespace

TEST_CASE("scalars are bare only where nobody can take them for something else", "[yaml]") {
  struct Case {
    const char* text;
    bool bare;
  };
  const auto c = GENERATE(values<Case>({{"www", true},
                                        {"a.b", true},
                                        {"192.0.2.1", true},
                                        {"2001:db8::1", true},
                                        {"2001:db8::", false},
                                        {"1:2:3:4:5:6:7:8", false},
                                        {"1:2:3:4:5:6:7:a", true},
                                        {"10", false},
                                        {"1.5", false},
                                        {"1e3", false},
                                        {"0x1f", false},
                                        {"0b1", false},
                                        {"0o17", false},
                                        {"1_000", false},
                                        {"1.2.3", false},
                                        {"2026-01-01", false},
                                        {"yes", false},
                                        {"No", false},
                                        {"ON", false},
                                        {"null", false},
                                        {"Null", false},
                                        {"y", false},
                                        {"true", false},
                                        {"~", false},
                                        {"", false},
                                        {"*", false},
                                        {"*.a", false},
                                        {"@", false},
                                        {".", false},
                                        {"-", false},
                                        {"- a", false},
                                        {"a: b", false},
                                        {"a:", false},
                                        {"a #b", false},
                                        {"a, b", false},
                                        {"[a]", false},
                                        {"{a", false},
                                        {"'", false},
                                        {"a'b", false},
                                        {" a", false},
                                        {"a ", false},
                                        {"!a", false},
                                        {"&a", false},
                                        {"%a", false},
                                        {"|", false},
                                        {">", false},
                                        {"<<", false},
                                        {"=", false},
                                        {"v=spf1 -all", true},
                                        {"_dmarc", true},
                                        {"v=DMARC1\\; p=none", true},
                                        {"ns1.example.com.", true},
                                        {"\\# 2 abcd", false},
                                        {"1.0.0.127.in-addr.arpa", true}}));
  CAPTURE(c.text);
  CHECK((scalar(c.text) == c.text) == c.bare);
  check_read_back(c.text);
}

TEST_CASE("what YAML cannot hold on one line is no YAML text", "[yaml]") {
  CHECK(
      is_yaml_text("Gr\xc3\xbc\xc3\x9f"
                   "e \xf0\x9f\x98\x80 \xe2\x82\xac"));
  for (const std::string bad :
       {"a\nb", "a\rb", "a\tb", "\x7f", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf",
        "\xef\xbf\xbe", "\xff", "\xc3", "\xed\xa0\x80", "\x01"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_yaml_text(bad));
    CHECK(is_yaml_text(yaml_comment(bad)));
  }
  CHECK_FALSE(is_yaml_text(std::string(1, '\0')));
  CHECK(yaml_comment("caf\xe9 \t x \n") == "caf\xef\xbf\xbd   x \xef\xbf\xbd");
}

TEST_CASE("random text comes back from YAML as it was", "[yaml][property]") {
  std::mt19937 random(7);
  static const std::vector<std::string> pieces = {
      "a", "1",    "0",   ".", ":", " ",        "#",   "-",   "'",  "\"", "\\", ",", "[",
      "]", "{",    "}",   "&", "*", "!",        "|",   ">",   "%",  "@",  "`",  "?", "<<",
      "~", "null", "yes", "=", ";", "\xc3\xa9", "---", "...", ": ", " #", "- "};
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (auto n = random() % 8; n > 0; --n) text += pieces[random() % pieces.size()];
    REQUIRE(is_yaml_text(text));
    check_read_back(text);
  }
  check_read_back(std::string(1000, 'x'));
  check_read_back(std::string(500, '\'') + "#");
}
