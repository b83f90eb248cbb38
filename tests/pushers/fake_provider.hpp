#pragma once

#include "pushers/push.hpp"
#include "tests/pushers/values.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace taproot::pushers::test {

/// A provider in memory and the driver for it, so that Push is tested without any vendor's words:
/// requests are "find", "list CURSOR", "apply N", "commit" and "poll", and a status says what kind
/// of answer it is. It counts what must never happen.
class FakeProvider {
 public:
  std::map<RRsetKey, LiveRRset> zone;
  bool has_zone = true;
  bool serial_is_ours = true;
  bool lists_completely = true;
  bool can_look = false;         ///< it can be asked for one owner
  bool can_look_at = false;      ///< it can be asked for one RRset
  bool list_hides = false;       ///< what is not plain looks so in a list
  std::uint64_t credential = 0;  ///< stands for the key in use
  bool tells_serial = true;      ///< with that
  std::size_t page_size = 1000;

  std::vector<std::string> log;  ///< the requests that came
  std::vector<Batch> batches;    ///< that were asked to be applied
  bool lost_apex_ns = false;     ///< at some moment there was none, and there had been one

  void put(const Lines& lines) {
    for (const auto& line : lines) put(rrset(line));
  }
  void put(const dns::RRset& one) { zone[{one.owner, one.type}] = {one, LiveKind::plain, "", {}}; }
  void remove(const std::string& owner, dns::RRType type) { zone.erase({name(owner), type}); }

  Lines keys() const {
    Lines all;
    for (const auto& [key, live] : zone) all.push_back(key.to_text());
    return all;
  }

  /// Whether what a batch was planned on is what is there.
  bool agrees(const Batch& batch) const {
    return std::all_of(batch.begin(), batch.end(), [&](const PlannedChange& change) {
      const auto there = zone.find(change.key());
      if (!change.before) return there == zone.end();
      return there != zone.end() && there->second.rrset == *change.before;
    });
  }

  /// Carries out one batch; nothing of it if one change cannot be.
  bool apply(const Batch& batch, const std::set<RRsetKey>& refused) {
    for (const auto& change : batch) {
      if (refused.contains(change.key())) return false;
    }
    const RRsetKey ns{name("@"), dns::RRType::NS};
    const bool had_ns = zone.contains(ns);
    for (const auto& change : batch) {
      if (change.is_delete()) {
        zone.erase(change.key());
      } else {
        put(*change.after);
      }
    }
    lost_apex_ns = lost_apex_ns || (had_ns && !zone.contains(ns));
    return true;
  }
};

// What the fake's statuses mean.
constexpr int fake_ok = 200;
constexpr int fake_working = 202;
constexpr int fake_already = 208;
constexpr int fake_garbage = 299;
constexpr int fake_auth = 401;
constexpr int fake_absent = 404;
constexpr int fake_conflict = 409;
constexpr int fake_refused = 422;
constexpr int fake_slow_down = 429;
constexpr int fake_broken = 500;

class FakeDriver : public Driver {
 public:
  FakeDriver(FakeProvider& provider, Capabilities capabilities)
      : provider_(provider), capabilities_(std::move(capabilities)) {}

  bool wants_login = false;
  bool wants_logout = false;
  bool wants_commit = false;
  bool tells_state = false;  ///< lists and what was accepted come with a token of the state
  bool names_culprit = false;

  const Capabilities& capabilities() const override { return capabilities_; }

  std::optional<Request> login(const Call&) const override {
    if (!wants_login) return std::nullopt;
    return request("login");
  }
  Seen<std::string> parse_login(const Call&, const Response& response) const override {
    if (response.status != fake_ok) return trouble(response);
    return std::string("session-1");
  }

  std::optional<Request> logout(const std::string& session) const override {
    if (!wants_logout) return std::nullopt;
    return request("logout " + session);
  }

  Request find_zone(const Call& call, const dns::Name&) const override {
    return request(call.session.empty() ? "find" : "find as " + call.session);
  }
  Seen<ZoneRef> parse_find(const Call&, const dns::Name& apex,
                           const Response& response) const override {
    if (response.status == fake_absent) return Absent{};
    if (response.status != fake_ok) return trouble(response);
    return ZoneRef{apex, "zone-1"};
  }

