#include "server/followed_sources.hpp"

#include "dns/text_fields.hpp"
#include "monitor/exchange.hpp"
#include "net/timer.hpp"
#include "server/check_received.hpp"
#include "server/remote_proof.hpp"
#include "server/source_copy.hpp"
#include "server/write_file.hpp"
#include "xfr/follower.hpp"
#include "xfr/transfer_client.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

namespace taproot::server {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using xfr::Follower;

/// Zones that are looked at side by side, each with a socket; the others come a little later.
constexpr std::size_t max_looking = 200;
constexpr milliseconds a_little_later{100};
/// Transfers that run or are checked side by side: each may hold a zone in memory.
constexpr std::size_t max_transferring = 4;
/// A primary that answers SOA over UDP and not IXFR costs this much at each change.
constexpr milliseconds datagram_wait{2000};
constexpr milliseconds longest_transfer = std::chrono::hours(2);

WallTime wall_now() {
  return std::chrono::system_clock::now();
}

WallTime wall_of(net::Instant instant) {
  return wall_now() + std::chrono::duration_cast<WallTime::duration>(instant - net::Loop::now());
}

net::Instant instant_of(WallTime time) {
  const auto ago = std::max(wall_now() - time, WallTime::duration::zero());
  return net::Loop::now() - std::chrono::duration_cast<net::Clock::duration>(ago);
}

std::vector<Follower::Primary> primaries_of(const FollowConfig& config,
                                            const std::vector<dns::TsigKey>& keys) {
  std::vector<Follower::Primary> primaries;
  for (const auto& primary : config.primaries) {
    Follower::Primary one{primary.endpoint.to_text(), std::nullopt};
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const dns::TsigKey& candidate) {
      return primary.key == candidate.name;
    });
    if (key != keys.end()) one.key = *key;
    primaries.push_back(std::move(one));
  }
  return primaries;
}

/// What the file of a zone says: which version was made of which serial of the primary's, and of
/// which ZONEMD of the primary's that the version is without.
struct Memory {
  std::uint64_t number = 0;
  dns::Serial serial;
  std::optional<dns::RRset> left_out = {};
};

/// "version serial", and perhaps "ttl zonemd zonemd": numbers in digits, rdata in hexadecimal.
std::string to_text(const Memory& memory) {
  auto text = std::to_string(memory.number) + " " + std::to_string(memory.serial.value()) + "\n";
  if (!memory.left_out) return text;
  text += std::to_string(memory.left_out->ttl);
  for (const auto& rdata : memory.left_out->rdata) {
    text += " ";
    dns::append_hex(text, rdata.wire());
  }
  return text + "\n";
}

/// Anything but what to_text() writes is as good as no file.
std::optional<Memory> read_memory(const fs::path& file, const dns::Name& zone) {
  constexpr std::uintmax_t most_octets = 1 << 20;
  std::error_code error;
  if (fs::file_size(file, error) > most_octets || error) return std::nullopt;
  std::ifstream in(file);
  std::uint64_t number = 0;
  std::uint32_t serial = 0;
  if (!(in >> number >> serial)) return std::nullopt;
  Memory memory{number, dns::Serial(serial)};
  std::uint32_t ttl = 0;
  if (!(in >> ttl)) return memory;
  dns::RRset zonemd{zone, dns::RRType::ZONEMD, ttl, {}};
  for (std::string digits; in >> digits;) {
    std::string octets;
    if (dns::append_from_hex(octets, digits) != nullptr) return std::nullopt;
    zonemd.rdata.emplace_back(
        Octets(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()));
  }
  if (!zonemd.rdata.empty()) memory.left_out = std::move(zonemd);
  return memory;
}

std::optional<WallTime> time_of(const fs::path& file) {
  std::error_code error;
  const auto time = fs::last_write_time(file, error);
  if (error) return std::nullopt;
  return std::chrono::time_point_cast<WallTime::duration>(fs::file_time_type::clock::to_sys(time));
}

}  // namespace

/// One zone and how it is followed.
struct FollowedSources::Followed {
  Followed(net::Loop& loop, const ZoneConfig& zone, std::vector<Follower::Primary> servers)
      : name(zone.name),
        primaries(servers),
        follower(zone.name, std::move(servers), zone.follow()->bounds),
        timer(loop, [this] { on_time(); }),
        failing_since(primaries.size()),
        errors(primaries.size()) {}

