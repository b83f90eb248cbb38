#include "tests/zonestore/source_samples.hpp"
#include "zonestore/sources/zone_file.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

struct Ran {
  int status = -1;
  std::string output;
};

Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> room{};
  for (std::size_t n = 0; (n = std::fread(room.data(), 1, room.size(), pipe)) > 0;) {
    ran.output.append(room.data(), n);
  }
  ran.status = ::pclose(pipe);
  return ran;
}

bool is_missing(const char* tool) {
  if (run(std::string("command -v ") + tool).status == 0) return false;
  std::cout << "skipped: " << tool << " is not installed\n";
  return true;
}

/// Owners in small letters: BIND writes them in the case of the first it met.
std::vector<std::string> sorted_lines(const SourceRecords& records) {
  SourceRecords lowered = records;
  for (auto& item : lowered.items) item.owner = item.owner.lowered();
  auto lines = lines_of(lowered);
  std::sort(lines.begin(), lines.end());
  return lines;
}

constexpr const char* head =
    "$TTL 1h\n@ IN SOA ns1 host.example.net. ( 7 ; serial\n 1h 10m 4w 5m )\n NS ns1\n"
    "ns1 A 192.0.2.53\n";

}  // namespace

TEST_CASE("BIND understands zone files as we do", "[zonestore][zone_file]") {
  if (is_missing("named-compilezone")) return;
  const std::vector<std::string> zones = {
      "www 300 IN A 192.0.2.1\nb IN 5m A 192.0.2.2\n\tAAAA 2001:db8::1\n",
      "$ORIGIN a.b\nwww A 192.0.2.1\n@ TXT x\n$ORIGIN example.com.\nc MX 10 mail.example.net.\n",
      "$GENERATE 1-20 host-${0,3} A 198.51.100.${100}\n",
      "$GENERATE 0-20/5 ${0,4,x}.h${3,2,o}-${0,0,X} 60 IN CNAME x$.example.net.\n",
      "$GENERATE 15-18 ${0,7,n}.ip6 PTR a${0,3,N}.example.net.\n",
      "$GENERATE 1-3 t$ TXT a\\$b$\n",
      "a TXT \"one two\" three \"f;our\" \"a\\\"b\" \"\\065\\;\"\n",
      "a TXT ( \"one\"\n ; comment\n two ) ; end\n",
      "a\\.b A 192.0.2.1\nc\\032d A 192.0.2.2\n\\; A 192.0.2.3\n",
      "a TYPE65280 \\# 3 010203\nb TYPE1 \\# 4 c0000201\n",
      "a CAA 0 issue \"ca.example.net; x=y\"\nb SRV 1 2 3 c.example.net.\n",
      "a NAPTR 1 2 \"U\" \"SIP+D2U\" \"!^.*$!sip:i@example.net!\" .\n",
      "a LOC 31 58 52.100 S 115 49 11.700 E 20m 10m 10m 2m\n",
      "a SSHFP 1 1 7491973e5f8b39d5327cd4e08bc81b05f7710b49\na HINFO \"PC\" \"Linux x\"\n",
      "a TLSA 3 1 1 ( 0d6fce13243aa7d3b5b1f0b7a4e6c2d98f7061524334251607f8e9da\n cbbcad9e )\n",
      "d NS ns.d\nd DS 60485 13 2 ( D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469D\n"
      " A50A )\nns.d A 192.0.2.1\n",
      "a HTTPS 1 . alpn=\"h2,h3\" port=8443 ipv4hint=192.0.2.1,192.0.2.2\nb SVCB 0 a\n",
      "*.w A 192.0.2.1\nW2 A 192.0.2.1\nw2 A 192.0.2.2\n",
  };
  const Folder folder;
  for (const auto& rest : zones) {
    const auto path = folder.write("zone", head + rest);
    const auto out = folder.path() / "out";
    const auto ran = run("named-compilezone -D -k ignore -i none -o '" + out.string() +
                         "' example.com '" + path.string() + "'");
    INFO(rest << ran.output);
    REQUIRE(ran.status == 0);
    const auto ours = read_zone_file(apex(), path, "zone", {});
    const auto theirs = read_zone_file(apex(), out, "out", {});
    INFO(all_text(ours.findings) << all_text(theirs.findings));
    CHECK(ours.findings.empty());
    CHECK(theirs.findings.empty());
    CHECK(sorted_lines(ours) == sorted_lines(theirs));
  }
}

TEST_CASE("what BIND refuses we refuse", "[zonestore][zone_file]") {
  if (is_missing("named-checkzone")) return;
  const std::vector<std::string> zones = {
      "www A 192.0.2.256\n",
      "www A\n",
      "www 60 XYZ a\n",
      "a..b A 192.0.2.1\n",
      "a TXT \"x\n",
      "a MX ( 10 b\n",
      "a MX 10 b )\n",
      "$ORIGN a.\n",
      "$GENERATE 2-1 a$ A 192.0.2.$\n",
      "$GENERATE 1-300 a$ A 192.0.2.$\n",
      "$INCLUDE nowhere\n",
      "a CNAME b\na A 192.0.2.1\n",
      "@ CNAME b\n",
      "a CNAME b\na CNAME c\n",
      "@ NS ns2\n",
      "@ NS ns2\nns2 CNAME ns1\n",
      "a SOA ns1 host 1 2 3 4 5\n",
      "a TYPE65280 \\# 4 010203\n",
      "a ANY x\n",
  };
  const Folder folder;
  for (const auto& rest : zones) {
    const auto path = folder.write("zone", head + rest);
    const auto ran = run("named-checkzone -k ignore -i local example.com '" + path.string() + "'");
    const auto candidate = load_zone(apex(), path, "zone");
    INFO(rest << ran.output << all_text(candidate.findings));
    CHECK(ran.status != 0);
    CHECK(candidate.version == nullptr);
  }
}

}  // namespace taproot::zonestore
