#include "server/external_check.hpp"

#include "config_world.hpp"

#include "server/zone_desk.hpp"
#include "tests/net/run_until.hpp"
#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;
using zonestore::Finding;
using zonestore::Severity;

namespace {

const std::string zone_lines =
    "@ 300 SOA ns1 host 7 3600 600 2419200 300\n@ 300 NS ns1\n@ 300 NS ns.example.net.\n"
    "ns1 300 A 192.0.2.53\n";

std::shared_ptr<const CheckConfig> command(std::vector<std::string> words,
                                           std::chrono::milliseconds timeout = 10s) {
  CheckConfig config;
  config.command = std::move(words);
  config.timeout = timeout;
  return std::make_shared<const CheckConfig>(config);
}

std::shared_ptr<const CheckConfig> shell(const std::string& script,
                                         std::chrono::milliseconds timeout = 10s) {
  return command({"/bin/sh", "-c", script}, timeout);
}

std::vector<Finding> run(std::shared_ptr<const CheckConfig> config) {
  net::Loop loop;
  ExternalChecks checks(loop);
  std::optional<std::vector<Finding>> found;
  checks.run({tests::zone_of("example.com.", zone_lines), std::move(config), "zones/x", 41},
             [&](std::vector<Finding> findings) { found = std::move(findings); });
  CHECK_FALSE(found);
  REQUIRE(net::run_until(loop, [&] { return found.has_value(); }));
  return *found;
}

/// "file:line:column severity message" of each.
std::vector<std::string> lines_of(const std::vector<Finding>& findings) {
  std::vector<std::string> lines;
  for (const auto& finding : findings) {
    CHECK(finding.rule == "external-check");
    lines.push_back(zonestore::to_line(finding));
  }
  return lines;
}

}  // namespace

TEST_CASE("a command accepts a zone", "[server][external]") {
  CHECK(run(shell("exit 0")).empty());
  CHECK(run(shell("echo all is well; cat > /dev/null; exit 0")).empty());
  CHECK(lines_of(run(shell("echo zones/x:3: warning: odd; echo zones/x:4: error: mild"))) ==
        std::vector<std::string>{"zones/x:3: warning: odd [external-check]",
                                 "zones/x:4: warning: mild [external-check]"});
}

TEST_CASE("a command gets the zone and what it should know", "[server][external]") {
  CHECK(run(shell("grep -q '^example.com.\t300\tIN\tSOA\tns1.example.com. host.example.com. 7 ' && "
                  "test \"$TAPROOT_ZONE $TAPROOT_SERIAL $TAPROOT_CURRENT_VERSION\" = "
                  "'example.com. 7 41'"))
            .empty());
  CHECK(run(command({"/bin/sh", "-c", "grep -c . < \"$0\" | grep -q '^4$'", "{file}"})).empty());
  CHECK(run(shell("named-checkzone -q example.com /dev/stdin || exit $(( $? == 127 ? 0 : 1 ))"))
            .empty());
}

TEST_CASE("a temporary file goes when its command has ended", "[server][external]") {
  const auto found = run(command({"/bin/sh", "-c", "echo \"$0\"; exit 1", "{file}"}));
  REQUIRE(found.size() == 1);
  CHECK(found[0].message.find("taproot-check-") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(found[0].message));
}

TEST_CASE("a command refuses a zone, and says why", "[server][external]") {
  CHECK(lines_of(run(shell("echo 'zones/x:3: error: bad thing'; echo 'b/y.zone:4:7: note: see'; "
                           "echo 'all of it is wrong'; exit 1"))) ==
        std::vector<std::string>{"zones/x:3: error: bad thing [external-check]",
                                 "b/y.zone:4:7: note: see [external-check]",
                                 "zones/x: error: all of it is wrong [external-check]"});
  CHECK(lines_of(run(shell("exit 1"))) ==
        std::vector<std::string>{"zones/x: error: the check /bin/sh refuses the zone "
                                 "[external-check]"});
  CHECK(lines_of(run(shell("echo zones/x:3: warning: odd; echo no way >&2; exit 1"))) ==
        std::vector<std::string>{"zones/x:3: warning: odd [external-check]",
                                 "zones/x: error: the check /bin/sh refuses the zone: no way "
                                 "[external-check]"});
}