  Follower::Moment moment() {
    const auto wall = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return {net::Loop::now(), static_cast<dns::TsigTime>(wall.count()), dice()};
  }
  bool was_looking = false;  ///< it has one of the places

  dns::Name name;
  std::vector<Follower::Primary> primaries;
  std::string shown;
  SharedValue<FollowConfig> config;
  ReceivedChecks checks;
  Follower follower;
  net::Timer timer;
  std::function<void()> on_time;
  std::function<std::uint32_t()> dice;

  std::optional<std::uint64_t> base_number;  ///< the version that is what the follower has
  std::shared_ptr<const zonestore::ZoneVersion> base;  ///< of the transfer that runs
  std::shared_ptr<const ReceivedZone> received;        ///< and not taken yet
  std::optional<dns::RRset> left_out;  ///< the primary's ZONEMD, if the version is without it
  std::optional<zonestore::DigestVerdict> digest;  ///< of what was received last
  std::optional<zonestore::Finding> wrong_digest;  ///< why what came last was not taken

  std::unique_ptr<monitor::Exchange> exchange;
  std::optional<Follower::Fetch> wanted;  ///< a transfer that waits in line
  std::unique_ptr<xfr::TransferClient> client;
  bool is_transferring = false;
  bool wants_look = false;                ///< which was put off because too many looked
  bool wants_whole = false;               ///< and is to be for the whole zone
  std::optional<TransferEvent> deferred;  ///< a NOTIFY that came when too many looked

  Follower::Step step;                                 ///< to be carried out
  bool is_news = false;                                ///< what was received was not told yet
  bool is_old = false;                                 ///< as it was logged last
  std::vector<std::optional<WallTime>> failing_since;  ///< of each primary
  std::vector<std::string> errors;                     ///< as they were logged
  std::vector<std::function<void()>> waiters;          ///< for the end of this look
  std::vector<std::function<void()>> next_waiters;     ///< for the end of the next
};

struct FollowedSources::Checked {
  std::string words;
  std::size_t octets = 0;
  Result<ReceivedZone> zone = fail(Errc::bad_zone, "not checked");
};

// --- Zones -------------------------------------------------------------------------------------

FollowedSources::FollowedSources(net::Loop& loop, zonestore::ZoneStore& store, fs::path folder,
                                 OnReceived on_received)
    : loop_(loop),
      store_(store),
      folder_(std::move(folder)),
      on_received_(std::move(on_received)),
      random_(std::random_device{}()) {}

FollowedSources::~FollowedSources() = default;

FollowedSources::Shared FollowedSources::find(const dns::Name& zone) const {
  const auto found = zones_.find(zone);
  return found == zones_.end() ? nullptr : found->second;
}

fs::path FollowedSources::file_of(const dns::Name& zone) const {
  constexpr std::size_t digits = 32;
  return folder_ / sha256_of(zone.lowered().to_text()).substr(0, digits);
}

void FollowedSources::set_zone(const ZoneConfig& zone, const std::vector<dns::TsigKey>& keys) {
  if (zone.follow() == nullptr || !zone.vanished.empty()) return drop_zone(zone.name);
  auto primaries = primaries_of(*zone.follow(), keys);
  auto followed = find(zone.name);
  const bool is_new = followed == nullptr || followed->primaries != primaries;
  if (is_new) {
    drop_zone(zone.name);
    followed = std::make_shared<Followed>(loop_, zone, std::move(primaries));
    zones_[zone.name] = followed;
  }
  followed->shown = zone.shown;
  followed->config = zone.sources.front().follow;
  followed->checks = {zone.check ? zone.check->rules : zonestore::RulePolicy(),
                      followed->config->is_catalog, followed->config->digest,
                      zone.serial == zonestore::SerialPolicy::keep && !zone.zonemd};
  followed->follower.set_bounds(followed->config->bounds);
  if (is_new) {
    followed->dice = [this] { return static_cast<std::uint32_t>(random_()); };
    followed->on_time = [this, one = std::weak_ptr<Followed>(followed)] {
      if (const auto due = one.lock()) on_time(due);
    };
    begin(followed);
  } else if (followed->received && !followed->received->version) {
    followed->received.reset();  // the rules may be others now
    followed->follower.forget_received();
  }
  note_expiry(followed);
}

