#include "xfr/follower.hpp"

#include "dns/types.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace taproot::xfr {

using dns::Rcode;
using dns::RRType;

namespace {

/// An announced serial that the primary does not answer with yet is asked for again this soon.
constexpr std::chrono::milliseconds soon = std::chrono::seconds(1);

std::string number(dns::Serial serial) {
  return std::to_string(serial.value());
}

std::string explain(Rcode rcode, bool with_key) {
  const auto text = "answers " + dns::to_text(rcode);
  switch (rcode) {
    case Rcode::refused:
      return text + " to the SOA query: it does not have the zone, or does not allow us to ask";
    case Rcode::notauth:
      return text + (with_key ? ": it does not know the key" : ": it wants a key");
    case Rcode::servfail:
      return text + ": the zone is not loaded there, or has expired";
    default:
      return text + " to the SOA query";
  }
}

/// The SOA of `apex` in the answer section, or nothing.
std::optional<dns::Soa> soa_in(const dns::Message& answer, const dns::Name& apex) {
  for (const auto& record : answer.answer) {
    if (record.type != RRType::SOA || record.owner != apex) continue;
    auto soa = dns::Soa::from_rdata(record.rdata.wire());
    if (soa) return std::move(*soa);
  }
  return std::nullopt;
}

/// Whether the whole zone may be had where the differences could not.
bool may_have_whole(Errc code) {
  return code != Errc::io && code != Errc::timed_out && code != Errc::unauthorized;
}

}  // namespace

Follower::Follower(dns::Name apex, std::vector<Primary> primaries, RefreshBounds bounds)
    : apex_(std::move(apex)),
      primaries_(std::move(primaries)),
      standings_(primaries_.size()),
      timers_(bounds) {
  assert(!primaries_.empty());
}

void Follower::begin_with(const dns::Soa& have, Instant confirmed) {
  taken(have);
  received_ = have.serial;
  confirmed_ = confirmed;
}

void Follower::set_bounds(RefreshBounds bounds) {
  timers_.set_bounds(bounds);
  if (have_) timers_.set_soa(*have_);
}

void Follower::taken(const dns::Soa& soa) {
  have_ = soa;
  timers_.set_soa(soa);
}

std::optional<Follower::Instant> Follower::next() const {
  return stage_ == Stage::idle ? std::optional(next_) : std::nullopt;
}

std::optional<Follower::Instant> Follower::expiry() const {
  if (!have_ || !confirmed_) return std::nullopt;
  return *confirmed_ + timers_.expire();
}

bool Follower::is_expired(Instant now) const {
  const auto at = expiry();
  return at && now >= *at;
}

/// Also the moment of expiry is one to come back at.
Follower::Step Follower::as_it_is(Instant now) const {
  Step step;
  if (stage_ == Stage::idle) step.wake = next_;
  if (stage_ == Stage::asking) step.wake = deadline_;
  const auto at = expiry();
  if (at && *at > now && (!step.wake || *at < *step.wake)) step.wake = at;
  return step;
}

bool Follower::is_news(dns::Serial serial) const {
  return !received_ || serial > *received_;
}

// --- What sets off a look ------------------------------------------------------------------------

Follower::Step Follower::look_now(const Moment& moment, bool whole) {
  whole_next_ = whole_next_ || whole;
  if (stage_ == Stage::idle) return begin(moment);
  again_ = true;
  return as_it_is(moment);
}

Follower::Step Follower::on_notify(std::size_t primary, std::optional<dns::Serial> serial,
                                   const Moment& moment) {
  if (primary >= primaries_.size()) return as_it_is(moment);
  if (serial && !is_news(*serial)) return as_it_is(moment);
  if (serial) announced_ = serial;
  first_ = primary;
  again_ = true;
  if (stage_ != Stage::idle) return as_it_is(moment);
  const auto earliest = began_ ? *began_ + least_gap : moment.now;
  if (moment.now >= earliest) return begin(moment);
  next_ = std::min(next_, earliest);
  return as_it_is(moment);
}

Follower::Step Follower::on_wake(const Moment& moment) {
  if (stage_ == Stage::idle && moment.now >= next_) return begin(moment);
  if (stage_ != Stage::asking || moment.now < deadline_) return as_it_is(moment);
  if (tcp_) return fail_primary("does not answer, by UDP or TCP", "", moment);
  if (tries_ >= udp_tries) tcp_ = true;
  return ask(moment);
}

// --- Asking --------------------------------------------------------------------------------------

Follower::Step Follower::begin(const Moment& moment) {
  order_.assign(1, first_);
  for (std::size_t i = 0; i < primaries_.size(); ++i) {
    if (i != first_) order_.push_back(i);
  }
  at_ = 0;
  first_ = 0;
  again_ = false;
  heard_ = false;
  whole_ = std::exchange(whole_next_, false);
  began_ = moment.now;
  stage_ = Stage::asking;
  tries_ = 0;
  tcp_ = false;
  return ask(moment);
}

Follower::Step Follower::ask(const Moment& moment) {
  ++tries_;
  id_ = static_cast<std::uint16_t>(moment.dice);
  deadline_ = moment.now + (tcp_ ? tcp_wait : udp_wait);
  auto message = dns::make_query(apex_, RRType::SOA);
  message.header.id = id_;
  auto octets = message.compose();
  assert(octets);  // a question always fits
  session_.reset();
  if (const auto& key = primaries_[asked()].key) {
    session_.emplace(*key);
    session_->sign_request(*octets, moment.wall);
  }
  auto step = as_it_is(moment);
  step.ask = Ask{asked(), tcp_, std::move(*octets)};
  return step;
}

