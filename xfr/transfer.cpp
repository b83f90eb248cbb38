#include "xfr/transfer.hpp"

#include "xfr/transfer_message.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace taproot::xfr {

namespace {

using dns::RRType;
using zonestore::ChangeSet;
using zonestore::Node;
using zonestore::RRsetView;
using zonestore::ZoneVersion;

/// All records of a version but its SOA, in canonical order. Stops where a message is full, and
/// goes on there with the next.
class ZoneRecords {
 public:
  explicit ZoneRecords(const ZoneVersion& version) : cursor_(version.walk()) {
    for (auto& node : ahead_) node = fetch();
  }

  /// Appends records until the message is full (false) or all are written (true).
  bool fill(TransferMessage& message) {
    while (const Node* node = ahead_[at_]) {
      message.owner(node->labels());
      if (!fill_from(*node, message)) return false;
      rrsets_done_ = 0;
      ahead_[at_] = fetch();
      at_ = (at_ + 1) % look_ahead;
    }
    return true;
  }

 private:
  /// Names whose octets are asked of memory before their turn comes: they lie anywhere.
  static constexpr std::size_t look_ahead = 16;

  const Node* fetch() {
    const Node* node = cursor_.leaf();
    if (node == nullptr) return nullptr;
    cursor_.next();
    const auto* const octets = reinterpret_cast<const std::uint8_t*>(node);
    constexpr std::size_t cache_line = 64;
    __builtin_prefetch(octets);
    __builtin_prefetch(octets + cache_line);
    return node;
  }

  bool fill_from(const Node& node, TransferMessage& message) {
    std::size_t nth = 0;
    for (const RRsetView rrset : node.rrsets()) {
      if (nth++ < rrsets_done_) continue;
      if (!(node.is_apex() && rrset.type() == RRType::SOA) && !fill_from(rrset, message)) {
        return false;
      }
      ++rrsets_done_;
      record_octets_done_ = 0;
    }
    return true;
  }

  bool fill_from(const RRsetView& rrset, TransferMessage& message) {
    return message.rrset(rrset.type(), rrset.ttl(), rrset.packed(), record_octets_done_);
  }

  ZoneVersion::Trie::Cursor cursor_;
  std::array<const Node*, look_ahead> ahead_;  ///< the next names, in a ring; null: no more
  std::size_t at_ = 0;                         ///< whose turn it is
  std::size_t rrsets_done_ = 0;                ///< of that name
  std::size_t record_octets_done_ = 0;         ///< of its next RRset
};

/// The records of `rrset` that `other` does not have; all, if it is missing or has another TTL.
std::vector<Octets> missing_in(const dns::RRset& rrset, const std::optional<dns::RRset>& other) {
  std::vector<Octets> records;
  const bool whole = !other || other->ttl != rrset.ttl;
  std::vector<dns::Rdata> there;
  if (!whole) there = other->rdata;
  std::sort(there.begin(), there.end());
  for (const auto& rdata : rrset.rdata) {
    if (std::binary_search(there.begin(), there.end(), rdata)) continue;
    records.push_back(rdata.wire());
  }
  return records;
}

/// The steps of a difference: of each the old SOA and what was deleted, the new SOA and what was
/// added (RFC 1995 section 4). Stops where a message is full, and goes on there with the next.
class StepRecords {
 public:
  StepRecords(const dns::Name& apex, std::vector<std::shared_ptr<const ChangeSet>> steps)
      : apex_size_(apex.size()), steps_(std::move(steps)) {
    begin_half();
  }

  bool fill(TransferMessage& message) {
    while (step_ < steps_.size()) {
      if (!soa_done_ && !write_soa(message)) return false;
      soa_done_ = true;
      if (!write_changes(message)) return false;
      if (adding_) ++step_;
      adding_ = !adding_;
      begin_half();
    }
    return true;
  }