/// What the journal has is what the primary had if we know of which serial it was made.
void FollowedSources::begin(const Shared& followed) {
  std::error_code ignored;  // it shows when a file is written
  fs::create_directories(folder_, ignored);
  const auto current = store_.current(followed->name);
  const auto file = file_of(followed->name);
  const auto memory = read_memory(file, followed->name);
  if (current) {
    const bool is_known = memory && memory->number == current->number();
    auto soa = current->soa();
    if (is_known) {
      soa.serial = memory->serial;
      followed->left_out = memory->left_out;
    }
    // A crash may have come between the version and its file.
    if (is_known || current->provenance().source == followed->shown) {
      const auto confirmed = time_of(file).value_or(current->provenance().committed);
      followed->base_number = current->number();
      followed->follower.begin_with(soa, instant_of(confirmed));
    }
  }
  followed->timer.set(net::Loop::now());
}

void FollowedSources::drop_zone(const dns::Name& zone) {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return;
  const auto gone = std::move(found->second);
  zones_.erase(found);
  gone->timer.cancel();
  gone->exchange.reset();
  gone->client.reset();
  if (gone->was_looking) --looking_;
  if (gone->is_transferring) leave_line();
  store_.withhold(zone, false);
  for (const auto& waiters : {gone->waiters, gone->next_waiters}) {
    for (const auto& waiter : waiters) waiter();
  }
}

void FollowedSources::tidy() {
  std::set<std::string> known;
  for (const auto& [name, followed] : zones_) known.insert(file_of(name).filename().string());
  std::error_code error;
  fs::directory_iterator at(folder_, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;  // it is tried again at the next reload
    if (!known.contains(at->path().filename().string())) fs::remove(at->path(), ignored);
  }
}

// --- Looking -----------------------------------------------------------------------------------

void FollowedSources::refresh(const std::vector<dns::Name>& zones, bool whole,
                              const std::function<void()>& done) {
  const auto left = std::make_shared<std::size_t>(1);
  const auto arrived = [left, done] {
    if (--*left == 0) done();
  };
  for (const auto& zone : zones) {
    const auto followed = find(zone);
    if (!followed) continue;
    ++*left;
    const bool is_idle = followed->follower.is_idle();
    (is_idle ? followed->waiters : followed->next_waiters).push_back(arrived);
    look(followed, whole);
  }
  arrived();
}

void FollowedSources::look(const Shared& followed, bool whole) {
  if (followed->follower.is_idle() && looking_ >= max_looking) {
    followed->wants_look = true;
    followed->wants_whole = followed->wants_whole || whole;
    return followed->timer.set_after(a_little_later);
  }
  followed->wants_look = false;
  whole = std::exchange(followed->wants_whole, false) || whole;
  followed->step = followed->follower.look_now(followed->moment(), whole);
  carry(followed);
}

void FollowedSources::on_time(const Shared& followed) {
  auto& one = *followed;
  if (one.follower.is_idle() && looking_ >= max_looking) return one.timer.set_after(a_little_later);
  if (one.wants_look) return look(followed, false);
  if (one.deferred) {
    const auto event = *std::exchange(one.deferred, std::nullopt);
    return on_notify(event);
  }
  one.step = one.follower.on_wake(one.moment());
  carry(followed);
}

void FollowedSources::on_notify(const TransferEvent& event) {
  const auto followed = find(event.apex);
  if (!followed) return;
  if (followed->follower.is_idle() && looking_ >= max_looking) {
    followed->deferred = event;
    return followed->timer.set_after(a_little_later);
  }
  const auto& primaries = followed->config->primaries;
  const auto who = std::find_if(primaries.begin(), primaries.end(), [&](const auto& primary) {
    return primary.endpoint.address() == event.from.address();
  });
  const auto place = who == primaries.end() ? 0 : who - primaries.begin();
  const bool has_serial = event.before.has_value();
  followed->step = followed->follower.on_notify(
      static_cast<std::size_t>(place), has_serial ? std::optional(*event.before) : std::nullopt,
      followed->moment());
  carry(followed);
}

/// Does what the machine wants done, until it waits for something.
void FollowedSources::carry(const Shared& followed) {
  auto& one = *followed;
  if (!one.follower.is_idle() && !one.was_looking) {
    one.was_looking = true;
    ++looking_;
  }
  const auto step = std::exchange(one.step, {});
  if (!step.ask && one.follower.is_idle()) one.exchange.reset();
  if (step.wake) one.timer.set(*step.wake);
  if (step.fetch) {
    one.exchange.reset();
    one.wanted = step.fetch;
    fetch(followed);
  }
  note_troubles(one);
  note_expiry(followed);
  if (step.ask) return ask(followed, *step.ask);
  if (one.follower.is_idle() && one.was_looking) end_look(followed);
}

