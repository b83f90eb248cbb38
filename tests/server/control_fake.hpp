#pragma once

#include "net/http_client.hpp"
#include "server/control.hpp"
#include "server/operations.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace taproot::server {

/// Operations that do nothing but answer with what the test has put there, and remember what
/// they were asked. Only the zone example.com. exists.
class FakeOperations : public Operations {
 public:
  std::vector<std::string> asked;  ///< one line per call
  StatusReport status_report;
  PlanReport plan_report;
  std::vector<ApplyReport> apply_reports;  ///< the first for apply, then one per look at it
  VerifyReport verify_report;
  ReloadReport reload_report;
  std::optional<Error> failure;  ///< of whatever is asked next, if set
  std::uint64_t version = 42;
  ApplyRequest last_apply;
  RollbackRequest last_rollback;
  EditRequest last_edit;
  EditReport edit_report;
  ReloadRequest last_reload;
  SerialRequest last_serial;
  DropRequest last_drop;
  HoldRequest last_hold;

  Result<std::uint64_t> current_version(const dns::Name& zone) override {
    if (const auto wrong = why_not({zone})) return tl::unexpected(*wrong);
    return version;
  }
  Result<StatusReport> status(const Zones& zones) override {
    return answer("status", zones, status_report);
  }
  void plan(const Zones& zones, Done<PlanReport> done) override {
    done(answer("plan", zones, plan_report));
  }
  void apply(ApplyRequest request, Done<ApplyReport> done) override {
    last_apply = request;
    done(answer("apply", request.zones, next_apply()));
  }
  Result<ApplyReport> apply_progress(const std::string& id) override {
    asked.push_back("progress " + id);
    if (id != "a1") return fail(Errc::not_found, "there is no apply " + id);
    return next_apply();
  }
  void verify(const Zones& zones, Done<VerifyReport> done) override {
    done(answer("verify", zones, verify_report));
  }
  Result<HistoryReport> history(const dns::Name& zone, std::size_t limit) override {
    HistoryReport report{zone.to_text(), version, {}};
    report.versions = {row(42), row(41)};
    return answer("history " + std::to_string(limit), {zone}, report);
  }
  Result<ShowReport> show(const dns::Name& zone, std::optional<VersionRef> at) override {
    ShowReport report{zone.to_text(), version, row(at ? at->number : version), {}};
    report.records = {"example.com.\t300\tIN\tA\t192.0.2.1"};
    return answer("show", {zone}, report);
  }
  Result<DiffReport> diff(const dns::Name& zone, VersionRef a,
                          std::optional<VersionRef> b) override {
    DiffReport report{zone.to_text(), row(a.number), row(b ? b->number : version), {}};
    report.changes = {{"www.example.com.", "A", {"300 A 192.0.2.1"}, {"300 A 192.0.2.2"}}};
    return answer("diff", {zone}, report);
  }
  void rollback(RollbackRequest request, Done<RollbackReport> done) override {
    last_rollback = request;
    done(answer("rollback", {request.zone},
                RollbackReport{request.zone.to_text(), request.to ? request.to->number : 41, 43,
                               2026112303, true}));
  }
  void edit(EditRequest request, Done<EditReport> done) override {
    last_edit = request;
    done(answer("edit", {request.zone}, edit_report));
  }
  void reload(ReloadRequest request, Done<ReloadReport> done) override {
    last_reload = request;
    done(answer("reload", request.zones, reload_report));
  }
  Result<NotifyReport> notify(const Zones& zones) override {
    NotifyReport report;
    for (const auto& zone : zones) {
      report.zones.push_back({zone.to_text(), 2026112302, {"192.0.2.53:53"}});
    }
    return answer("notify", zones, report);
  }
  Result<SerialReport> raise_serial(const SerialRequest& request) override {
    last_serial = request;
    return answer("serial", {request.zone},
                  SerialReport{request.zone.to_text(), 43, 501, true, "ns1", 500, false});
  }
  Result<DropReport> drop(const DropRequest& request) override {
    last_drop = request;
    return answer("drop", {request.zone}, DropReport{request.zone.to_text(), 42, 2026112302});
  }
  Result<HoldReport> hold(const HoldRequest& request) override {
    last_hold = request;
    return answer(request.hold ? "hold" : "resume", {},
                  HoldReport{request.provider, "powerdns", request.hold, 3});
  }
  std::string metrics() override { return "taproot_up 1\n"; }

 private:
  static VersionRow row(std::uint64_t number) {
    VersionRow row;
    row.version = number;
    row.serial = 2026112260 + static_cast<std::uint32_t>(number);
    row.committed = WallTime(std::chrono::seconds(1'795'425'243));
    row.who = "alice";
    row.why = "move www";
    row.revision = "0123456789abcdef0123456789abcdef01234567";
    row.records = 128;
    row.added = 1;
    row.removed = 1;
    return row;
  }

  ApplyReport next_apply() {
    if (apply_reports.empty()) return {};
    auto report = apply_reports.front();
    if (apply_reports.size() > 1) apply_reports.erase(apply_reports.begin());
    return report;
  }

  std::optional<Error> why_not(const Zones& zones) const {
    if (failure) return failure;
    for (const auto& zone : zones) {
      if (!(zone == dns::Name::from_text("example.com.").value())) {
        return Error{Errc::not_found, zone.to_text() + " is not configured"};
      }
    }
    return std::nullopt;
  }

  template <class Report>
  Result<Report> answer(const std::string& verb, const Zones& zones, Report report) {
    std::string line = verb;
    for (const auto& zone : zones) line += " " + zone.to_text();
    asked.push_back(line);
    if (const auto wrong = why_not(zones)) return tl::unexpected(*wrong);
    return report;
  }
};

/// A control API with fake operations on a thread of its own, on a free port of loopback. Look at
/// `operations` between requests only.
class FakeDaemon {
 public:
  static constexpr const char* token = "canary-token-0123456789-0123456789-0123456789";

  FakeDaemon() {
    std::promise<net::Endpoint> opened;
    auto endpoint = opened.get_future();
    thread_ = std::thread([this, &opened] {
      net::Loop loop;
      loop_ = &loop;
      Control::Options options;
      options.listen = net::Endpoint::from_text("127.0.0.1:0").value();
      options.token = Secret(token);
      options.allowed_hosts = {"dash.example.net"};
      options.now = [this] { return now; };
      auto control = Control::open(loop, operations, std::move(options));
      opened.set_value(control.value()->local());
      loop.run();
    });
    endpoint_ = endpoint.get();
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;
  ~FakeDaemon() {
    loop_->stop();
    thread_.join();
  }

  std::string address() const { return endpoint_.to_text(); }

  net::HttpResponse request(const std::string& method, const std::string& path,
                            net::HttpHeaders headers = {}, std::string body = {}) const {
    net::HttpRequest request;
    request.method = method;
    request.url = "http://" + address() + path;
    request.headers = std::move(headers);
    request.body = std::move(body);
    return net::http_fetch(request).value();
  }

  net::HttpResponse get(const std::string& path, net::HttpHeaders headers = {}) const {
    return request("GET", path, std::move(headers));
  }

  /// With the right token.
  net::HttpResponse post(const std::string& path, std::string body = {},
                         net::HttpHeaders headers = {}) const {
    headers.emplace_back("Authorization", std::string("Bearer ") + token);
    headers.emplace_back("Content-Type", "application/json");
    return request("POST", path, std::move(headers), std::move(body));
  }

  FakeOperations operations;
  net::Instant now{};

 private:
  net::Loop* loop_ = nullptr;
  net::Endpoint endpoint_;
  std::thread thread_;
};

}  // namespace taproot::server