TEST_CASE("a command that does not judge refuses, and what happened is told",
          "[server][external]") {
  struct Case {
    std::shared_ptr<const CheckConfig> config;
    std::string says;
  };
  const auto c = GENERATE(values<Case>({
      {shell("echo 1 >&2; echo 2 >&2; echo 3 >&2; echo 4 >&2; exit 3"), "exit code 3: 2 / 3 / 4"},
      {shell("kill -SEGV $$"), "ended by signal 11"},
      {shell("echo begun >&2; sleep 600", 200ms), "took longer than 200 ms: begun"},
      {shell("cat /dev/zero"), "wrote more than 1 MiB"},
      {command({"/nowhere/at-all"}), "cannot be run: No such file"},
      {command({"/etc/passwd"}), "cannot be run: Permission denied"},
  }));
  const auto found = run(c.config);
  REQUIRE(found.size() == 1);
  INFO(found[0].message);
  CHECK(found[0].severity == Severity::error);
  CHECK(found[0].rule == "external-check");
  CHECK(found[0].file == "zones/x");
  CHECK(found[0].message.find(c.says) != std::string::npos);
  CHECK_FALSE(found[0].cure.empty());
}

TEST_CASE("findings of a command are bounded", "[server][external]") {
  const auto found =
      run(shell("i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done; exit 1"));
  CHECK(found.size() == 201);
  CHECK(found.back().rule == "more-findings");
}

TEST_CASE("only a few commands run at once", "[server][external]") {
  net::Loop loop;
  ExternalChecks checks(loop);
  const auto zone = tests::zone_of("example.com.", zone_lines);
  std::size_t ended = 0;
  std::size_t most = 0;
  for (int i = 0; i < 20; ++i) {
    checks.run({zone, shell("exit 0"), "x", 0}, [&](const auto&) {
      most = std::max(most, checks.running());
      ++ended;
    });
  }
  CHECK(checks.waiting() == 20);
  REQUIRE(net::run_until(loop, [&] {
    most = std::max(most, checks.running());
    return ended == 20;
  }));
  CHECK(most == ExternalChecks::max_running);
  CHECK(checks.running() == 0);
}

TEST_CASE("commands that run are killed with their owner", "[server][external]") {
  net::Loop loop;
  bool called = false;
  {
    ExternalChecks checks(loop);
    checks.run({tests::zone_of("example.com.", zone_lines), shell("sleep 600"), "x", 0},
               [&](const auto&) { called = true; });
    REQUIRE(net::run_until(loop, [&] { return checks.running() == 1; }));
  }
  net::run_for(loop, 5ms);
  CHECK_FALSE(called);
}

namespace {

/// A desk with a store, and zones whose sources are files of a folder.
class Desk {
 public:
  net::Loop loop;
  TestFolder folder;
  zonestore::ZoneStore store{zonestore::Journal::open(folder.path() / "state", {}).value(), {}};
  RemoteSources remotes{loop, folder.path() / "sources", [](const dns::Name&) {}};
  FollowedSources followed{loop, store, folder.path() / "followed", [](const dns::Name&) {}};
  Config none;
  CatalogMaker catalogs{none, store};
  ZoneDesk desk{loop, store, remotes, followed, catalogs};

  void zone(const std::string& name, std::shared_ptr<const CheckConfig> check) {
    ZoneConfig config;
    config.name = tests::name_of(name);
    config.shown = name + "zone";
    config.source = folder.path() / config.shown;
    config.check = std::move(check);
    write(name, "");
    REQUIRE(desk.set_zone(std::make_shared<const ZoneConfig>(std::move(config))));
  }
  void write(const std::string& name, const std::string& more) {
    folder.file(name + "zone", zone_lines + more);
  }
  std::size_t records(const std::string& name) {
    const auto version = store.current(tests::name_of(name));
    return version ? version->record_count() : 0;
  }
  std::vector<SourceOutcome> read() {
    std::optional<std::vector<SourceOutcome>> outcomes;
    desk.read(desk.names(), ZoneDesk::Mode::publish, "test", "",
              [&](auto got) { outcomes = std::move(got); });
    REQUIRE(net::run_until(loop, [&] { return outcomes.has_value(); }));
    return *outcomes;
  }
};

}  // namespace