void FollowedSources::ask(const Shared& followed, const Follower::Ask& question) {
  const auto weak = std::weak_ptr<Followed>(followed);
  const auto on_answer = [this, weak](Octets octets) {
    const auto asked = weak.lock();
    if (!asked) return;
    asked->step = asked->follower.on_answer(octets, asked->moment());
    carry(asked);
  };
  const auto on_failure = [this, weak](const std::string& why) {
    const auto asked = weak.lock();
    if (!asked) return;
    asked->step = asked->follower.on_ask_failed(why, asked->moment());
    carry(asked);
  };
  const auto& [peer, key, tls] = followed->config->primaries[question.primary];
  if (question.tcp || tls != nullptr) {
    followed->exchange = monitor::Exchange::over_tcp(
        loop_, peer, question.octets, Follower::tcp_wait, on_answer, on_failure, tls);
    return;
  }
  auto exchange = monitor::Exchange::over_udp(loop_, peer, question.octets, on_answer, on_failure);
  if (!exchange) return on_failure(exchange.error().detail);
  followed->exchange = std::move(*exchange);
}

/// The look is over, and whoever waited for it may go on; then what was received is told.
void FollowedSources::end_look(const Shared& followed) {
  auto& one = *followed;
  one.was_looking = false;
  --looking_;
  if (one.follower.failures() == 0) confirm_copy(file_of(one.name), wall_now());
  const auto waiters = std::exchange(one.waiters, std::exchange(one.next_waiters, {}));
  for (const auto& waiter : waiters) waiter();
  if (std::exchange(one.is_news, false)) on_received_(one.name);
}

// --- Transfers ---------------------------------------------------------------------------------

/// The version that the follower's SOA stands for, with the primary's serial; null if the zone has
/// become another meanwhile.
std::shared_ptr<const zonestore::ZoneVersion> FollowedSources::base_of(
    const Followed& followed) const {
  const auto& have = followed.follower.have();
  const auto current = store_.current(followed.name);
  if (!have || !current || followed.base_number != current->number()) return nullptr;
  if (current->serial() == have->serial && !followed.left_out) return current;
  zonestore::ZoneBuilder builder(*current);
  builder.set_serial(have->serial);
  if (followed.left_out) builder.put(*followed.left_out);
  auto base = builder.finish();
  return base ? *base : nullptr;
}

void FollowedSources::fetch(const Shared& followed) {
  auto& one = *followed;
  if (!one.is_transferring) {
    if (transferring_ >= max_transferring) {
      line_.push_back(followed);
      return;
    }
    one.is_transferring = true;
    ++transferring_;
  }
  const auto wanted = *std::exchange(one.wanted, std::nullopt);
  one.base = wanted.whole || !one.config->use_ixfr ? nullptr : base_of(one);
  xfr::TransferClient::Options options;
  options.key = one.primaries[wanted.primary].key;
  options.tls = one.config->primaries[wanted.primary].tls;
  options.limits.octets = one.config->max_octets;
  options.deadline = longest_transfer;
  if (one.base) options.have = one.base->soa();
  if (one.config->ixfr_over_udp) options.datagram_wait = datagram_wait;
  const auto weak = std::weak_ptr<Followed>(followed);
  one.client = std::make_unique<xfr::TransferClient>(
      loop_, one.name, one.config->primaries[wanted.primary].endpoint, std::move(options),
      [this, weak](Result<xfr::IncomingTransfer> transfer) {
        if (const auto asked = weak.lock()) on_transferred(asked, std::move(transfer));
      });
}

void FollowedSources::on_transferred(const Shared& followed,
                                     Result<xfr::IncomingTransfer> transfer) {
  const auto client = std::move(followed->client);
  if (!client->why_not_over_udp().empty()) {
    spdlog::info("{}: IXFR over UDP: {}; asked over TCP", followed->name.to_text(),
                 client->why_not_over_udp());
  }
  if (transfer && transfer->kind() != xfr::IncomingKind::current) {
    return check(followed, std::move(*transfer), client->came_over_udp());
  }
  const Error trouble =
      transfer ? Error{Errc::bad_answer, "it has a newer serial, but answers IXFR without it"}
               : transfer.error();
  fetch_failed(followed, trouble);
}

