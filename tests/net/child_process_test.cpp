#include "net/child_process.hpp"

#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::net {

using namespace std::chrono_literals;
using Kind = ChildEnd::Kind;

namespace {

ChildOrder shell(const std::string& script) {
  ChildOrder order;
  order.command = {"/bin/sh", "-c", script};
  order.environment = {"PATH=/usr/bin:/bin"};
  return order;
}

ChildEnd end_of(ChildOrder order) {
  Loop loop;
  std::optional<ChildEnd> end;
  ChildProcess child(loop, std::move(order), [&](ChildEnd how) { end = std::move(how); });
  CHECK_FALSE(end);  // never from inside the constructor
  REQUIRE(run_until(loop, [&] { return end.has_value(); }));
  return *end;
}

}  // namespace

TEST_CASE("a command gets its input and says what it has to say", "[net][child]") {
  auto order = shell("cat; echo done >&2; exit 3");
  order.input = std::string(300'000, 'x');
  order.max_output = 400'000;
  const auto end = end_of(order);
  CHECK(end.kind == Kind::exited);
  CHECK(end.code == 3);
  CHECK(end.output == order.input);
  CHECK(end.errors == "done\n");
  CHECK_FALSE(end.is_output_cut);
}

TEST_CASE("a command may open its input by name", "[net][child]") {
  auto order = shell("cat /dev/stdin");
  order.input = "zone\n";
  CHECK(end_of(order).output == "zone\n");
}

TEST_CASE("a command gets nothing but what it is given", "[net][child]") {
  const int kept = ::socket(AF_INET, SOCK_STREAM, 0);  // without SOCK_CLOEXEC
  ::setenv("TAPROOT_TEST_SECRET", "x", 1);
  auto order = shell("env | cut -d= -f1 | sort | tr '\\n' ' '; ls /proc/self/fd | tr '\\n' ' '");
  order.environment.emplace_back("TAPROOT_ZONE=example.com.");
  const auto end = end_of(order);
  ::close(kept);
  CHECK(end.output.find("TAPROOT_TEST_SECRET") == std::string::npos);
  CHECK(end.output.find("TAPROOT_ZONE") != std::string::npos);
  CHECK(end.output.substr(end.output.size() - 8) == "0 1 2 3 ");  // 3 is that of ls itself
}

TEST_CASE("a command that ends badly is told as it ended", "[net][child]") {
  SECTION("by a signal") {
    const auto end = end_of(shell("echo begun; kill -SEGV $$"));
    CHECK(end.kind == Kind::killed);
    CHECK(end.code == SIGSEGV);
    CHECK(end.output == "begun\n");
  }
  SECTION("it is not there") {
    ChildOrder order;
    order.command = {"/nowhere/at-all"};
    const auto end = end_of(order);
    CHECK(end.kind == Kind::not_started);
    CHECK(end.why.find("No such file") != std::string::npos);
  }
  SECTION("it is no program") {
    ChildOrder order;
    order.command = {"/etc/passwd"};
    const auto end = end_of(order);
    CHECK(end.kind == Kind::not_started);
    CHECK(end.why.find("ermission denied") != std::string::npos);
  }
  SECTION("it is a folder") {
    ChildOrder order;
    order.command = {"/tmp"};
    CHECK(end_of(order).kind == Kind::not_started);
  }
}

TEST_CASE("a command has a time limit, and its children too", "[net][child]") {
  auto order = shell("echo begun; sleep 600 & sleep 600");
  order.timeout = 200ms;
  const auto start = Clock::now();
  const auto end = end_of(order);
  CHECK(end.kind == Kind::timed_out);
  CHECK(end.output == "begun\n");
  CHECK(Clock::now() - start < 10s);
}

TEST_CASE("a child that keeps the pipe open does not keep us", "[net][child]") {
  SECTION("in its group: it is killed") {
    const auto end = end_of(shell("sleep 600 & echo $!; exit 0"));
    CHECK(end.kind == Kind::exited);
    CHECK(end.code == 0);
    const auto left = static_cast<pid_t>(std::stol(end.output));
    Loop loop;
    CHECK(run_until(loop, [&] {
      // Gone, or a zombie that its new parent has not looked at yet.
      std::string state;
      if (auto* file = std::fopen(("/proc/" + std::to_string(left) + "/stat").c_str(), "r")) {
        std::array<char, 256> text{};
        if (std::fgets(text.data(), text.size(), file) != nullptr) state = text.data();
        std::fclose(file);
      }
      return state.empty() || state.find(") Z") != std::string::npos;
    }));
  }
  SECTION("in a session of its own") {
    auto order = shell("setsid sleep 5 & exit 0");
    const auto start = Clock::now();
    CHECK(end_of(order).kind == Kind::exited);
    CHECK(Clock::now() - start < 4s);
  }
}

TEST_CASE("output is bounded", "[net][child]") {
  SECTION("more than is kept") {
    auto order = shell("head -c 100000 /dev/zero | tr '\\0' 'x'; exit 1");
    order.max_output = 1000;
    const auto end = end_of(order);
    CHECK(end.kind == Kind::exited);
    CHECK(end.code == 1);
    CHECK(end.output == std::string(1000, 'x'));
    CHECK(end.is_output_cut);
  }
  SECTION("without end") {
    const auto end = end_of(shell("cat /dev/zero"));
    CHECK(end.kind == Kind::flooded);
    CHECK(end.output.size() == 64 * 1024);
  }
}

TEST_CASE("a command need not read its input", "[net][child]") {
  auto order = shell("exec 0<&-; exit 0");
  order.input = std::string(1'000'000, 'x');
  CHECK(end_of(order).kind == Kind::exited);
  auto slow = shell("echo verdict; exit 1");
  slow.input = std::string(1'000'000, 'x');
  CHECK(end_of(slow).output == "verdict\n");
}

TEST_CASE("a command that nobody waits for is killed", "[net][child]") {
  Loop loop;
  bool called = false;
  auto child =
      std::make_unique<ChildProcess>(loop, shell("sleep 600"), [&](ChildEnd) { called = true; });
  const auto start = Clock::now();
  child.reset();
  CHECK(Clock::now() - start < 5s);
  run_for(loop, 5ms);
  CHECK_FALSE(called);
  child = std::make_unique<ChildProcess>(loop, shell("exit 0"), [&](ChildEnd) {
    called = true;
    child.reset();  // from its own call
  });
  CHECK(run_until(loop, [&] { return called; }));
}

TEST_CASE("many commands run beside each other", "[net][child]") {
  Loop loop;
  int ended = 0;
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(std::make_unique<ChildProcess>(loop, shell("exit " + std::to_string(i)),
                                                      [&ended, i](const ChildEnd& end) {
                                                        if (end.code == i) ++ended;
                                                      }));
  }
  CHECK(run_until(loop, [&] { return ended == 8; }));
}

}  // namespace taproot::net
