#include "server/render.hpp"
#include "server/render_text.hpp"
#include "server/reports_json.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;

namespace {

/// 2026-11-23 09:14:03.120 UTC
const WallTime committed = WallTime(1795425243120ms);

NameserverRow nameserver(const char* name, const char* endpoint, NameserverState state) {
  NameserverRow row;
  row.nameserver = name;
  row.endpoint = endpoint;
  row.state = state;
  row.wanted_version = 42;
  row.since = committed + 1s;
  return row;
}

StatusReport status_report() {
  StatusReport report;
  report.now = committed + 13s;
  ZoneRow zone;
  zone.zone = "example.com.";
  zone.version = 42;
  zone.serial = 2026112302;
  zone.records = 128;
  zone.committed = committed;
  zone.who = "alice";
  zone.why = "move www";
  ProviderRow nsd;
  nsd.provider = "nsd-frankfurt";
  nsd.state = ProviderState::in_sync;
  nsd.wanted_version = 42;
  nsd.applied_version = 42;
  nsd.since = committed + 1s;
  nsd.lag = 900ms;
  nsd.note = "ixfr 41 to 42";
  nsd.nameservers = {
      nameserver("ns1.frankfurt.example.", "192.0.2.53:53", NameserverState::verified)};
  nsd.nameservers[0].seen_version = 42;
  nsd.nameservers[0].lag = 900ms;
  ProviderRow powerdns;
  powerdns.provider = "powerdns-berlin";
  powerdns.via = Via::api;
  powerdns.state = ProviderState::waiting;
  powerdns.wanted_version = 42;
  powerdns.since = committed + 1s;
  powerdns.lag = 13s;
  powerdns.waits_for = "1 of 1 nameservers";
  powerdns.nameservers = {
      nameserver("ns1.berlin.example.", "[2001:db8::1]:53", NameserverState::waiting)};
  powerdns.nameservers[0].seen_serial = 7;
  powerdns.nameservers[0].lag = 13s;
  powerdns.nameservers[0].waits_for = "serial 2026112302, asked again in 2 s";
  zone.providers = {nsd, powerdns};
  report.zones = {zone};
  return report;
}

std::string status_of(const StatusReport& report, bool colour = false) {
  return render_status(to_json(report), colour).value();
}

PlanReport plan_report() {
  PlanReport plan;
  plan.id = "p7f3a";
  plan.made = committed;
  plan.expires = committed + 15min;
  PlannedProvider powerdns;
  powerdns.provider = "powerdns-berlin";
  powerdns.via = Via::api;
  powerdns.calls = 2;
  powerdns.changes = {{"new.example.com.", "A", {}, {"300 A 192.0.2.7"}},
                      {"www.example.com.", "A", {"300 A 192.0.2.1"}, {"300 A 192.0.2.2"}},
                      {"old.example.com.", "TXT", {"300 TXT \"x\""}, {}}};
  powerdns.notes = {"the apex NS RRset is left to the provider"};
  powerdns.guard = GuardStop{"max-delete-percent", "would remove 61 of 100 RRsets", "g9"};
  PlannedProvider nsd;
  nsd.provider = "nsd-frankfurt";
  PlannedProvider broken;
  broken.provider = "powerdns-rome";
  broken.via = Via::api;
  broken.error = "pdns.rome.example: 401";
  plan.zones = {{"example.com.", 42, 2026112302, {}, {}, {}, {powerdns, nsd, broken}}};
  return plan;
}

}  // namespace

TEST_CASE("the home screen", "[server][render]") {
  CHECK(status_of(status_report()) ==
        R"(                            VIA               STATE     WANTED  SEEN  SINCE  LAG
example.com.  v42  serial 2026112302  128 records  by alice "move www"  committed 2026-11-23 09:14:03 UTC
  nsd-frankfurt             transfer          in-sync   42      42    12 s   900 ms  ixfr 41 to 42
    ns1.frankfurt.example.  192.0.2.53:53     verified  42      42    12 s   900 ms
  powerdns-berlin           api               waiting   42      -     12 s   13 s    waits for 1 of 1 nameservers
    ns1.berlin.example.     [2001:db8::1]:53  waiting   42      -     12 s   13 s    serves serial 7; waits for serial 2026112302, asked again in 2 s

1 zone, 0 in sync. Next: taproot status --watch
)");
}

