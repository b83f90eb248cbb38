#include "server/parent_notifier.hpp"

#include "dns/rdata.hpp"
#include "monitor/exchange.hpp"
#include "net/timer.hpp"
#include "server/remote_proof.hpp"
#include "server/write_file.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace taproot::server {

namespace {

namespace fs = std::filesystem;
using dns::RRType;
using std::chrono::milliseconds;
using xfr::ParentRound;
using Stage = ParentRound::Stage;

/// Between two looks at whether the nameservers have it, or whether there is a place.
constexpr milliseconds a_little_later{200};

WallTime wall_now() {
  return std::chrono::system_clock::now();
}

/// What the zone has for its parent, as a digest; empty: nothing. A CDNSKEY is told of as CDS.
std::string fingerprint(const zonestore::ZoneVersion& version, RRType type) {
  std::string all;
  const auto add = [&](RRType one) {
    const auto rrset = version.apex_node().find(one);
    if (!rrset) return;
    all += dns::to_text(one) + ":";
    for (const Octets rdata : *rrset) {
      all += std::to_string(rdata.size()) + ":";
      all.append(reinterpret_cast<const char*>(rdata.data()), rdata.size());
    }
  };
  add(type);
  if (type == RRType::CDS) add(RRType::CDNSKEY);
  return all.empty() ? all : sha256_of(all);
}

std::vector<dns::Name> nameservers_of(const zonestore::ZoneVersion& version) {
  std::vector<dns::Name> names;
  const auto rrset = version.apex_node().find(RRType::NS);
  if (!rrset) return names;
  for (const Octets rdata : *rrset) names.push_back(dns::target_of(RRType::NS, rdata));
  return names;
}

}  // namespace

/// One thing that a zone's parent is told of.
struct ParentNotifier::Told {
  Told(net::Loop& loop, dns::Name of, RRType what)
      : zone(std::move(of)), type(what), timer(loop, [this] { on_time(); }) {}

  bool is_due() const { return !wanted.empty() && wanted != told; }
  /// An agent domain must be one of the zone's nameservers or lie below one, so that nobody can
  /// have reports sent to strangers (RFC 9859 section 4.2.1).
  bool may_report_to(const std::optional<dns::Name>& agent) const {
    return agent && std::any_of(nameservers.begin(), nameservers.end(),
                                [&](const auto& name) { return agent->is_subdomain_of(name); });
  }

  dns::Name zone;
  RRType type;
  net::Timer timer;
  std::function<void()> on_time;
  std::vector<dns::Name> nameservers;
  std::string wanted;             ///< what the zone has, as a digest
  std::string told;               ///< what the parent was told of last
  std::optional<WallTime> since;  ///< of that, or of what is wanted
  net::Instant waits_until{};     ///< for the nameservers, at most
  std::unique_ptr<ParentRound> round;
  std::unique_ptr<monitor::Exchange> exchange;
  bool is_at_work = false;
  std::string logged;  ///< its last trouble
};

struct ParentNotifier::Zone {
  std::array<Shared, 2> all;  ///< CDS and CSYNC
};

ParentNotifier::ParentNotifier(net::Loop& loop, fs::path folder, IsEverywhere is_everywhere)
    : loop_(loop),
      folder_(std::move(folder)),
      is_everywhere_(std::move(is_everywhere)),
      random_(std::random_device{}()) {}

ParentNotifier::~ParentNotifier() = default;

xfr::ParentRound::Moment ParentNotifier::moment() {
  return {net::Loop::now(), static_cast<std::uint32_t>(random_())};
}

// --- Files ---------------------------------------------------------------------------------------

fs::path ParentNotifier::file_of(const dns::Name& zone) const {
  constexpr std::size_t digits = 32;
  return folder_ / sha256_of(zone.lowered().to_text()).substr(0, digits);
}

void ParentNotifier::tidy() {
  std::set<std::string> known;
  for (const auto& [name, zone] : zones_) {
    for (const auto& told : zone->all) {
      known.insert(file_of(name).filename().string() + "." + dns::to_text(told->type));
    }
  }
  std::error_code error;
  fs::directory_iterator at(folder_, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;  // it is tried again at the next reload
    if (!known.contains(at->path().filename().string())) fs::remove(at->path(), ignored);
  }
}