 private:
  using Side = std::optional<dns::RRset>;
  const Side& side(const zonestore::Change& change) const {
    return adding_ ? change.after : change.before;
  }
  const Side& other_side(const zonestore::Change& change) const {
    return adding_ ? change.before : change.after;
  }

  void begin_half() {
    soa_done_ = false;
    change_ = 0;
    enter_change();
  }

  void enter_change() {
    record_ = 0;
    records_.clear();
    if (step_ >= steps_.size() || change_ >= steps_[step_]->changes.size()) return;
    const auto& change = steps_[step_]->changes[change_];
    if (change.type() == RRType::SOA || !side(change)) return;
    records_ = missing_in(*side(change), other_side(change));
  }

  bool write_soa(TransferMessage& message) {
    for (const auto& change : steps_[step_]->changes) {
      if (change.type() != RRType::SOA || !side(change)) continue;
      message.owner({});
      return message.record(RRType::SOA, side(change)->ttl, side(change)->rdata.front().wire());
    }
    return true;  // choose_ixfr() takes no such steps
  }

  bool write_changes(TransferMessage& message) {
    const auto& changes = steps_[step_]->changes;
    while (change_ < changes.size()) {
      if (record_ < records_.size()) {
        const dns::RRset& rrset = *side(changes[change_]);
        message.owner(rrset.owner.wire().first(rrset.owner.size() - apex_size_));
        for (; record_ < records_.size(); ++record_) {
          if (!message.record(rrset.type, rrset.ttl, records_[record_])) return false;
        }
      }
      ++change_;
      enter_change();
    }
    return true;
  }

  std::size_t apex_size_;
  std::vector<std::shared_ptr<const ChangeSet>> steps_;
  std::size_t step_ = 0;
  bool adding_ = false;
  bool soa_done_ = false;
  std::size_t change_ = 0;
  std::size_t record_ = 0;
  std::vector<Octets> records_;  ///< of the change, borrowed from the step
};

}  // namespace

struct Transfer::State {
  State(const dns::Query& request, std::shared_ptr<const ZoneVersion> of, IxfrChoice choice,
        ComposedTransfers* composed)
      : version(std::move(of)),
        kind(choice.kind),
        id(request.header.id),
        recursion_desired(request.header.rd),
        wants_opt(request.has_edns),
        dnssec_ok(request.dnssec_ok),
        message(version->apex().wire()) {
    std::memcpy(question.data(), request.qname.data(), request.qname.size());
    question_size = request.qname.size();
    put_in_question(static_cast<std::uint16_t>(request.qtype));
    put_in_question(static_cast<std::uint16_t>(request.qclass));
    if (kind == IxfrChoice::Kind::whole_zone) {
      if (composed != nullptr) shared = composed->choose(version, asked());
      if (!shared.kept) zone.emplace(*version);
    }
    if (kind == IxfrChoice::Kind::differences) {
      steps.emplace(version->apex(), std::move(choice.steps));
    }
  }

  enum class Phase { opening, body, closing, done, failed };

  Octets asked() const { return {question.data(), question_size}; }
  bool with_opt() const { return wants_opt && records == 0; }
  std::uint8_t flags() const {  // QR, AA
    return static_cast<std::uint8_t>(0x84 | (recursion_desired ? 1 : 0));
  }

  void put_in_question(std::uint16_t value) {
    question[question_size++] = static_cast<std::uint8_t>(value >> 8);
    question[question_size++] = static_cast<std::uint8_t>(value);
  }

  /// The version's SOA, or false if the message is full.
  bool write_soa() {
    const auto soa = version->apex_node().find(RRType::SOA);
    message.owner({});
    return message.record(RRType::SOA, (*soa).ttl(), (*soa).first());
  }

  bool write_body() {
    if (zone) return zone->fill(message);
    if (steps) return steps->fill(message);
    return true;
  }