TEST_CASE("the home screen says what a person should do", "[server][render]") {
  auto report = status_report();
  report.zones[0].candidate_refused = "zones/example.com.yaml:14:5: two CNAMEs";
  CHECK_THAT(status_of(report), Catch::Contains("the source was not taken: zones/example.com.yaml"
                                                ":14:5: two CNAMEs") &&
                                    Catch::EndsWith("Next: taproot check\n"));
  report = status_report();
  report.zones[0].providers[1].state = ProviderState::blocked;
  report.zones[0].providers[1].guard = GuardStop{"max-deletes", "would remove 9 RRsets", "g1"};
  CHECK_THAT(status_of(report), Catch::Contains("would remove 9 RRsets: let it pass with taproot "
                                                "apply --force g1") &&
                                    Catch::EndsWith("Next: taproot plan\n"));
  report = status_report();
  report.zones[0].providers.pop_back();
  CHECK_THAT(status_of(report), Catch::EndsWith("1 zone, 1 in sync\n"));
  report.zones[0].version = 0;
  CHECK_THAT(status_of(report), Catch::Contains("no version yet: answers SERVFAIL"));
  CHECK_THAT(status_of(StatusReport()), Catch::Contains("taproot reload"));
  report.warnings = {"started read-only: the disk is full"};
  CHECK_THAT(status_of(report), Catch::StartsWith("warning: started read-only"));
}

TEST_CASE("colour only where it is wanted, and not in the widths", "[server][render]") {
  const auto plain = status_of(status_report());
  auto colourful = status_of(status_report(), true);
  CHECK(plain.find('\x1b') == std::string::npos);
  CHECK_THAT(colourful, Catch::Contains("\x1b[32mverified\x1b[0m") &&
                            Catch::Contains("\x1b[33mwaiting\x1b[0m"));
  for (auto at = colourful.find('\x1b'); at != std::string::npos; at = colourful.find('\x1b')) {
    colourful.erase(at, colourful.find('m', at) - at + 1);
  }
  CHECK(colourful == plain);
}

TEST_CASE("control characters do not reach the terminal", "[server][render]") {
  auto report = status_report();
  report.zones[0].why =
      "x\x1b[2J\n\xc2\x9b"
      "1m\xff é";
  report.zones[0].providers[0].error = "\x07\x1b]0;title\x07";
  const auto text = status_of(report);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\x07') == std::string::npos);
  CHECK(text.find("\xc2\x9b") == std::string::npos);
  CHECK_THAT(text, Catch::Contains("x?[2J??1m") && Catch::Contains("é"));
}

TEST_CASE("a plan for people", "[server][render]") {
  CHECK(render_plan(to_json(plan_report()), false).value() ==
        R"(example.com.  v42  serial 2026112302
  powerdns-berlin (api): 1 to add, 1 to change, 1 to remove, 2 calls
    + new.example.com. A
        + 300 A 192.0.2.7
    ~ www.example.com. A
        - 300 A 192.0.2.1
        + 300 A 192.0.2.2
    - old.example.com. TXT
        - 300 TXT "x"
    note: the apex NS RRset is left to the provider
    stopped by the guard max-delete-percent: would remove 61 of 100 RRsets
    let it pass once: taproot apply --force g9
  nsd-frankfurt (transfer): in sync
  powerdns-rome (api): no plan: pdns.rome.example: 401

Plan p7f3a: 1 to add, 1 to change, 1 to remove. Good until 2026-11-23 09:29:03 UTC.
Next: taproot apply --plan p7f3a
)");
  PlanReport idle;
  CHECK(render_plan(to_json(idle), false).value() == "Nothing to do: every provider is in sync.\n");
  PlanReport refused;
  refused.zones = {{"example.com.", 42, 1, {}, {}, {}, {}}};
  refused.zones[0].findings = {{zonestore::Severity::error, "two-soas", "z.yaml", 3, 7,
                                "two SOA records", "remove one", ""}};
  CHECK_THAT(render_plan(to_json(refused), false).value(),
             Catch::Contains("not all is well") && !Catch::Contains("taproot apply"));
  CHECK_THAT(render_plan(to_json(refused), false).value(),
             Catch::Contains("  z.yaml:3:7: error: two SOA records [two-soas]\n"
                             "    cure: remove one\n"));
}

