#include "dns/tsig.hpp"

#include "dns/header.hpp"
#include "dns/hmac.hpp"
#include "dns/tsig_record.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>

namespace taproot::dns {

namespace {

constexpr std::size_t max_unsigned = 99;  // RFC 8945 section 5.3.1
constexpr std::size_t time_size = 6;
constexpr std::size_t max_variables = 255 + 255 + 24;  // names and numbers, other data aside
constexpr std::size_t counts_end = 12;
constexpr std::size_t arcount_at = 10;

const Name& algorithm_name(TsigAlgorithm algorithm) {
  static const std::array<Name, 6> names = [] {
    std::array<Name, 6> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto each = static_cast<TsigAlgorithm>(i);
      all[i] = *Name::from_text(each == TsigAlgorithm::hmac_md5 ? "hmac-md5.sig-alg.reg.int"
                                                                : to_text(each));
    }
    return all;
  }();
  return names[static_cast<std::size_t>(algorithm)];
}

/// The shortest MAC that this key's owner wants to believe (section 5.2.4).
std::size_t wanted_mac(const TsigKey& key) {
  if (key.least_mac == 0) return mac_size(key.algorithm);
  return std::clamp(key.least_mac, shortest_mac(key.algorithm), mac_size(key.algorithm));
}

std::uint16_t u16_at(Octets octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8 | octets[at + 1]);
}

void put_u16(std::span<std::uint8_t> octets, std::size_t at, std::size_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8);
  octets[at + 1] = static_cast<std::uint8_t>(value);
}

/// Adds the message as it was before its TSIG record came: without it, not counted, and with the
/// ID it had (section 4.3.2).
void add_received(Hmac& hmac, Octets message, std::size_t tsig_at, std::uint16_t original_id) {
  std::array<std::uint8_t, counts_end> header;
  std::copy_n(message.begin(), header.size(), header.begin());
  put_u16(header, 0, original_id);
  put_u16(header, arcount_at, u16_at(message, arcount_at) - std::size_t{1});
  hmac.add(header);
  hmac.add(message.subspan(counts_end, tsig_at - counts_end));
}

void add_mac(Hmac& hmac, Octets mac) {
  hmac.add_u16(static_cast<std::uint16_t>(mac.size()));
  hmac.add(mac);
}

void add_variables(Hmac& hmac, const TsigRecord& record) {
  std::array<std::uint8_t, max_variables> buffer;
  WireWriter writer(buffer);
  record.write_variables(writer);
  assert(!writer.overflowed());
  hmac.add(writer.written());
  hmac.add(record.other);
}

void add_timers(Hmac& hmac, const TsigRecord& record) {
  std::array<std::uint8_t, 8> buffer;
  WireWriter writer(buffer);
  record.write_timers(writer);
  hmac.add(writer.written());
}

std::uint64_t distance(TsigTime a, TsigTime b) {
  return a > b ? a - b : b - a;
}

std::string skew_of(const TsigRecord& record, TsigTime now) {
  return "signed " + std::to_string(distance(record.time_signed, now)) +
         (record.time_signed < now ? " s before" : " s after") + " our time (at " +
         std::to_string(record.time_signed) + ", fudge " + std::to_string(record.fudge) + ")";
}

bool is_in_time(const TsigRecord& record, TsigTime now) {
  return distance(record.time_signed, now) <= std::min(record.fudge, TsigSession::longest_fudge);
}

std::string truncated(std::size_t size, const TsigKey& key) {
  return ": a MAC of " + std::to_string(size) + " octets where " + std::to_string(wanted_mac(key)) +
         " are wanted";
}

std::string who_signed(const TsigRecord& record) {
  return "key " + record.key_name.to_text() + " " + record.algorithm.to_text();
}

/// A message long enough for a header that counts its TSIG record.
bool can_hold_tsig(Octets message, std::size_t tsig_at) {
  return message.size() >= counts_end && tsig_at >= counts_end && tsig_at <= message.size() &&
         u16_at(message, arcount_at) > 0;
}