  Request list(const Call&, const ZoneRef&, const std::string& cursor) const override {
    return request(cursor.empty() ? "list" : "list " + cursor);
  }
  Seen<Page> parse_list(const Call&, const ZoneRef&, const Response& response) const override {
    if (response.status == fake_absent) return Absent{};
    if (response.status != fake_ok) return trouble(response);
    const std::size_t begin = std::stoul(response.body);
    Page page;
    std::size_t at = 0;
    for (const auto& [key, live] : provider_.zone) {
      if (at >= begin && at < begin + provider_.page_size) {
        page.rrsets.push_back(provider_.list_hides ? plain(live) : live);
      }
      ++at;
    }
    if (begin + provider_.page_size < at) page.next = std::to_string(begin + provider_.page_size);
    page.complete = provider_.lists_completely;
    page.serial_is_ours = provider_.serial_is_ours;
    if (tells_state) page.state_token = state();
    return page;
  }

  static LiveRRset plain(LiveRRset live) {
    live.kind = LiveKind::plain;
    return live;
  }

  bool list_hides() const override { return provider_.list_hides; }
  std::uint64_t credential_mark() const override { return provider_.credential; }

  Looks looks() const override {
    if (provider_.can_look) return Looks::owners;
    return provider_.can_look_at ? Looks::rrsets : Looks::none;
  }
  Request look(const Call&, const ZoneRef&, const dns::Name& owner) const override {
    return request("look " + owner.to_text());
  }
  Seen<Page> parse_look(const Call&, const ZoneRef&, const dns::Name& owner,
                        const Response& response) const override {
    if (response.status == fake_absent) return Absent{};
    if (response.status != fake_ok) return trouble(response);
    Page page;
    for (const auto& [key, live] : provider_.zone) {
      if (key.owner == owner) page.rrsets.push_back(live);
    }
    page.complete = provider_.lists_completely;
    page.serial_is_ours = provider_.serial_is_ours;
    const auto soa = provider_.zone.find({name("@"), dns::RRType::SOA});
    if (provider_.tells_serial && soa != provider_.zone.end()) {
      page.serial =
          must(dns::Soa::from_rdata(soa->second.rrset.rdata.front().wire())).serial.value();
    }
    return page;
  }

  Request look_at(const Call&, const ZoneRef&, const RRsetKey& key) const override {
    return request("look at " + key.to_text());
  }
  Seen<Page> parse_look_at(const Call&, const ZoneRef&, const RRsetKey& key,
                           const Response& response) const override {
    if (response.status != fake_ok) return trouble(response);
    Page page;
    const auto there = provider_.zone.find(key);
    if (there != provider_.zone.end()) page.rrsets.push_back(there->second);
    page.complete = true;
    page.serial_is_ours = provider_.serial_is_ours;
    return page;
  }

  std::vector<Request> apply(const Call&, const LiveZone& live, const Batch& batch) const override {
    provider_.batches.push_back(batch);
    return {request("apply " + std::to_string(provider_.batches.size() - 1) +
                    (tells_state ? " in " + live.state_token : ""))};
  }
  std::vector<Request> commit(const Call&, const LiveZone&) const override {
    if (!wants_commit) return {};
    return {request("commit")};
  }
  Outcome parse_apply(const Call&, const ZoneRef&, const Response& response) const override {
    if (response.status == fake_ok) {
      return Accepted{tells_state ? state() : ""};
    }
    if (response.status == fake_working) return Working{"job-1", std::chrono::seconds(2)};
    Trouble result = trouble(response);
    if (names_culprit && !response.body.empty()) {
      result.culprit = RRsetKey{name(response.body), dns::RRType::A};
    }
    return result;
  }
  Request poll(const Call&, const ZoneRef&, const std::string& cursor) const override {
    return request("poll " + cursor);
  }
  Outcome parse_poll(const Call& call, const ZoneRef& zone,
                     const Response& response) const override {
    return parse_apply(call, zone, response);
  }
  std::size_t octets_of(const PlannedChange&) const override { return 10; }

 private:
  std::string state() const { return "state-" + std::to_string(provider_.batches.size()); }

