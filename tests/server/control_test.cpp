#include "control_fake.hpp"

#include "server/control_routes.hpp"
#include "server/reports_json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

using namespace taproot;
using namespace taproot::server;
using nlohmann::json;

namespace {

std::string header(const net::HttpResponse& response, std::string_view name) {
  return std::string(response.header(name).value_or("(none)"));
}

const std::string zone = "/v1/zones/example.com";

}  // namespace

TEST_CASE("reads need no token, and each reaches its operation", "[server][control]") {
  FakeDaemon daemon;
  struct Case {
    std::string path;
    std::string asked;  ///< empty: no operation
  };
  const std::vector<Case> cases{
      {"/healthz", ""},
      {"/metrics", ""},
      {"/openapi.json", ""},
      {"/v1/status", "status"},
      {"/v1/status?zone=example.com", "status example.com."},
      {"/v1/status?zone=example.com,EXAMPLE.com.", "status example.com. EXAMPLE.com."},
      {"/v1/plan?zone=example.com", "plan example.com."},
      {"/v1/verify", "verify"},
      {"/v1/apply/a1", "progress a1"},
      {zone + "/history", "history 20 example.com."},
      {zone + "/history?limit=5", "history 5 example.com."},
      {zone + "/show?at=41", "show example.com."},
      {zone + "/diff?a=1&b=2", "diff example.com."}};
  for (const auto& c : cases) {
    daemon.operations.asked.clear();
    const auto response = daemon.get(c.path);
    INFO(c.path << ": " << response.body);
    CHECK(response.status == 200);
    CHECK(daemon.operations.asked ==
          (c.asked.empty() ? std::vector<std::string>{} : std::vector{c.asked}));
    CHECK(header(response, "Cache-Control") == "no-store");
    CHECK(header(response, "X-Content-Type-Options") == "nosniff");
    CHECK_THAT(header(response, "Content-Security-Policy"), Catch::Contains("default-src 'self'"));
    CHECK(header(response, "Access-Control-Allow-Origin") == "(none)");
  }
  CHECK(header(daemon.get(zone + "/show"), "ETag") == "\"42\"");
  CHECK(header(daemon.get("/metrics"), "Content-Type") ==
        "text/plain; version=0.0.4; charset=utf-8");
  CHECK(daemon.request("HEAD", "/v1/status").status == 200);
}

TEST_CASE("wrong requests are told what is wrong", "[server][control]") {
  FakeDaemon daemon;
  struct Case {
    std::string method, path;
    int status;
    std::string code;
  };
  const std::vector<Case> cases{{"GET", "/", 404, "not_found"},
                                {"GET", "/v1", 404, "not_found"},
                                {"GET", "/v1/zones//show", 404, "not_found"},
                                {"GET", "/v1/zones/../../etc/passwd", 404, "not_found"},
                                {"POST", "/v1/status", 405, "method_not_allowed"},
                                {"GET", "/v1/reload", 405, "method_not_allowed"},
                                {"DELETE", zone + "/rollback", 405, "method_not_allowed"},
                                {"OPTIONS", "/v1/apply", 405, "method_not_allowed"},
                                {"GET", "/v1/status?zone=a..b", 400, "bad_request"},
                                {"GET", "/v1/status?zone=nowhere.example", 404, "not_found"},
                                {"GET", "/v1/zones/a..b/show", 400, "bad_request"},
                                {"GET", "/v1/zones/nowhere.example/show", 404, "not_found"},
                                {"GET", zone + "/show?at=x", 400, "bad_request"},
                                {"GET", zone + "/show?at=0", 400, "bad_request"},
                                {"GET", zone + "/show?at=99999999999999999999", 400, "bad_request"},
                                {"GET", zone + "/history?limit=-1", 400, "bad_request"},
                                {"GET", zone + "/diff", 400, "bad_request"},
                                {"GET", "/v1/apply/none", 404, "not_found"}};
  for (const auto& c : cases) {
    const auto response = daemon.request(c.method, c.path);
    INFO(c.method << " " << c.path << ": " << response.body);
    CHECK(response.status == c.status);
    const auto body = json::parse(response.body, nullptr, false);
    REQUIRE(body.is_object());
    CHECK(body.value("code", "") == c.code);
    CHECK(body.value("error", "") != "");
  }
  CHECK(header(daemon.request("POST", "/v1/status"), "Allow") == "GET, HEAD");
}