std::array<std::uint8_t, time_size> octets_of(TsigTime time) {
  std::array<std::uint8_t, time_size> octets{};
  WireWriter writer(octets);
  writer.u48(time);
  return octets;
}

TsigTime time_in(Octets octets) {
  TsigTime time = 0;
  for (const std::uint8_t octet : octets) time = time << 8 | octet;
  return time;
}

/// Octets of a record with these names and this much of MAC and other data.
std::size_t record_size(const Name& key, const Name& algorithm, std::size_t variable) {
  return key.size() + 10 + algorithm.size() + 16 + variable;
}

}  // namespace

std::size_t shortest_mac(TsigAlgorithm algorithm) {
  return std::max<std::size_t>(10, mac_size(algorithm) / 2);
}

struct TsigSession::State {
  /// With a key that is ours.
  explicit State(TsigKey ours)
      : key(std::move(ours)), algorithm(algorithm_name(key.algorithm)), hmac(Hmac(key)) {}
  /// With a key or algorithm that we do not have: only fit for an unsigned error.
  explicit State(const TsigRecord& claimed)
      : key{claimed.key_name, TsigAlgorithm::hmac_sha256, Secret()}, algorithm(claimed.algorithm) {}

  TsigKey key;
  Name algorithm;            // as it goes into records
  std::optional<Hmac> hmac;  // on a client also runs over the unsigned messages of a transfer
  TsigError error = TsigError::none;
  TsigTime request_time = 0;
  TsigStamp stamp;
  Mac prior;            // the last MAC of the conversation, as it stood in the message
  bool first = true;    // the next answer is the first
  bool broken = false;  // a client's check failed: nothing after it can be trusted
  std::size_t unsigned_in_a_row = 0;

  void remember(Octets mac) {
    prior.size = std::min(mac.size(), prior.octets.size());
    std::copy_n(mac.begin(), prior.size, prior.octets.begin());
  }
  std::size_t max_record() const {
    return record_size(key.name, algorithm, (hmac ? mac_size(key.algorithm) : 0) + time_size);
  }
  TsigRecord record_for(Octets message, TsigTime now) const {
    TsigRecord record;
    record.key_name = key.name;
    record.algorithm = algorithm;
    record.time_signed = now;
    record.fudge = default_fudge;
    record.original_id = u16_at(message, 0);
    record.error = static_cast<std::uint16_t>(error);
    return record;
  }
  TsigVerdict refuse(TsigError what, std::string why) {
    broken = true;
    return {what, false, std::move(why)};
  }
  TsigVerdict take_unsigned(Octets message, bool last);
  std::optional<TsigVerdict> why_unusable(const TsigRecord& record);
  TsigVerdict check(const TsigRecord& record, Octets message, std::size_t tsig_at, TsigTime now);
};

TsigSession::TsigSession(TsigKey key) : state_(std::make_unique<State>(std::move(key))) {}
TsigSession::TsigSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
TsigSession::TsigSession(TsigSession&&) noexcept = default;
TsigSession& TsigSession::operator=(TsigSession&&) noexcept = default;
TsigSession::~TsigSession() = default;

const Name& TsigSession::key_name() const {
  return state_->key.name;
}
const TsigStamp& TsigSession::stamp() const {
  return state_->stamp;
}
std::size_t TsigSession::max_size() const {
  return state_->max_record();
}