  static Request request(std::string what) {
    Request result;
    result.url = std::move(what);
    return result;
  }
  static Trouble trouble(const Response& response) {
    const std::map<int, TroubleKind> kinds{{fake_already, TroubleKind::already_done},
                                           {fake_garbage, TroubleKind::incomplete_read},
                                           {fake_auth, TroubleKind::auth},
                                           {fake_conflict, TroubleKind::conflict},
                                           {fake_refused, TroubleKind::permanent},
                                           {fake_slow_down, TroubleKind::retry_after},
                                           {fake_broken, TroubleKind::unknown_outcome}};
    return {kinds.at(response.status),
            "status " + std::to_string(response.status),
            retry_after(response, WallTime{}),
            {}};
  }

  FakeProvider& provider_;
  Capabilities capabilities_;
};

/// What happens to one request instead of the ordinary course of things.
struct Fault {
  int status = 0;        ///< 0: no response at all
  bool applies = false;  ///< it is carried out all the same
  std::string retry_after;
};

/// Carries a push to its end against the fake, with a clock of its own.
class Conversation {
 public:
  Conversation(FakeProvider& provider, Driver& driver, PushOrder order)
      : compares(driver.capabilities().batch.compares),
        provider_(provider),
        push(driver, std::move(order)) {}

  /// Asked before each request, with its words and how often they came before.
  std::function<std::optional<Fault>(const std::string& request)> fault;
  /// RRsets that the provider refuses for good.
  std::set<RRsetKey> refused;
  bool compares = false;  ///< the provider refuses what was planned on something else
  bool journal_works = true;
  std::function<void()> on_journal;
  std::function<void(const std::string& request)> before;  ///< each request

  const PushResult& run() {
    Step step = push.on_start(moment());
    for (int steps = 0; steps < 2000; ++steps) {
      if (std::holds_alternative<Finished>(step)) return push.result();
      step = answer(step);
    }
    throw std::runtime_error("the push does not end");
  }

  Instant now{};
  WallTime wall{std::chrono::hours(500'000)};
  double jitter = 1.0;
  std::vector<std::chrono::milliseconds> waits;
  Lines waiting_words;
  std::optional<std::string> journaled;

 private:
  Moment moment() const { return {now, wall, jitter}; }

  void pass(std::chrono::milliseconds time) {
    now += time;
    wall += time;
  }

  Step answer(const Step& step) {
    waiting_words.push_back(push.waits_for());
    if (const auto* wait = std::get_if<Wait>(&step)) {
      const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(wait->until - now);
      waits.push_back(time);
      pass(time);
      return push.on_wake(moment());
    }
    if (std::holds_alternative<Journal>(step)) {
      if (!journal_works) return push.on_journaled(moment(), fail(Errc::io, "disk full"));
      journaled = push.intended_state();
      if (on_journal) on_journal();
      return push.on_journaled(moment(), {});
    }
    return respond(std::get<Send>(step).request.url);
  }

  Step respond(const std::string& request) {
    provider_.log.push_back(request);
    if (before) before(request);
    pass(std::chrono::milliseconds(10));
    const auto bad = fault ? fault(request) : std::nullopt;
    if (!bad) return push.on_response(moment(), ordinary(request));
    if (bad->applies) (void)ordinary(request);
    if (bad->status == 0) {
      return push.on_response(moment(), fail(Errc::timed_out, "timed out"));
    }
    Response response;
    response.status = bad->status;
    if (!bad->retry_after.empty()) response.headers = {{"Retry-After", bad->retry_after}};
    return push.on_response(moment(), response);
  }

  Response ordinary(const std::string& request) {
    Response response;
    response.status = fake_ok;
    if (!provider_.has_zone) response.status = fake_absent;
    if (request == "list") response.body = "0";
    if (request.starts_with("list ")) response.body = request.substr(5);
    if (request.starts_with("apply ")) {
      const Batch& batch = provider_.batches.at(std::stoul(request.substr(6)));
      if (compares && !provider_.agrees(batch)) {
        response.status = fake_conflict;
        return response;
      }
      if (!provider_.apply(batch, refused)) {
        response.status = fake_refused;
        for (const auto& change : batch) {
          if (refused.contains(change.key())) response.body = change.key().owner.to_text();
        }
      }
    }
    return response;
  }

  FakeProvider& provider_;

 public:
  Push push;
};

}  // namespace taproot::pushers::test