void FollowedSources::fetch_failed(const Shared& followed, const Error& trouble,
                                   const std::string& cure) {
  auto step = followed->follower.on_fetch_failed(trouble, followed->moment(), cure);
  if (step.fetch) {
    spdlog::info("{}: no IXFR from {}: {}; taking the whole zone", followed->name.to_text(),
                 followed->primaries[step.fetch->primary].shown, trouble.detail);
  } else {
    followed->is_transferring = false;
    leave_line();
  }
  followed->step = std::move(step);
  carry(followed);
}

void FollowedSources::check(const Shared& followed, xfr::IncomingTransfer transfer,
                            bool came_over_udp) {
  const auto checked = std::make_shared<Checked>();
  checked->words = std::string(transfer.kind() == xfr::IncomingKind::differences ? "IXFR" : "AXFR");
  if (came_over_udp) checked->words += " over UDP";
  checked->octets = transfer.octets();
  const auto incoming = std::make_shared<xfr::IncomingTransfer>(std::move(transfer));
  const auto job = [checked, incoming, name = followed->name, shown = followed->shown,
                    base = std::exchange(followed->base, nullptr), checks = followed->checks] {
    checked->zone = check_received(name, shown, std::move(*incoming), base, checks);
  };
  loop_.work(job, [this, checked, weak = std::weak_ptr<Followed>(followed)] {
    if (const auto asked = weak.lock()) on_checked(asked, *checked);
  });
}

void FollowedSources::on_checked(const Shared& followed, Checked& checked) {
  auto& one = *followed;
  if (!checked.zone) return fetch_failed(followed, checked.zone.error());
  if (const auto& wrong = checked.zone->wrong_digest) {
    one.wrong_digest = wrong;
    return fetch_failed(followed, {Errc::bad_zone, wrong->message}, wrong->cure);
  }
  one.wrong_digest.reset();
  one.digest = checked.zone->digest;
  one.is_transferring = false;
  leave_line();
  one.received = std::make_shared<const ReceivedZone>(std::move(*checked.zone));
  one.is_news = true;
  spdlog::info("{}: {} of serial {} received, {} octets", one.name.to_text(), checked.words,
               one.received->soa.serial.value(), checked.octets);
  one.step = one.follower.on_fetched(one.received->soa, one.moment());
  carry(followed);
}

/// One of the transfers that run has ended: the next may begin.
void FollowedSources::leave_line() {
  --transferring_;
  while (transferring_ < max_transferring && !line_.empty()) {
    const auto next = line_.front().lock();
    line_.pop_front();
    if (next && next->wanted) fetch(next);
  }
}

void FollowedSources::on_taken(const dns::Name& zone,
                               const std::shared_ptr<const ReceivedZone>& received) {
  const auto followed = find(zone);
  const auto current = store_.current(zone);
  if (!followed || !current) return;
  if (followed->received == received) followed->received.reset();
  followed->base_number = current->number();
  followed->left_out = received->left_out;
  followed->follower.taken(received->soa);
  followed->timer.set(followed->follower.next().value_or(net::Loop::now()));
  const auto text = to_text(Memory{current->number(), received->soa.serial, received->left_out});
  loop_.work(
      [file = file_of(zone), text] {
        const auto written = write_whole_file(file, text, Replace::yes);
        if (!written) spdlog::warn("what was followed is not noted: {}", written.error().detail);
      },
      [] {});
  note_expiry(followed);
}

// --- What it says ------------------------------------------------------------------------------

bool FollowedSources::is_ready(const dns::Name& zone) const {
  const auto followed = find(zone);
  return followed == nullptr || followed->received != nullptr;
}

void FollowedSources::fill(SharedZoneConfig& shared) const {
  const auto followed = find(shared->name);
  if (!followed || shared->sources.empty()) return;
  ZoneConfig zone = *shared;
  fill_source(*followed, zone.sources.front());
  shared = std::make_shared<const ZoneConfig>(std::move(zone));
}