/// One line: the digest; its time is the file's.
void ParentNotifier::remember(const Told& told) {
  const auto file = file_of(told.zone).string() + "." + dns::to_text(told.type);
  loop_.work(
      [file, folder = folder_, text = told.told + "\n"] {
        std::error_code ignored;  // it shows when the file is written
        fs::create_directories(folder, ignored);
        const auto written = write_whole_file(file, text, Replace::yes);
        if (!written)
          spdlog::warn("what a parent was told is not noted: {}", written.error().detail);
      },
      [] {});
}

// --- Zones ---------------------------------------------------------------------------------------

void ParentNotifier::configure(const std::optional<ParentNotifyConfig>& config) {
  if (config_ == config) return;
  config_ = config;
  for (const auto& [name, zone] : zones_) {
    for (const auto& told : zone->all) {
      if (told->is_due()) aim(*told, std::exchange(told->wanted, {}));
    }
  }
}

void ParentNotifier::set_zone(const ZoneConfig& zone, const zonestore::ZoneVersion* version) {
  if (!zone.notifies_parent) return drop_zone(zone.name);
  auto& known = zones_[zone.name];
  if (!known) {
    known = std::make_unique<Zone>();
    known->all = {std::make_shared<Told>(loop_, zone.name, RRType::CDS),
                  std::make_shared<Told>(loop_, zone.name, RRType::CSYNC)};
    for (const auto& told : known->all) {
      told->on_time = [this, weak = std::weak_ptr<Told>(told)] {
        if (const auto due = weak.lock()) on_time(due);
      };
      const fs::path file = file_of(zone.name).string() + "." + dns::to_text(told->type);
      constexpr std::size_t digits = 64;
      std::ifstream in(file);
      if (!(in >> told->told) || told->told.size() != digits) told->told.clear();
      std::error_code error;
      const auto time = fs::last_write_time(file, error);
      if (!error) {
        told->since = std::chrono::time_point_cast<WallTime::duration>(
            fs::file_time_type::clock::to_sys(time));
      }
    }
  }
  if (version != nullptr) look(*known, *version);
}

void ParentNotifier::drop_zone(const dns::Name& zone) {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return;
  for (const auto& told : found->second->all) leave_work(*told);
  zones_.erase(found);
}

void ParentNotifier::on_version(const zonestore::ZoneVersion& version) {
  const auto found = zones_.find(version.apex());
  if (found != zones_.end()) look(*found->second, version);
}

void ParentNotifier::look(Zone& zone, const zonestore::ZoneVersion& version) {
  for (const auto& told : zone.all) {
    told->nameservers = nameservers_of(version);
    aim(*told, fingerprint(version, told->type));
  }
}

/// A round for something else is given up.
void ParentNotifier::aim(Told& told, std::string at) {
  if (told.wanted == at) return;
  told.wanted = std::move(at);
  leave_work(told);
  told.round.reset();
  told.timer.cancel();
  told.logged.clear();
  if (told.wanted.empty() && !told.told.empty()) {
    // What comes back after it was taken away is new to the parent.
    told.told.clear();
    remember(told);
  }
  if (!told.is_due()) return;
  told.since = wall_now();
  told.waits_until = net::Loop::now() + longest_delay;
  told.timer.set(net::Loop::now());
}

void ParentNotifier::tell_again(const dns::Name& zone) {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return;
  for (const auto& told : found->second->all) {
    told->told.clear();
    aim(*told, std::exchange(told->wanted, {}));
    told->waits_until = net::Loop::now();
  }
}

// --- Telling -------------------------------------------------------------------------------------

void ParentNotifier::on_time(const Shared& told) {
  if (!told->is_due() || !config_) return;
  const bool may_begin = told->is_at_work || at_work_ < max_at_work;
  if (!may_begin) return told->timer.set_after(a_little_later);
  if (told->round) return carry(told, told->round->on_wake(moment()));
  if (net::Loop::now() < told->waits_until && !is_everywhere_(told->zone)) {
    return told->timer.set_after(a_little_later);
  }
  ParentRound::Options options{config_->resolvers, config_->report_channel};
  if (!told->may_report_to(options.report_channel)) options.report_channel.reset();
  told->round = std::make_unique<ParentRound>(told->zone, told->type, std::move(options));
  carry(told, told->round->on_start(moment()));
}