Result<TsigSession> TsigSession::check_request(Octets request, std::size_t tsig_at,
                                               const std::vector<TsigKey>& keys, TsigTime now,
                                               TsigVerdict& verdict) {
  if (!can_hold_tsig(request, tsig_at)) {
    return fail(Errc::bad_message, "no room for a TSIG record");
  }
  const auto record = TsigRecord::parse(request, tsig_at);
  if (!record) return tl::unexpected(record.error());
  verdict = TsigVerdict();

  // Section 5.2.1: the key, by name, and good with its own algorithm only.
  const auto key = std::find_if(keys.begin(), keys.end(), [&record](const TsigKey& k) {
    return k.name == record->key_name && algorithm_name(k.algorithm) == record->algorithm;
  });
  if (key == keys.end()) {
    auto state = std::make_unique<State>(*record);
    state->error = TsigError::badkey;
    verdict = {TsigError::badkey, false, who_signed(*record) + " is not known here"};
    return TsigSession(std::move(state));
  }

  // Section 5.2.2.1: such lengths must not be sent, and are not worth a TSIG error.
  const std::size_t size = record->mac.size();
  if (size > mac_size(key->algorithm) || size < shortest_mac(key->algorithm)) {
    return fail(Errc::bad_message, who_signed(*record) + ": a MAC of " + std::to_string(size) +
                                       " octets is too short or too long");
  }

  // Section 5.2.2: the MAC, and only when it is right the time (5.2.3) and the length (5.2.4).
  auto state = std::make_unique<State>(*key);
  state->request_time = record->time_signed;
  add_received(*state->hmac, request, tsig_at, record->original_id);
  add_variables(*state->hmac, *record);
  const Mac mac = state->hmac->finish();
  if (!same_mac(mac.view().first(size), record->mac)) {
    state->error = TsigError::badsig;
    verdict = {TsigError::badsig, false, who_signed(*record) + ": the MAC is wrong"};
    return TsigSession(std::move(state));
  }
  state->remember(record->mac);
  state->stamp = {{}, record->time_signed, record->fudge};
  std::copy_n(mac.octets.begin(), state->stamp.mac.size(), state->stamp.mac.begin());
  verdict = {TsigError::none, true, who_signed(*record)};
  if (!is_in_time(*record, now)) {
    state->error = verdict.error = TsigError::badtime;
    verdict.why += ": " + skew_of(*record, now);
  } else if (size < wanted_mac(*key)) {
    state->error = verdict.error = TsigError::badtrunc;
    verdict.why += truncated(size, *key);
  }
  return TsigSession(std::move(state));
}

void TsigSession::sign_request(std::vector<std::uint8_t>& message, TsigTime now) {
  assert(message.size() >= counts_end);
  TsigRecord record = state_->record_for(message, now);
  state_->hmac->reset();  // an earlier conversation may have ended in the middle
  state_->hmac->add(message);
  add_variables(*state_->hmac, record);
  const Mac mac = state_->hmac->finish();
  record.mac = mac.view();
  state_->remember(record.mac);
  state_->first = true;
  state_->broken = false;
  state_->unsigned_in_a_row = 0;

  const std::size_t size = message.size();
  message.resize(size + state_->max_record());
  WireWriter writer(std::span<std::uint8_t>(message).subspan(size));
  record.write(writer);
  assert(!writer.overflowed());
  message.resize(size + writer.position());
  put_u16(message, arcount_at, u16_at(message, arcount_at) + std::size_t{1});
}

Result<std::size_t> TsigSession::sign_answer(std::span<std::uint8_t> buffer, std::size_t size,
                                             TsigTime now) {
  State& state = *state_;
  if (size < counts_end || size > buffer.size() || buffer.size() - size < state.max_record()) {
    return fail(Errc::too_large, "no room for the TSIG record of " + state.key.name.to_text());
  }
  const Octets message = Octets(buffer).first(size);
  TsigRecord record = state.record_for(message, now);
  const auto server_time = octets_of(now);
  if (state.error == TsigError::badtime) {
    record.time_signed = state.request_time;
    record.other = server_time;
  }
  // Section 5.3.2: without the right key and MAC of the requester nothing can be signed.
  Mac mac;
  if (state.error != TsigError::badkey && state.error != TsigError::badsig) {
    add_mac(*state.hmac, state.prior.view());
    state.hmac->add(message);
    if (state.first) {
      add_variables(*state.hmac, record);
    } else {
      add_timers(*state.hmac, record);
    }
    mac = state.hmac->finish();
    state.prior = mac;
    state.first = false;
  }
  record.mac = mac.view();
  WireWriter writer(buffer.subspan(size));
  record.write(writer);
  put_u16(buffer, arcount_at, u16_at(buffer, arcount_at) + std::size_t{1});
  return size + writer.position();
}

