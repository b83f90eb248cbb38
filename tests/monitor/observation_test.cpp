#include "monitor/observation.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace taproot;
using monitor::Expectation;
using monitor::ProbeResult;
using monitor::State;

namespace {

ProbeResult serial(std::uint32_t value) {
  ProbeResult result;
  result.serial = dns::Serial(value);
  return result;
}

ProbeResult data(std::uint32_t value, std::size_t different, std::size_t missing,
                 std::size_t failed) {
  auto result = serial(value);
  result.compared = 10;
  result.matched = 10 - different - missing;
  result.different.assign(different, "www.example.org. A: wanted this, got that");
  result.missing.assign(missing, "mail.example.org. MX: wanted this, got no such data");
  result.failed.assign(failed, "x.example.org. A: REFUSED");
  return result;
}

ProbeResult silence() {
  ProbeResult result;
  result.error = "no answer (3 tries over UDP)";
  return result;
}

}  // namespace

TEST_CASE("a look is measured by what is wanted", "[monitor][observation]") {
  struct Case {
    const char* what;
    std::optional<std::uint32_t> wanted;
    ProbeResult result;
    bool seen_before;
    State want;
    const char* says;
  };
  const auto c = GENERATE(values<Case>({
      {"the serial", 42, serial(42), false, State::in_sync, "serves serial 42"},
      {"an older one", 42, serial(41), true, State::behind, "wanted 42"},
      {"an older one across the wrap", 3, serial(0xffff'fff0), false, State::behind, "wanted 3"},
      {"a newer one", 42, serial(50), false, State::ahead, "serves serial 50, ahead of ours, 42"},
      {"one without order", 42, serial(42 + 0x8000'0000), false, State::ahead, "no order"},
      {"silence", 42, silence(), true, State::unreachable, "no answer"},
      {"the serial and wrong data", 42, data(42, 1, 0, 0), false, State::wrong_data, "got that"},
      {"the serial and missing data", 42, data(42, 0, 1, 0), false, State::wrong_data, "no such"},
      {"the serial and all data", 42, data(42, 0, 0, 0), false, State::in_sync, "10 of 10"},
      {"the serial and half an answer", 42, data(42, 0, 0, 1), false, State::unreachable,
       "REFUSED"},
      {"not our serial, all data", {}, data(7, 0, 0, 0), false, State::in_sync, "serial 7"},
      {"not our serial, not yet the data", {}, data(7, 1, 0, 0), false, State::behind, "got that"},
      {"not our serial, data changed later", {}, data(7, 1, 0, 0), true, State::wrong_data, "that"},
      {"not our serial, silence", {}, silence(), false, State::unreachable, "no answer"},
      {"many differences", 42, data(42, 6, 2, 0), false, State::wrong_data, "and 5 more"},
  }));
  INFO(c.what);
  Expectation expected;
  expected.version = 3;
  if (c.wanted) expected.serial = dns::Serial(*c.wanted);
  const auto seen = monitor::observe({}, expected, c.result, {}, c.seen_before);
  CHECK(seen.verdict == c.want);
  CHECK(seen.version == 3);
  CHECK_THAT(seen.detail, Catch::Contains(c.says));
}

TEST_CASE("states have words and an order from good to bad", "[monitor][state]") {
  CHECK(to_text(State::in_sync) == "in_sync");
  CHECK(to_text(State::unknown) == "unknown");
  CHECK(to_text(State::behind) == "behind");
  CHECK(to_text(State::unreachable) == "unreachable");
  CHECK(to_text(State::ahead) == "ahead");
  CHECK(to_text(State::wrong_data) == "wrong_data");
  CHECK(worse(State::in_sync, State::behind) == State::behind);
  CHECK(worse(State::wrong_data, State::unreachable) == State::wrong_data);
}