Follower::Step Follower::on_answer(Octets octets, const Moment& moment) {
  if (stage_ != Stage::asking) return as_it_is(moment);
  const auto answer = dns::Message::parse(octets);
  if (!answer) return as_it_is(moment);
  const auto& header = answer->header;
  const dns::Question asked_for{apex_, RRType::SOA, dns::Class::IN};
  const bool repeats = answer->question.size() == 1 && answer->question[0] == asked_for;
  const bool is_error = header.rcode != Rcode::noerror && answer->question.empty();
  if (header.id != id_ || !header.qr || header.opcode != dns::Opcode::query) {
    return as_it_is(moment);
  }
  if (!repeats && !is_error) return as_it_is(moment);
  if (session_) {
    const auto verdict = session_->check_answer(octets, answer->tsig_at, moment.wall);
    if (verdict.error != dns::TsigError::none || !verdict.authentic) {
      if (!tcp_) return ask_by_tcp(moment);
      return fail_primary("its answer's TSIG is not right: " + verdict.why,
                          "compare the key's name, algorithm and secret, and both clocks", moment);
    }
  }
  // There are servers that give some zones by TCP only (Knot its catalogs), and datagrams may be
  // anybody's: only by TCP is an error the last word.
  if (!tcp_ && (header.tc || header.rcode != Rcode::noerror)) return ask_by_tcp(moment);
  if (header.rcode != Rcode::noerror) {
    return fail_primary(explain(header.rcode, session_.has_value()), "", moment);
  }
  const auto soa = soa_in(*answer, apex_);
  if (!soa || !header.aa) {
    return fail_primary("does not answer with authority for the zone's SOA",
                        "see that the zone is loaded there, and that this is its address", moment);
  }
  return judge(*soa, moment);
}

Follower::Step Follower::ask_by_tcp(const Moment& moment) {
  tcp_ = true;
  return ask(moment);
}

Follower::Step Follower::on_ask_failed(const std::string& why, const Moment& moment) {
  if (stage_ != Stage::asking) return as_it_is(moment);
  if (tcp_) return fail_primary(why, "", moment);
  // Nobody listens at the port, or there is no route: one try by TCP tells them apart.
  return ask_by_tcp(moment);
}

Follower::Step Follower::judge(const dns::Soa& soa, const Moment& moment) {
  auto& one = standing();
  one.serial = soa.serial;
  one.asked = moment.now;
  // Whether what was wrong is over shows when the transfer is.
  if (whole_ || !have_) return fetch(true);
  if (is_news(soa.serial)) return fetch(false);
  one.error.clear();
  one.cure.clear();
  if (soa.serial == *received_ || soa.serial > have_->serial) {
    heard_ = true;
    if (!announced_ || !is_news(*announced_)) return end(true, moment);
    return next_primary(moment);  // another one may have what was announced
  }
  heard_ = true;  // it lives, and so nothing expires; but it does not have what we have
  return fail_primary("has serial " + number(soa.serial) + ", which is not ahead of " +
                          number(*received_) + " that it had before (RFC 1982)",
                      "raise its serial above " + number(*received_) +
                          " there, or take what it has as it is: `taproot reload " +
                          apex_.to_text() + "`",
                      moment);
}

// --- Fetching ------------------------------------------------------------------------------------

Follower::Step Follower::fetch(bool whole) {
  stage_ = Stage::fetching;
  fetches_whole_ = whole;
  Step step;
  step.fetch = Fetch{asked(), whole};
  return step;
}

Follower::Step Follower::on_fetched(const dns::Soa& soa, const Moment& moment) {
  if (stage_ != Stage::fetching) return as_it_is(moment);
  received_ = soa.serial;
  heard_ = true;
  standing() = {soa.serial, "", "", moment.now};
  if (announced_ && !is_news(*announced_)) announced_.reset();
  return end(true, moment);
}

Follower::Step Follower::on_fetch_failed(const Error& error, const Moment& moment,
                                         const std::string& cure) {
  if (stage_ != Stage::fetching) return as_it_is(moment);
  if (!fetches_whole_ && may_have_whole(error.code)) return fetch(true);
  return fail_primary("the transfer failed: " + error.detail, cure, moment);
}

// --- The end of a look ---------------------------------------------------------------------------

Follower::Step Follower::fail_primary(std::string error, std::string cure, const Moment& moment) {
  auto& one = standing();
  one.error = std::move(error);
  one.cure = std::move(cure);
  one.asked = moment.now;
  return next_primary(moment);
}

Follower::Step Follower::next_primary(const Moment& moment) {
  if (++at_ < order_.size()) {
    stage_ = Stage::asking;
    tries_ = 0;
    tcp_ = false;
    return ask(moment);
  }
  const bool is_right =
      heard_ && std::any_of(standings_.begin(), standings_.end(), [this](const Standing& one) {
        return one.error.empty() && one.serial && one.serial == received_;
      });
  if (heard_) confirmed_ = moment.now;
  return end(is_right, moment);
}

Follower::Step Follower::end(bool is_good, const Moment& moment) {
  const auto jitter = static_cast<std::uint16_t>(moment.dice >> 16);
  stage_ = Stage::idle;
  session_.reset();
  ++looks_;
  if (is_good) confirmed_ = moment.now;
  next_ = moment.now + (is_good ? timers_.on_success(jitter) : timers_.on_failure(jitter));
  if (again_) next_ = std::min(next_, *began_ + least_gap);
  if (announced_ && is_news(*announced_)) {
    next_ = std::min(next_, moment.now + soon);
    announced_.reset();  // once: who announces what he does not have is not believed again
  }
  if (whole_next_) next_ = moment.now;
  return as_it_is(moment);
}

}  // namespace taproot::xfr