TEST_CASE("what changes something needs the token", "[server][control]") {
  FakeDaemon daemon;
  for (const auto& route : control_routes()) {
    if (!route.changes) continue;
    std::string path(route.path);
    if (const auto at = path.find("{zone}"); at != std::string::npos) {
      path.replace(at, 6, "example.com");
    }
    INFO(path);
    const auto without = daemon.request("POST", path);
    CHECK(without.status == 401);
    CHECK_THAT(header(without, "WWW-Authenticate"), Catch::StartsWith("Bearer"));
    CHECK(daemon.request("POST", path, {{"Authorization", "Basic eDp5"}}).status == 401);
    CHECK(daemon.operations.asked.empty());
    const std::string body = path.ends_with("/edit")     ? R"({"changes": []})"
                             : path.ends_with("/serial") ? R"({"above": "secondaries"})"
                                                         : "";
    CHECK(daemon.post(path, body).status == 200);
    daemon.operations.asked.clear();
  }
}

TEST_CASE("after five wrong tokens within a minute nobody comes in", "[server][control]") {
  FakeDaemon daemon;
  for (int i = 0; i < 5; ++i) {
    const auto response = daemon.request("POST", "/v1/reload", {{"Authorization", "Bearer guess"}});
    CHECK(response.status == 401);
  }
  const auto locked = daemon.post("/v1/reload");
  CHECK(locked.status == 429);
  CHECK(header(locked, "Retry-After") == "60");
  CHECK(daemon.get("/v1/status").status == 200);
  daemon.now += std::chrono::seconds(60);
  CHECK(daemon.post("/v1/reload").status == 200);
}

TEST_CASE("the token is in no answer", "[server][control]") {
  FakeDaemon daemon;
  std::string all = daemon.post("/v1/reload", "{").body + daemon.post("/v1/apply").body;
  all += daemon.request("POST", "/v1/reload", {{"Authorization", "Bearer canary-token-1"}}).body;
  for (const auto* path : {"/v1/status", "/metrics", "/openapi.json", "/healthz"}) {
    all += daemon.get(path).body;
  }
  CHECK_THAT(all, !Catch::Contains("canary-token"));
}

TEST_CASE("If-Match keeps a change from what has changed meanwhile", "[server][control]") {
  FakeDaemon daemon;
  const auto path = GENERATE(as<std::string>(), "/rollback", "/notify");
  CHECK(daemon.post(zone + path, "{}", {{"If-Match", "\"42\""}}).status == 200);
  CHECK(daemon.post(zone + path, "{}", {{"If-Match", "42"}}).status == 200);
  CHECK(daemon.post(zone + path, "{}", {{"If-Match", "*"}}).status == 200);
  const auto stale = daemon.post(zone + path, "{}", {{"If-Match", "\"41\""}});
  CHECK(stale.status == 412);
  CHECK(header(stale, "ETag") == "\"42\"");
  CHECK_THAT(stale.body, Catch::Contains("is at version 42, not 41"));
  CHECK(daemon.post(zone + path, "{}", {{"If-Match", "\"x\""}}).status == 400);
}