TEST_CASE("a plan for a review", "[server][render]") {
  auto report = plan_report();
  report.zones.push_back({"quiet.example.", 1, 1, {}, {}, {}, {}});
  CHECK(render_plan_markdown(to_json(report), false).value() ==
        R"(## taproot plan `p7f3a`

### example.com. (version 42, serial 2026112302)

#### powerdns-berlin (api): 1 to add, 1 to change, 1 to remove

> **Stopped by the guard max-delete-percent**: would remove 61 of 100 RRsets. Let it pass once: `taproot apply --force g9`

```diff
+ new.example.com. 300 A 192.0.2.7
- www.example.com. 300 A 192.0.2.1
+ www.example.com. 300 A 192.0.2.2
- old.example.com. 300 TXT "x"
```

- the apex NS RRset is left to the provider

#### nsd-frankfurt (transfer): in sync

#### powerdns-rome (api): no plan

> pdns.rome.example: 401

1 other zone is in sync.

Good until 2026-11-23 09:29:03 UTC. Apply exactly this: `taproot apply --plan p7f3a`
)");
  PlanReport idle;
  CHECK(render_plan_markdown(to_json(idle), false).value() ==
        "## taproot plan\n\nNothing to do: every provider is in sync.\n");
  report.zones[0].providers[0].notes = {"<b>@all</b> `x` [y](z) | *w*"};
  CHECK_THAT(render_plan_markdown(to_json(report), false).value(),
             Catch::Contains(R"(- \<b\>\@all\</b\> \`x\` \[y\]\(z\) \| \*w\*)"));
  report.zones[0].providers[0].changes.assign(500, report.zones[0].providers[0].changes[0]);
  CHECK_THAT(render_plan_markdown(to_json(report), false).value(),
             Catch::Contains("… and 300 more RRsets"));
}

TEST_CASE("an apply, nameserver by nameserver", "[server][render]") {
  ApplyReport report;
  report.id = "a1";
  AppliedProvider nsd;
  nsd.provider = "nsd-frankfurt";
  nsd.state = ApplyState::visible;
  nsd.nameservers = {{"ns1.frankfurt.example.", "192.0.2.53:53", true, 0.94, "", ""}};
  AppliedProvider powerdns;
  powerdns.provider = "powerdns-berlin";
  powerdns.via = Via::api;
  powerdns.state = ApplyState::applied;
  powerdns.changes = 3;
  powerdns.calls = 1;
  powerdns.nameservers = {
      {"ns1.berlin.example.", "198.51.100.53:53", false, std::nullopt, "serial 5", "timeout"}};
  report.zones = {{"example.com.", 42, 2026112302, "", {}, {nsd, powerdns}}};
  CHECK(render_apply(to_json(report), false).value() ==
        R"(example.com.  v42  serial 2026112302
  nsd-frankfurt             transfer          visible
    ns1.frankfurt.example.  192.0.2.53:53     visible  after 940 ms
  powerdns-berlin           api               applied  3 changes in 1 call
    ns1.berlin.example.     198.51.100.53:53  waiting  timeout; waits for serial 5

Applied; visible at 1 of 2 nameservers. Next: taproot status --watch
)");
  CHECK(render_progress(to_json(report)).value() == "visible at 1 of 2 nameservers");
}

TEST_CASE("the outcome of an apply follows its parts", "[server][render]") {
  using State = ApplyState;
  struct Case {
    std::vector<State> states;
    ApplyOutcome want;
    bool ended;
  };
  const auto c =
      GENERATE(Case{{}, ApplyOutcome::nothing_to_do, true},
               Case{{State::unchanged, State::unchanged}, ApplyOutcome::nothing_to_do, true},
               Case{{State::visible, State::unchanged}, ApplyOutcome::done, true},
               Case{{State::visible, State::applied}, ApplyOutcome::applied, false},
               Case{{State::visible, State::waiting}, ApplyOutcome::running, false},
               Case{{State::failed, State::waiting}, ApplyOutcome::running, false},
               Case{{State::failed, State::visible}, ApplyOutcome::partial, true},
               Case{{State::blocked, State::visible}, ApplyOutcome::partial, true},
               Case{{State::blocked, State::failed}, ApplyOutcome::partial, true},
               Case{{State::blocked, State::unchanged}, ApplyOutcome::blocked, true},
               Case{{State::failed, State::unchanged}, ApplyOutcome::failed, true});
  ApplyReport report;
  report.zones.resize(1);
  for (const auto state : c.states) {
    report.zones[0].providers.emplace_back();
    report.zones[0].providers.back().state = state;
  }
  CHECK(outcome_of(report) == c.want);
  CHECK(has_ended(report) == c.ended);
}