TsigVerdict TsigSession::State::take_unsigned(Octets message, bool last) {
  if (first) return refuse(TsigError::badsig, "the answer is not signed");
  if (last) return refuse(TsigError::badsig, "the last message is not signed");
  if (unsigned_in_a_row == max_unsigned) {
    return refuse(TsigError::badsig, "more than 99 messages in a row are not signed");
  }
  if (unsigned_in_a_row++ == 0) add_mac(*hmac, prior.view());
  hmac->add(message);
  return {TsigError::none, false, "not signed, between signed messages"};
}

/// What makes a record not worth a MAC, before any of it can be trusted.
std::optional<TsigVerdict> TsigSession::State::why_unusable(const TsigRecord& record) {
  if (record.key_name != key.name || record.algorithm != algorithm) {
    return refuse(TsigError::badkey, who_signed(record) + " is not the key of the request");
  }
  const auto said = static_cast<TsigError>(record.error);
  if (record.mac.empty() && (said == TsigError::badkey || said == TsigError::badsig)) {
    return refuse(said,
                  "the server says " + to_text(said) + " (unsigned) to " + who_signed(record));
  }
  if (record.mac.size() > mac_size(key.algorithm)) {
    return refuse(TsigError::badsig, who_signed(record) + ": the MAC is too long");
  }
  if (record.mac.size() < shortest_mac(key.algorithm)) {
    return refuse(TsigError::badtrunc, who_signed(record) + ": the MAC is too short");
  }
  return std::nullopt;
}

TsigVerdict TsigSession::State::check(const TsigRecord& record, Octets message, std::size_t tsig_at,
                                      TsigTime now) {
  if (auto verdict = why_unusable(record)) return *verdict;
  if (unsigned_in_a_row == 0) add_mac(*hmac, prior.view());
  add_received(*hmac, message, tsig_at, record.original_id);
  if (first) {
    add_variables(*hmac, record);
  } else {
    add_timers(*hmac, record);
  }
  const Mac mac = hmac->finish();
  if (!same_mac(mac.view().first(record.mac.size()), record.mac)) {
    return refuse(TsigError::badsig, who_signed(record) + ": the MAC is wrong");
  }
  remember(record.mac);
  first = false;
  unsigned_in_a_row = 0;
  if (record.error != 0) {
    const auto said = static_cast<TsigError>(record.error);
    broken = true;
    std::string why = "the server says " + to_text(said) + " to " + who_signed(record);
    if (said == TsigError::badtime && record.other.size() == time_size) {
      const TsigTime theirs = time_in(record.other);
      why += ": its clock is " + std::to_string(distance(theirs, now)) +
             (theirs < now ? " s behind ours" : " s ahead of ours") + " (" +
             std::to_string(theirs) + "); set the one that is wrong, for example by NTP";
    }
    return {said, true, std::move(why)};
  }
  if (!is_in_time(record, now)) {
    broken = true;
    return {TsigError::badtime, true, who_signed(record) + ": " + skew_of(record, now)};
  }
  if (record.mac.size() < wanted_mac(key)) {
    broken = true;
    return {TsigError::badtrunc, true, who_signed(record) + truncated(record.mac.size(), key)};
  }
  return {TsigError::none, true, who_signed(record)};
}

TsigVerdict TsigSession::check_answer(Octets message, std::optional<std::size_t> tsig_at,
                                      TsigTime now, bool last) {
  State& state = *state_;
  if (state.broken) return {TsigError::badsig, false, "a message before it was not authentic"};
  if (!tsig_at) return state.take_unsigned(message, last);
  if (!can_hold_tsig(message, *tsig_at)) {
    return state.refuse(TsigError::badsig, "no room for a TSIG record");
  }
  const auto record = TsigRecord::parse(message, *tsig_at);
  if (!record) return state.refuse(TsigError::badsig, record.error().detail);
  return state.check(*record, message, *tsig_at, now);
}

}  // namespace taproot::dns