TEST_CASE("If-Match of an apply needs one zone", "[server][control]") {
  FakeDaemon daemon;
  const net::HttpHeaders condition{{"If-Match", "\"42\""}};
  CHECK(daemon.post("/v1/apply", "{\"zones\": [\"example.com\"]}", condition).status == 200);
  CHECK(daemon.operations.last_apply.based_on == 42u);
  CHECK(daemon.post("/v1/apply", "{}", condition).status == 400);
  CHECK(daemon.post("/v1/reload", "{}", condition).status == 400);
  daemon.operations.version = 43;
  CHECK(daemon.post("/v1/apply", "{\"zones\": [\"example.com\"]}", condition).status == 412);
}

TEST_CASE("an edit's changes reach the operation as records", "[server][control][edit]") {
  FakeDaemon daemon;
  auto& operations = daemon.operations;
  operations.edit_report.zone = "example.com.";
  operations.edit_report.version = 43;
  operations.edit_report.changed = true;
  operations.edit_report.changes = {{"www.example.com.", "A", {}, {"300 A 192.0.2.1"}}};
  const auto response =
      daemon.post(zone + "/edit",
                  R"({"changes": [{"op": "put", "owner": "www", "type": "A", "ttl": 300,
                       "values": ["192.0.2.1"]},
                      {"op": "delete", "owner": "old"}],
          "who": "bob", "why": "www moves", "write_back": true, "dry_run": true})",
                  {{"If-Match", "\"42\""}});
  CHECK(response.status == 200);
  const auto& asked = operations.last_edit;
  REQUIRE(asked.changes.size() == 2);
  CHECK(asked.changes[0].owner.to_text() == "www.example.com.");
  CHECK(asked.changes[0].ttl == 300u);
  CHECK(asked.changes[1].op == zonestore::EditChange::Op::drop);
  CHECK_FALSE(asked.changes[1].type);
  CHECK(asked.based_on == 42u);
  CHECK(asked.who == "bob");
  CHECK(asked.why == "www moves");
  CHECK(asked.write_back);
  CHECK(asked.dry_run);
  CHECK(header(response, "ETag") == "\"43\"");
  const auto report = json::parse(response.body);
  CHECK(report["version"] == 43);
  CHECK(report["counts"]["add"] == 1);
  CHECK(report["changes"][0]["after"][0] == "300 A 192.0.2.1");
}

TEST_CASE("an edit that cannot be is refused with findings", "[server][control][edit]") {
  FakeDaemon daemon;
  SECTION("by its document") {
    const auto response = daemon.post(
        zone + "/edit", R"({"changes": [{"op": "put", "owner": "a", "type": "A", "value": "x"}]})");
    CHECK(response.status == 422);
    const auto error = json::parse(response.body);
    CHECK(error["findings"][0]["rule"] == "bad-rdata");
    CHECK(error["findings"][0]["cure"] != "");
    CHECK_THAT(error["error"].get<std::string>(), Catch::Contains("changes[0]"));
    CHECK(daemon.operations.asked.empty());
  }
  SECTION("by the zone") {
    daemon.operations.edit_report.refused = "a CNAME and other data";
    daemon.operations.edit_report.findings.emplace_back();
    const auto response = daemon.post(zone + "/edit", R"({"changes": []})");
    CHECK(response.status == 422);
    CHECK(json::parse(response.body)["error"] == "a CNAME and other data");
    CHECK(json::parse(response.body)["findings"].size() == 1);
  }
  SECTION("by its version") {
    CHECK(daemon.post(zone + "/edit", R"({"changes": []})", {{"If-Match", "\"41\""}}).status ==
          412);
    CHECK(daemon.operations.asked.empty());
  }
  SECTION("by its body") {
    const auto body = GENERATE("", "{}", R"({"changes": [], "discard": true})",
                               R"({"changes": [], "force": true})", R"({"discard": "yes"})");
    CAPTURE(body);
    CHECK(daemon.post(zone + "/edit", body).status == 400);
    CHECK(daemon.operations.asked.empty());
  }
}