void ParentNotifier::carry(const Shared& told, ParentRound::Step step) {
  const bool works = !told->round->is_over() && told->round->stage() != Stage::resting;
  if (works && !told->is_at_work) {
    told->is_at_work = true;
    ++at_work_;
  }
  if (!works) leave_work(*told);
  if (step.wake) told->timer.set(*step.wake);
  if (told->round->is_over()) told->timer.cancel();
  note(*told);
  if (told->round->stage() == Stage::told) {
    told->told = told->wanted;
    told->since = wall_now();
    remember(*told);
  }
  if (step.ask) ask(told, *step.ask);
}

void ParentNotifier::ask(const Shared& told, const ParentRound::Ask& question) {
  const auto weak = std::weak_ptr<Told>(told);
  const auto on_answer = [this, weak](Octets octets) {
    const auto asked = weak.lock();
    if (asked && asked->round) carry(asked, asked->round->on_answer(octets, moment()));
  };
  const auto on_failure = [this, weak](const std::string& why) {
    const auto asked = weak.lock();
    if (asked && asked->round) carry(asked, asked->round->on_failed(why, moment()));
  };
  if (question.tcp) {
    told->exchange = monitor::Exchange::over_tcp(loop_, question.to, question.octets,
                                                 ParentRound::tcp_wait, on_answer, on_failure);
    return;
  }
  auto exchange =
      monitor::Exchange::over_udp(loop_, question.to, question.octets, on_answer, on_failure);
  if (!exchange) {
    // Not from here: a host without any route would be asked again and again in one stack.
    loop_.post([on_failure, why = exchange.error().detail] { on_failure(why); });
    return;
  }
  told->exchange = std::move(*exchange);
}

void ParentNotifier::leave_work(Told& told) {
  told.exchange.reset();
  if (std::exchange(told.is_at_work, false)) --at_work_;
}

/// Says each trouble once, and once that it is over.
void ParentNotifier::note(Told& told) {
  const auto& round = *told.round;
  const auto zone = told.zone.to_text();
  const auto type = dns::to_text(told.type);
  if (round.stage() == Stage::told) {
    spdlog::info("{}: its parent was told of {}, at {}", zone, type, round.target());
  } else if (round.stage() == Stage::nobody) {
    spdlog::info("{}: nobody is told of {}: {}", zone, type, round.trouble());
  } else if (round.stage() == Stage::resting && round.trouble() != told.logged) {
    told.logged = round.trouble();
    spdlog::warn("{}: its parent cannot be told of {}: {}{}", zone, type, round.trouble(),
                 round.cure().empty() ? "" : ": " + round.cure());
  }
}

// --- What it says --------------------------------------------------------------------------------

std::vector<ParentRow> ParentNotifier::rows(const dns::Name& zone) const {
  std::vector<ParentRow> rows;
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return rows;
  for (const auto& told : found->second->all) {
    if (told->wanted.empty()) continue;
    ParentRow row;
    row.type = dns::to_text(told->type);
    row.since = told->since;
    row.state = told->is_due() ? "waiting" : "told";
    if (const auto* round = told->round.get()) {
      row.target = round->target();
      row.tries = round->notifies();
      const auto stage = round->stage();
      if (stage == Stage::looking || stage == Stage::finding) row.state = "looking";
      if (stage == Stage::telling) row.state = "telling";
      if (stage == Stage::nobody) row.state = "nobody";
      if (stage != Stage::told) row.error = round->trouble();
      if (stage != Stage::told) row.cure = round->cure();
      if (const auto next = round->next_attempt()) {
        row.next =
            wall_now() + std::chrono::duration_cast<WallTime::duration>(*next - net::Loop::now());
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<dns::Name> ParentNotifier::zones() const {
  std::vector<dns::Name> names;
  names.reserve(zones_.size());
  for (const auto& [name, zone] : zones_) names.push_back(name);
  return names;
}

std::vector<monitor::Alert> alerts_of(const std::vector<ParentRow>& parents, WallTime now) {
  std::vector<monitor::UntoldParent> untold;
  for (const auto& row : parents) {
    if (!row.since || row.state == "told" || row.state == "nobody") continue;
    std::string words = "the parent was not told of the change of " + row.type + ": ";
    words += row.error.empty() ? "it waits for the nameservers to have it" : row.error;
    untold.push_back({row.type, *row.since, std::move(words)});
  }
  return monitor::alerts_of(untold, now);
}

}  // namespace taproot::server