  /// Writes until all is said or the message is full.
  void fill() {
    if (phase == Phase::opening) {
      if (!write_soa()) return;
      phase = kind == IxfrChoice::Kind::current ? Phase::done : Phase::body;
    }
    if (phase == Phase::body) {
      if (!write_body()) return;
      phase = Phase::closing;
    }
    if (phase == Phase::closing && write_soa()) phase = Phase::done;
  }

  /// What was composed is kept for others, if it is to be. A message of unusual size depends on
  /// the room that this secondary's TSIG left.
  void keep(Octets octets) {
    if (!shared.keeping) return;
    if (octets.size() > TransferMessage::usual_size ||
        !shared.keeping->add(octets, message.record_count())) {
      shared.keeping.reset();
    } else if (phase == Phase::done) {
      shared.keeping->finish();
    }
  }

  std::size_t compose(std::span<std::uint8_t> buffer, std::size_t reserved) {
    message.start(buffer, reserved, id, flags(), asked());
    fill();
    if (message.record_count() == 0) {
      phase = Phase::failed;
      return 0;
    }
    std::size_t size = message.finish();
    keep(buffer.first(size));
    if (with_opt()) size = TransferMessage::add_opt(buffer, size, dnssec_ok);
    records += message.record_count();
    return size;
  }

  /// The next message as it was composed for another one, under this one's ID.
  std::size_t copy(std::span<std::uint8_t> buffer, std::size_t reserved) {
    const auto& next = shared.kept->messages[copied];
    std::size_t size = next.octets.size();
    if (buffer.size() < size + reserved) {
      phase = Phase::failed;
      return 0;
    }
    std::memcpy(buffer.data(), next.octets.data(), size);
    buffer[0] = static_cast<std::uint8_t>(id >> 8);
    buffer[1] = static_cast<std::uint8_t>(id);
    buffer[2] = flags();
    if (with_opt()) size = TransferMessage::add_opt(buffer, size, dnssec_ok);
    records += next.records;
    if (++copied == shared.kept->messages.size()) phase = Phase::done;
    return size;
  }

  std::shared_ptr<const ZoneVersion> version;
  IxfrChoice::Kind kind;
  std::uint16_t id;
  bool recursion_desired;
  bool wants_opt;
  bool dnssec_ok;
  std::array<std::uint8_t, 259> question;
  std::size_t question_size = 0;
  ComposedTransfers::Choice shared;
  std::size_t copied = 0;  ///< messages of what is kept
  TransferMessage message;
  std::optional<ZoneRecords> zone;
  std::optional<StepRecords> steps;
  Phase phase = Phase::opening;
  std::size_t records = 0;
};

Transfer::Transfer(const dns::Query& request, std::shared_ptr<const ZoneVersion> version,
                   IxfrChoice choice, ComposedTransfers* composed)
    : state_(std::make_unique<State>(request, std::move(version), std::move(choice), composed)) {}

Transfer::Transfer(Transfer&&) noexcept = default;
Transfer& Transfer::operator=(Transfer&&) noexcept = default;
Transfer::~Transfer() = default;

std::size_t Transfer::next(std::span<std::uint8_t> buffer, std::size_t keep_free) {
  State& state = *state_;
  if (done() || failed()) return 0;
  const std::size_t reserved = keep_free + (state.with_opt() ? TransferMessage::opt_size : 0);
  const std::size_t head = 12 + state.question_size;
  if (buffer.size() < head || buffer.size() - head < reserved) {
    state.phase = State::Phase::failed;
    return 0;
  }
  return state.shared.kept ? state.copy(buffer, reserved) : state.compose(buffer, reserved);
}

bool Transfer::done() const {
  return state_->phase == State::Phase::done;
}
bool Transfer::failed() const {
  return state_->phase == State::Phase::failed;
}
IxfrChoice::Kind Transfer::kind() const {
  return state_->kind;
}
dns::Serial Transfer::serial() const {
  return state_->version->serial();
}
std::size_t Transfer::records() const {
  return state_->records;
}

}  // namespace taproot::xfr
