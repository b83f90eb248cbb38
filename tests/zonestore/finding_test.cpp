#include "zonestore/finding.hpp"

#include "zonestore/finding_list.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace taproot::zonestore {

namespace {

Finding sample() {
  return {Severity::error,
          "cname-and-other-data",
          "zones/example.org.yaml",
          14,
          5,
          "www.example.org. has a CNAME beside A",
          "remove either the CNAME or the other records",
          "  - type: A"};
}

}  // namespace

TEST_CASE("a finding is shown as by a good compiler", "[zonestore][finding]") {
  CHECK(to_text(sample(), false) ==
        "zones/example.org.yaml:14:5: error: www.example.org. has a CNAME beside A "
        "[cname-and-other-data]\n"
        "  14 |   - type: A\n"
        "     |     ^~~~\n"
        "  cure: remove either the CNAME or the other records\n");
  CHECK(to_line(sample()) ==
        "zones/example.org.yaml:14:5: error: www.example.org. has a CNAME beside A "
        "[cname-and-other-data]");
}

TEST_CASE("what a finding lacks is left out", "[zonestore][finding]") {
  Finding finding = sample();
  SECTION("no excerpt") {
    finding.excerpt.clear();
    CHECK(to_text(finding, false).find('|') == std::string::npos);
  }
  SECTION("no column") {
    finding.column = 0;
    CHECK(to_line(finding).substr(0, 33) == "zones/example.org.yaml:14: error:");
    CHECK(to_text(finding, false).find('|') == std::string::npos);
  }
  SECTION("no line") {
    finding.line = finding.column = 0;
    CHECK(to_line(finding).substr(0, 30) == "zones/example.org.yaml: error:");
  }
  SECTION("no file") {
    finding.file.clear();
    finding.line = finding.column = 0;
    CHECK(to_line(finding).substr(0, 6) == "error:");
  }
  SECTION("no cure") {
    finding.cure.clear();
    CHECK(to_text(finding, false).find("cure") == std::string::npos);
  }
}

TEST_CASE("severities have their words and colours", "[zonestore][finding]") {
  struct Case {
    Severity severity;
    const char* word;
    const char* colour;
  };
  const auto c = GENERATE(Case{Severity::error, "error", "\x1b[1;31m"},
                          Case{Severity::warning, "warning", "\x1b[1;33m"},
                          Case{Severity::note, "note", "\x1b[1;34m"});
  Finding finding = sample();
  finding.severity = c.severity;
  const auto plain = to_text(finding, false);
  const auto coloured = to_text(finding, true);
  CHECK(plain.find(std::string(": ") + c.word + ": ") != std::string::npos);
  CHECK(plain.find('\x1b') == std::string::npos);
  CHECK(coloured.find(std::string(c.colour) + c.word + "\x1b[0m") != std::string::npos);
  CHECK(coloured.find(std::string(c.colour) + "    ^~~~\x1b[0m") != std::string::npos);
  CHECK(to_line(finding).find('\x1b') == std::string::npos);
}

TEST_CASE("the caret stands below its place", "[zonestore][finding]") {
  struct Case {
    std::string excerpt;
    std::size_t column;
    std::string line;
    std::string caret;
  };
  const auto c = GENERATE_COPY(values<Case>({
      {"abc", 1, "abc", "^~~"},
      {"abc def", 1, "abc def", "^~~"},
      {"x: \"a b\\\"c\" # y", 4, "x: \"a b\\\"c\" # y", "   ^~~~~~~~"},
      {"key: value", 1, "key: value", "^~~"},
      {"[\xc3\xa4\xc3\xb6, b]", 2, "[\xc3\xa4\xc3\xb6, b]", " ^~"},
      {"\"open", 1, "\"open", "^~~~~"},
      {"abc", 3, "abc", "  ^"},
      {"abc", 4, "abc", "   ^"},
      {"abc", 99, "abc", "   ^"},
      {"\ta\tb", 4, "\ta\tb", "\t \t^"},
      {"\xc3\xa4\xc3\xb6x", 5, "\xc3\xa4\xc3\xb6x", "  ^"},
      {"a\x1b[31mb", 2, "a?[31mb", " ^"},
      {std::string(200, 'a') + "b" + std::string(200, 'c'), 201,
       "..." + std::string(70, 'a') + "b" + std::string(39, 'c') + "...",
       std::string(73, ' ') + "^" + std::string(39, '~')},
  }));
  Finding finding = sample();
  finding.line = 7;
  finding.excerpt = c.excerpt;
  finding.column = c.column;
  const auto text = to_text(finding, false);
  CHECK(text.find("\n  7 | " + c.line + "\n    | " + c.caret + "\n") != std::string::npos);
}

TEST_CASE("control characters of a source do not reach the terminal", "[zonestore][finding]") {
  Finding finding = sample();
  finding.file = finding.message = finding.cure = finding.excerpt = "\x1b]0;title\x07\n\x7f";
  const auto text = to_text(finding, false);
  CHECK(text.find_first_of("\x1b\x07\x7f") == std::string::npos);
  CHECK(to_line(finding).find('\n') == std::string::npos);
}

TEST_CASE("a list of findings is bounded", "[zonestore][finding]") {
  const auto of = [](Severity severity) {
    Finding finding = sample();
    finding.severity = severity;
    return finding;
  };
  SECTION("below the bound all are there") {
    FindingList list(2);
    list.add(of(Severity::note));
    list.add(of(Severity::warning));
    CHECK_FALSE(list.has_errors());
    CHECK(list.take().size() == 2);
  }
  SECTION("above it the rest is counted") {
    FindingList list(2);
    for (int i = 0; i < 5; ++i) list.add(of(Severity::warning));
    const auto findings = list.take();
    REQUIRE(findings.size() == 3);
    CHECK(findings[2].rule == "more-findings");
    CHECK(findings[2].severity == Severity::warning);
    CHECK(findings[2].message == "3 more findings are not shown");
  }
  SECTION("an error takes the place of a warning") {
    FindingList list(2);
    list.add(of(Severity::warning));
    list.add(of(Severity::warning));
    for (int i = 0; i < 3; ++i) list.add(of(Severity::error));
    CHECK(list.has_errors());
    const auto findings = list.take();
    REQUIRE(findings.size() == 3);
    CHECK(findings[0].severity == Severity::error);
    CHECK(findings[1].severity == Severity::error);
    CHECK(findings[2].severity == Severity::error);
    CHECK(findings[2].message == "3 more findings are not shown");
  }
  SECTION("none is allowed") {
    FindingList list(0);
    list.add(of(Severity::error));
    CHECK(has_errors(list.take()));
  }
}

}  // namespace taproot::zonestore