TEST_CASE("a slow check of one zone does not delay another", "[server][external][desk]") {
  Desk at;
  const auto gate = (at.folder.path() / "gate").string();
  at.zone("slow.example.", shell("while [ ! -e " + gate + " ]; do sleep 0.05; done"));
  at.zone("fast.example.", shell("exit 0"));
  at.zone("plain.example.", nullptr);
  std::optional<std::vector<SourceOutcome>> outcomes;
  at.desk.read(at.desk.names(), ZoneDesk::Mode::publish, "test", "",
               [&](auto got) { outcomes = std::move(got); });
  // The two others are served while the slow one still waits.
  REQUIRE(net::run_until(at.loop, [&] {
    return at.records("fast.example.") == 4 && at.records("plain.example.") == 4;
  }));
  CHECK(at.records("slow.example.") == 0);
  CHECK_FALSE(outcomes);
  // A later reading of another zone goes through, too.
  at.write("plain.example.", "a 300 A 192.0.2.1\n");
  bool again = false;
  at.desk.read({tests::name_of("plain.example.")}, ZoneDesk::Mode::publish, "test", "",
               [&](const auto&) { again = true; });
  REQUIRE(net::run_until(at.loop, [&] { return again; }));
  CHECK(at.records("plain.example.") == 5);
  CHECK(at.records("slow.example.") == 0);
  at.folder.file("gate", "");
  REQUIRE(net::run_until(at.loop, [&] { return outcomes.has_value(); }));
  CHECK(outcomes->size() == 3);
  CHECK(at.records("slow.example.") == 4);
}

TEST_CASE("a refused candidate changes nothing, and says why", "[server][external][desk]") {
  Desk at;
  at.zone("a.example.", shell("! grep -q '^bad'"));
  CHECK(at.read().at(0).kind == SourceOutcome::Kind::installed);
  at.write("a.example.", "bad 300 A 192.0.2.1\n");
  const auto outcome = at.read().at(0);
  CHECK(outcome.kind == SourceOutcome::Kind::refused);
  CHECK(outcome.why.find("external-check") != std::string::npos);
  CHECK(at.records("a.example.") == 4);
  const auto* state = at.desk.find(tests::name_of("a.example."));
  REQUIRE(state != nullptr);
  CHECK(zonestore::has_errors(state->findings));
  at.write("a.example.", "good 300 A 192.0.2.1\n");
  CHECK(at.read().at(0).kind == SourceOutcome::Kind::installed);
  CHECK(at.records("a.example.") == 5);
}

TEST_CASE("what changes nothing is not judged", "[server][external][desk]") {
  Desk at;
  const auto log = (at.folder.path() / "log").string();
  at.zone("a.example.", shell("echo x >> " + log));
  CHECK(at.read().at(0).kind == SourceOutcome::Kind::installed);
  CHECK(at.read().at(0).kind == SourceOutcome::Kind::unchanged);
  CHECK(std::filesystem::file_size(log) == 2);
}

TEST_CASE("a newer reading takes the place of one that is being judged",
          "[server][external][desk]") {
  Desk at;
  const auto gate = (at.folder.path() / "gate").string();
  at.zone("a.example.",
          shell("grep -q '^new' || while [ ! -e " + gate + " ]; do sleep 0.05; done"));
  std::optional<std::vector<SourceOutcome>> old;
  const std::vector<dns::Name> names = at.desk.names();
  at.desk.read(names, ZoneDesk::Mode::publish, "test", "", [&](auto got) { old = std::move(got); });
  net::run_for(at.loop, 100ms);
  at.write("a.example.", "new 300 A 192.0.2.1\n");
  CHECK(at.read().at(0).kind == SourceOutcome::Kind::installed);
  CHECK(at.records("a.example.") == 5);
  at.folder.file("gate", "");
  REQUIRE(net::run_until(at.loop, [&] { return old.has_value(); }));
  CHECK(old->at(0).kind == SourceOutcome::Kind::unchanged);
  CHECK(at.records("a.example.") == 5);
}