TEST_CASE("pages of other origins are refused", "[server][control]") {
  FakeDaemon daemon;
  const auto with = [&](const char* name, const std::string& value) {
    return daemon.get("/v1/status", {{name, value}}).status;
  };
  CHECK(with("Origin", "https://evil.example") == 403);
  CHECK(with("Origin", "null") == 403);
  CHECK(with("Origin", "http://127.0.0.1:1") == 403);
  CHECK(with("Origin", "http://" + daemon.address()) == 200);
  CHECK(with("Sec-Fetch-Site", "cross-site") == 403);
  CHECK(with("Sec-Fetch-Site", "same-origin") == 200);
  CHECK(with("Host", "evil.example") == 421);
  CHECK(with("Host", "dash.example.net") == 200);
}

TEST_CASE("bodies are checked key by key", "[server][control]") {
  FakeDaemon daemon;
  struct Case {
    std::string path, body, says;
  };
  const std::vector<Case> cases{
      {"/v1/apply", "{", "not JSON"},
      {"/v1/apply", "[]", "not a JSON object"},
      {"/v1/apply", std::string(100'000, '['), "not JSON"},
      {"/v1/apply", R"({"zone": "a"})", "\"zone\" is not a key"},
      {"/v1/apply", R"({"zones": "a"})", "must be a list"},
      {"/v1/apply", R"({"zones": [1]})", "must be a list"},
      {"/v1/apply", R"({"zones": ["a..b"]})", "must be a list"},
      {"/v1/apply", R"({"wait": 1})", "true or false"},
      {"/v1/apply", R"({"plan": 1})", "must be text"},
      {"/v1/apply", R"({"timeout_s": -1})", "whole number"},
      {"/v1/apply", R"({"timeout_s": 1e99})", "whole number"},
      {"/v1/apply", R"({"who": "a\u001b[2J"})", "control characters"},
      {"/v1/apply", R"({"why": ")" + std::string(2000, 'x') + "\"}", "longer than"},
      {zone + "/rollback", R"({"to": 0})", "from 1"},
      {zone + "/rollback", R"({"to": "yesterday"})", "2026-11-25T10:00"},
      {zone + "/rollback", R"({"to": -1})", "is not a version"},
      {zone + "/notify", R"({"to": 1})", "is not a key"},
      {"/v1/reload", R"({"zones": {}})", "must be a list"}};
  for (const auto& c : cases) {
    daemon.operations.asked.clear();
    const auto response = daemon.post(c.path, c.body);
    INFO(c.path << " " << c.body.substr(0, 80) << ": " << response.body);
    CHECK(response.status == 400);
    const auto says = json(c.says).dump();  // as it stands in JSON, within its quotes
    CHECK_THAT(response.body, Catch::Contains(says.substr(1, says.size() - 2)));
    CHECK(daemon.operations.asked.empty());
  }
  CHECK(daemon.post("/v1/apply", std::string(2'000'000, ' ')).status == 413);
  const net::HttpHeaders form{{"Authorization", std::string("Bearer ") + FakeDaemon::token},
                              {"Content-Type", "application/x-www-form-urlencoded"}};
  CHECK(daemon.request("POST", "/v1/reload", form, "{}").status == 415);
}

TEST_CASE("an apply and a rollback are passed on whole", "[server][control]") {
  FakeDaemon daemon;
  CHECK(daemon
            .post("/v1/apply", R"({"zones": ["example.com"], "plan": "p", "force": "f",
                  "wait": true, "timeout_s": 7, "who": "alice", "why": "move"})")
            .status == 200);
  const auto& apply = daemon.operations.last_apply;
  CHECK(apply.plan == "p");
  CHECK(apply.force == "f");
  CHECK(apply.wait);
  CHECK(apply.timeout == std::chrono::seconds(7));
  CHECK(apply.who == "alice");
  CHECK(apply.why == "move");
  CHECK(daemon.post(zone + "/rollback", R"({"to": 40, "who": "bob"})").status == 200);
  CHECK(daemon.operations.last_rollback.to->number == 40u);
  CHECK(daemon.operations.last_rollback.who == "bob");
  CHECK(daemon.operations.last_rollback.zone.to_text() == "example.com.");
  CHECK(daemon.post(zone + "/drop", R"({"who": "bob", "why": "left"})").status == 200);
  CHECK(daemon.operations.last_drop.who == "bob");
  CHECK(daemon.operations.last_drop.why == "left");
  CHECK(daemon.operations.last_drop.zone.to_text() == "example.com.");
  CHECK(daemon.post("/v1/apply").status == 200);
  CHECK(daemon.operations.last_apply.who == "api");
}

TEST_CASE("failures of operations have their status", "[server][control]") {
  FakeDaemon daemon;
  struct Case {
    Errc code;
    int status;
    const char* word;
  };
  const auto c =
      GENERATE(Case{Errc::not_found, 404, "not_found"}, Case{Errc::conflict, 409, "conflict"},
               Case{Errc::blocked, 409, "blocked"}, Case{Errc::in_use, 409, "in_use"},
               Case{Errc::refused, 403, "forbidden"}, Case{Errc::timed_out, 504, "timed_out"},
               Case{Errc::bad_zone, 422, "bad_zone"}, Case{Errc::bad_answer, 502, "bad_answer"},
               Case{Errc::bad_config, 422, "bad_config"}, Case{Errc::io, 500, "io"});
  daemon.operations.failure = Error{c.code, "because \xff"};
  const auto response = daemon.post("/v1/apply");
  CHECK(response.status == c.status);
  CHECK(json::parse(response.body)["code"] == c.word);
  CHECK(daemon.get("/v1/plan").status == c.status);
}

TEST_CASE("a control API that others could reach is refused", "[server][control]") {
  net::Loop loop;
  FakeOperations operations;
  Control::Options options;
  options.listen = net::Endpoint::from_text("0.0.0.0:0").value();
  options.token = Secret(FakeDaemon::token);
  CHECK(Control::open(loop, operations, options).error().code == Errc::refused);
  options.listen = net::Endpoint::from_text("127.0.0.1:0").value();
  options.token = Secret();
  CHECK(Control::open(loop, operations, options).error().code == Errc::refused);
}

TEST_CASE("the OpenAPI document and the manual name every route", "[server][control]") {
  const auto document = json::parse(openapi_document());
  CHECK(document["openapi"] == "3.1.0");
  std::size_t methods = 0;
  for (const auto& [path, operations] : document["paths"].items()) methods += operations.size();
  CHECK(methods == control_routes().size());
  std::ifstream stream(std::string(TAPROOT_SOURCE_DIR) + "/docs/control-api.md");
  const std::string manual{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
  for (const auto& route : control_routes()) {
    INFO(route.path);
    const auto& path = document["paths"][std::string(route.path)];
    const std::string method = route.method == "GET" ? "get" : "post";
    REQUIRE(path.contains(method));
    CHECK(path[method].contains("security") == route.changes);
    CHECK_THAT(manual,
               Catch::Contains("| `" + std::string(route.method) + " " + std::string(route.path)));
  }
}

namespace {

/// Says where a value departs from its schema; enough of JSON Schema for our own document.
std::string departs(const json& value, const json& schema, const json& root,
                    const std::string& where) {
  if (schema.contains("$ref")) {
    const auto name = schema["$ref"].get<std::string>();
    return departs(value, root["components"]["schemas"].at(name.substr(21)), root, where);
  }
  const auto& type = schema["type"];
  const auto is = [&](const std::string& word) {
    return (word == "object" && value.is_object()) || (word == "array" && value.is_array()) ||
           (word == "string" && value.is_string()) || (word == "null" && value.is_null()) ||
           (word == "integer" && value.is_number_integer()) ||
           (word == "number" && value.is_number()) || (word == "boolean" && value.is_boolean());
  };
  const bool fits = type.is_array() ? std::any_of(type.begin(), type.end(), is) : is(type);
  if (!fits) return where + " is not " + type.dump() + ": " + value.dump();
  if (schema.contains("enum")) {
    const auto& words = schema["enum"];
    if (std::find(words.begin(), words.end(), value) == words.end())
      return where + " " + value.dump();
  }
  if (value.is_array()) {
    for (const auto& item : value) {
      const auto wrong = departs(item, schema["items"], root, where + "[]");
      if (!wrong.empty()) return wrong;
    }
  }
  if (!value.is_object()) return {};
  for (const auto& key : schema.value("required", json::array())) {
    if (!value.contains(key.get<std::string>())) return where + " has no " + key.dump();
  }
  for (const auto& [key, part] : value.items()) {
    if (!schema["properties"].contains(key)) return where + " has the unknown key " + key;
    const auto wrong = departs(part, schema["properties"][key], root, where + "." + key);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string departs(const std::string& report, const char* schema) {
  const auto root = json::parse(openapi_document());
  return departs(json::parse(report), root["components"]["schemas"].at(schema), root, schema);
}

}  // namespace

TEST_CASE("reports have the shape that the OpenAPI document says", "[server][control]") {
  const std::optional<GuardStop> guard = GuardStop{"max-deletes", "why", "f1"};
  StatusReport status;
  status.zones.emplace_back();
  status.zones[0].zone = "z.";
  status.zones[0].committed = WallTime();
  status.zones[0].findings.emplace_back();
  ProviderRow provider;
  provider.guard = guard;
  provider.nameservers = {{}};
  status.zones[0].providers = {provider, ProviderRow()};
  CHECK(departs(to_json(status), "Status") == "");
  PlanReport plan;
  plan.zones = {{"z.", 1, 1, {{"o", "A", {"a"}, {}}}, {}, {{}}, {{}}}};
  plan.zones[0].providers[0].guard = guard;
  CHECK(departs(to_json(plan), "Plan") == "");
  ApplyReport apply;
  apply.zones = {{"z.", 1, 1, "", {}, {{}}}};
  apply.zones[0].providers[0].nameservers = {{"n", "e", true, 0.5, "", ""}, {}};
  CHECK(departs(to_json(apply), "Apply") == "");
  VerifyReport verify;
  verify.zones = {{"z.", 1, 1, {{"p", {{}}}}}};
  CHECK(departs(to_json(verify), "Verify") == "");
  CHECK(departs(to_json(HistoryReport{"z.", 1, {{}}}), "History") == "");
  CHECK(departs(to_json(ShowReport{"z.", 1, {}, {"r"}}), "Show") == "");
  CHECK(departs(to_json(DiffReport{"z.", {}, {}, {{"o", "A", {}, {"a"}}}}), "Diff") == "");
  CHECK(departs(to_json(RollbackReport()), "Rollback") == "");
  CHECK(departs(to_json(SerialReport()), "Serial") == "");
  CHECK(departs(to_json(DropReport()), "Drop") == "");
  CHECK(departs(to_json(NotifyReport{{{"z.", 1, {"e"}}}}), "Notify") == "");
  CHECK(departs(to_json(ReloadReport{"", {"n"}, {{"z.", ReloadResult::refused, 1, 1, {}, {{}}}}}),
                "Reload") == "");
  CHECK(departs(to_json(Error{Errc::io, "x"}), "Error") == "");
}

TEST_CASE("zones with a slash in their name have a path, too", "[server][control]") {
  const ControlRoute route{"GET", "/v1/zones/{zone}/show", false, nullptr};
  CHECK(match_route(route, "/v1/zones/0/25.2.0.192.in-addr.arpa/show") ==
        "0/25.2.0.192.in-addr.arpa");
  CHECK_FALSE(match_route(route, "/v1/zones//show"));
  CHECK_FALSE(match_route(route, "/v1/zones/show"));
  CHECK_FALSE(match_route(route, "/v1/zones/a/diff"));
}