TEST_CASE("a zone that fails as a whole counts, too", "[server][render]") {
  ApplyReport report;
  report.zones = {{"example.com.", 41, 1, "z.yaml:3:7: two SOA records", {}, {}}};
  CHECK(outcome_of(report) == ApplyOutcome::failed);
  CHECK_THAT(render_apply(to_json(report), false).value(),
             Catch::Contains("failed: z.yaml:3:7: two SOA records"));
}

TEST_CASE("a verification shows the differences", "[server][render]") {
  VerifyReport report;
  VerifiedNameserver good{
      "ns1.example.", "192.0.2.1:53", NameserverState::verified, 5, 9, 9, {}, ""};
  VerifiedNameserver bad{"ns2.example.", "192.0.2.2:53", NameserverState::differs, 5, 9, 9, {}, ""};
  bad.differences = {"www.example.com. A: has 192.0.2.9, wanted 192.0.2.1"};
  report.zones = {{"example.com.", 42, 5, {{"nsd", {good, bad}}}}};
  CHECK(render_verify(to_json(report), false).value() ==
        R"(example.com.  v42  serial 5
  nsd
    ns1.example.  192.0.2.1:53  verified  serial 5  9/9 RRsets
    ns2.example.  192.0.2.2:53  differs   serial 5  9/9 RRsets
      www.example.com. A: has 192.0.2.9, wanted 192.0.2.1

1 of 2 nameservers verified. Next: taproot status
)");
}

TEST_CASE("documents of another shape are refused or read as empty", "[server][render]") {
  for (const auto* json : {"", "[]", "null", "{", "\xff"}) {
    CHECK_FALSE(render_status(json, false));
    CHECK_FALSE(render_apply(json, false));
  }
  for (const auto* json : {"{}", R"({"zones": 1})", R"({"zones": [1, null, {"providers": {}}]})",
                           R"({"zones": [{"version": "x", "providers": [[]]}]})"}) {
    CHECK(render_status(json, false));
    CHECK(render_plan(json, false));
    CHECK(render_plan_markdown(json, false));
    CHECK(render_apply(json, false));
    CHECK(render_verify(json, false));
    CHECK(render_reload(json, false));
    CHECK(render_notify(json, false));
    CHECK(render_history(json, false));
    CHECK(render_show(json, false));
    CHECK(render_diff(json, false));
    CHECK(render_rollback(json, false));
  }
}

TEST_CASE("times and durations", "[server][render]") {
  CHECK(to_rfc3339(committed) == "2026-11-23T09:14:03.120Z");
  CHECK(to_rfc3339(WallTime(-1ms)) == "1969-12-31T23:59:59.999Z");
  CHECK(milliseconds_of("2026-11-23T09:14:03.120Z") == 1795425243120);
  CHECK_FALSE(milliseconds_of("yesterday"));
  CHECK(waiting_text("").empty());
  CHECK(waiting_text("serial 5") == "waits for serial 5");
  CHECK(waiting_text("waiting for a first answer") == "waiting for a first answer");
  CHECK(duration_text(0) == "0 ms");
  CHECK(duration_text(999) == "999 ms");
  CHECK(duration_text(1'000) == "1.0 s");
  CHECK(duration_text(-5) == "0 ms");
  CHECK(duration_text(9'999) == "9.9 s");
  CHECK(duration_text(119'999) == "119 s");
  CHECK(duration_text(120'000) == "2 min");
  CHECK(duration_text(7'200'000) == "2 h");
  CHECK(duration_text(172'800'000) == "2 d");
}