void FollowedSources::fill_source(const Followed& followed, SourceConfig& source) const {
  source.received = followed.received;
  if (source.received || store_.current(followed.name)) return;
  if (followed.wrong_digest) return source.findings.push_back(*followed.wrong_digest);
  const auto why = trouble(followed.name);
  source.findings.push_back({zonestore::Severity::error, "not-transferred", source.shown, 0, 0,
                             why.empty() ? "the zone was not transferred yet" : why,
                             "see that the primary allows this host to ask and to transfer", ""});
}

std::optional<zonestore::Finding> FollowedSources::trouble_found(const dns::Name& zone) const {
  const auto why = trouble(zone);
  if (why.empty()) return std::nullopt;
  const auto followed = find(zone);
  zonestore::Finding finding;
  finding.rule = followed->wrong_digest ? followed->wrong_digest->rule : "not-transferred";
  finding.message = why;
  return finding;
}

std::string FollowedSources::trouble(const dns::Name& zone) const {
  const auto followed = find(zone);
  if (!followed || followed->follower.failures() == 0) return "";
  std::string text;
  const auto& standings = followed->follower.standings();
  for (std::size_t i = 0; i < standings.size(); ++i) {
    if (standings[i].error.empty()) continue;
    text += (text.empty() ? "primary " : "; primary ") + followed->primaries[i].shown + " " +
            standings[i].error;
    if (!standings[i].cure.empty()) text += " (" + standings[i].cure + ")";
  }
  return text.empty() ? "no primary has what was announced" : text;
}

/// Says once what is wrong with a primary, and once that it is over.
void FollowedSources::note_troubles(Followed& followed) {
  const auto& standings = followed.follower.standings();
  for (std::size_t i = 0; i < standings.size(); ++i) {
    const auto& error = standings[i].error;
    if (error == followed.errors[i]) continue;
    const auto zone = followed.name.to_text();
    if (error.empty()) {
      followed.failing_since[i].reset();
      spdlog::info("{}: primary {} answers again, with serial {}", zone,
                   followed.primaries[i].shown,
                   standings[i].serial ? standings[i].serial->value() : 0);
    } else {
      if (!followed.failing_since[i]) followed.failing_since[i] = wall_now();
      spdlog::warn("{}: primary {} {}{}", zone, followed.primaries[i].shown, error,
                   standings[i].cure.empty() ? "" : ": " + standings[i].cure);
    }
    followed.errors[i] = error;
  }
}

void FollowedSources::note_expiry(const Shared& followed) {
  const auto& one = *followed;
  const bool is_old = one.follower.is_expired(net::Loop::now());
  if (is_old != one.is_old) {
    followed->is_old = is_old;
    const auto zone = one.name.to_text();
    if (!is_old) {
      spdlog::info("{}: a primary was heard of again: it is not expired any more", zone);
    } else if (one.config->serve_expired) {
      spdlog::error(
          "{}: expired, no primary was heard of for too long: served all the same, as "
          "serve-expired says",
          zone);
    } else {
      spdlog::error(
          "{}: expired, no primary was heard of for too long: it answers SERVFAIL until "
          "one is",
          zone);
    }
  }
  store_.withhold(one.name, is_old && !one.config->serve_expired);
}

std::vector<PrimaryRow> FollowedSources::rows(const dns::Name& zone) const {
  std::vector<PrimaryRow> rows;
  const auto followed = find(zone);
  if (!followed) return rows;
  const auto& follower = followed->follower;
  for (std::size_t i = 0; i < follower.standings().size(); ++i) {
    const auto& standing = follower.standings()[i];
    PrimaryRow row;
    row.primary = followed->primaries[i].shown;
    if (standing.serial) row.serial = standing.serial->value();
    if (standing.asked) row.asked = wall_of(*standing.asked);
    if (const auto confirmed = follower.confirmed()) row.confirmed = wall_of(*confirmed);
    row.error = standing.error;
    row.cure = standing.cure;
    row.failing_since = followed->failing_since[i];
    if (const auto next = follower.next()) row.next = wall_of(*next);
    if (const auto expiry = follower.expiry()) row.expires = wall_of(*expiry);
    row.is_expired = followed->is_old;
    if (followed->digest) row.zonemd = zonestore::to_text(*followed->digest);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::map<dns::Name, std::vector<PrimaryRow>> FollowedSources::all_rows() const {
  std::map<dns::Name, std::vector<PrimaryRow>> all;
  for (const auto& [zone, followed] : zones_) all[zone] = rows(zone);
  return all;
}

}  // namespace taproot::server
