#include "xfr/parent_round.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace taproot::xfr {

using dns::Rcode;
using dns::RRType;

namespace {

constexpr std::string_view infix = "_dsync";
/// Room for the child's labels behind the infix, the way there and back: more is a loop.
constexpr unsigned max_lookups = 6;
constexpr std::uint16_t report_channel_code = 18;  ///< RFC 9567 section 5

/// The first labels of `name`, put before `rest`.
Result<dns::Name> with_labels(const dns::Name& name, std::size_t labels, const dns::Name& rest) {
  std::vector<std::uint8_t> wire;
  const Octets from = name.wire();
  std::size_t at = 0;
  for (; labels > 0; --labels) at += std::size_t{1} + from[at];
  wire.assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(at));
  wire.insert(wire.end(), rest.wire().begin(), rest.wire().end());
  constexpr std::size_t longest = 255;
  if (wire.size() > longest) {
    return fail(Errc::name_too_long, name.to_text() + " leaves no room for _dsync");
  }
  return dns::Name::from_trusted(wire);
}

dns::Name without_labels(dns::Name name, std::size_t labels) {
  for (; labels > 0; --labels) name = name.parent();
  return name;
}

/// `labels` of the child's name, _dsync, and the rest of it.
Result<dns::Name> infixed(const dns::Name& child, std::size_t labels) {
  auto rest = without_labels(child, labels).child(infix);
  if (!rest) return rest;
  return with_labels(child, labels, *rest);
}

std::optional<dns::Name> zone_of(const dns::Message& answer) {
  for (const auto& record : answer.authority) {
    if (record.type == RRType::SOA) return record.owner;
  }
  return std::nullopt;
}

std::string text_of(const dns::Dsync& dsync) {
  return dsync.target.to_text() + " port " + std::to_string(dsync.port);
}

}  // namespace

Result<dns::Name> first_dsync_name(const dns::Name& child) {
  if (child.is_root()) return fail(Errc::bad_label, "the root has no parent");
  return infixed(child, 1);
}

std::optional<dns::Name> next_dsync_name(const dns::Name& child, const dns::Name& before,
                                         const std::optional<dns::Name>& zone) {
  const std::size_t labels = child.label_count();
  if (before.label_count() != labels + 1) return std::nullopt;  // without the child's labels
  std::size_t in_front = 1;
  for (; in_front < labels; ++in_front) {
    const auto one = infixed(child, in_front);
    if (one && *one == before) break;
  }
  const auto behind = without_labels(child, in_front);
  const bool is_further_up = zone && *zone != behind && behind.is_subdomain_of(*zone);
  const auto next =
      is_further_up ? infixed(child, labels - zone->label_count()) : behind.child(infix);
  return next ? std::optional(*next) : std::nullopt;
}

ParentRound::ParentRound(dns::Name child, RRType type, Options options)
    : child_(std::move(child)), type_(type), options_(std::move(options)) {
  assert(!options_.resolvers.empty());
}

ParentRound::Step ParentRound::on_start(const Moment& moment) {
  return look(moment);
}

ParentRound::Step ParentRound::as_it_is() const {
  return {std::nullopt, is_over() ? std::nullopt : std::optional(wake_)};
}

ParentRound::Step ParentRound::on_wake(const Moment& moment) {
  if (is_over() || moment.now < wake_) return as_it_is();
  if (stage_ == Stage::resting) return look(moment);
  return on_failed(tcp_ ? "does not answer over TCP" : "does not answer", moment);
}

// --- Looking -------------------------------------------------------------------------------------

ParentRound::Step ParentRound::look(const Moment& moment) {
  lookups_ = 0;
  targets_.clear();
  any_failed_ = false;
  stage_ = Stage::looking;
  const auto name = first_dsync_name(child_);
  if (!name) return end(Stage::nobody, name.error().detail);
  return ask_resolver(*name, dns::Dsync::rrtype, moment);
}

ParentRound::Step ParentRound::ask_resolver(const dns::Name& qname, RRType qtype,
                                            const Moment& moment) {
  asked_ = {qname, qtype, dns::Class::IN};
  resolver_ = 0;
  tcp_ = false;
  return send_question(moment);
}

ParentRound::Step ParentRound::send_question(const Moment& moment) {
  id_ = static_cast<std::uint16_t>(moment.dice);
  wake_ = moment.now + resolver_wait;
  auto query = dns::make_query(asked_.qname, asked_.qtype);
  query.header.id = id_;
  query.header.rd = true;
  auto octets = query.compose();
  assert(octets);  // a question always fits
  return {Ask{options_.resolvers[resolver_], tcp_, std::move(*octets)}, wake_};
}

ParentRound::Step ParentRound::next_resolver(const std::string& why, const Moment& moment) {
  const auto shown = options_.resolvers[resolver_].to_text();
  if (++resolver_ < options_.resolvers.size()) {
    tcp_ = false;
    return send_question(moment);
  }
  return rest("resolver " + shown + " " + why + " for " + asked_.qname.to_text() + " " +
                  dns::to_text(asked_.qtype),
              "see that parent-notify.resolver is a resolver that this host may ask", moment);
}

bool ParentRound::is_answer(const dns::Message& answer) const {
  const auto& header = answer.header;
  const auto opcode = stage_ == Stage::telling ? dns::Opcode::notify : dns::Opcode::query;
  if (!header.qr || header.id != id_ || header.opcode != opcode) return false;
  // An answer without the question is seen with FORMERR and the like; a NOERROR must repeat it.
  if (answer.question.empty()) return header.rcode != Rcode::noerror;
  return answer.question.size() == 1 && answer.question.front() == asked_;
}

ParentRound::Step ParentRound::on_answer(Octets octets, const Moment& moment) {
  if (is_over() || stage_ == Stage::resting) return as_it_is();
  const auto answer = dns::Message::parse(octets);
  if (!answer || !is_answer(*answer)) return as_it_is();
  if (stage_ == Stage::telling) return on_notify_answer(*answer, moment);
  if (answer->header.tc && !tcp_) {
    tcp_ = true;
    return send_question(moment);
  }
  const auto rcode = answer->header.rcode;
  if (rcode != Rcode::noerror && rcode != Rcode::nxdomain) {
    return next_resolver("answers " + dns::to_text(rcode), moment);
  }
  return stage_ == Stage::looking ? on_dsync(*answer, moment) : on_addresses(*answer, moment);
}

ParentRound::Step ParentRound::on_failed(const std::string& why, const Moment& moment) {
  if (is_over() || stage_ == Stage::resting) return as_it_is();
  if (stage_ != Stage::telling) return next_resolver(why, moment);
  if (tcp_) return next_address(why, "see that a firewall lets DNS there out and in", moment);
  if (tries_ >= udp_tries) tcp_ = true;
  return tell(moment);
}

ParentRound::Step ParentRound::on_dsync(const dns::Message& answer, const Moment& moment) {
  bool has_any = false;
  for (const auto& record : answer.answer) {
    if (record.type != dns::Dsync::rrtype) continue;
    has_any = true;
    auto dsync = dns::Dsync::from_rdata(record.rdata.wire());
    const bool is_meant = dsync && dsync->type == type_ &&
                          dsync->scheme == dns::Dsync::notify_scheme && dsync->port != 0 &&
                          !dsync->target.is_root();
    const auto has = [&](const auto& list) {
      return std::find(list.begin(), list.end(), *dsync) != list.end();
    };
    if (is_meant && targets_.size() < max_targets && !has(targets_) && !has(told_)) {
      targets_.push_back(std::move(*dsync));
    }
  }
  if (!has_any) return look_elsewhere(answer, moment);
  if (!targets_.empty() || !told_.empty()) return next_target(moment);
  return end(Stage::nobody, "the parent does not want to be told of " + dns::to_text(type_) +
                                ": DSYNC of " + asked_.qname.to_text() + " has none for it");
}

ParentRound::Step ParentRound::look_elsewhere(const dns::Message& answer, const Moment& moment) {
  const auto next = ++lookups_ < max_lookups
                        ? next_dsync_name(child_, asked_.qname, zone_of(answer))
                        : std::nullopt;
  if (next) return ask_resolver(*next, dns::Dsync::rrtype, moment);
  return end(Stage::nobody, "the parent does not want to be told: it has no DSYNC");
}

// --- Finding and telling -------------------------------------------------------------------------

ParentRound::Step ParentRound::next_target(const Moment& moment) {
  if (targets_.empty()) {
    if (any_failed_) return rest(std::move(trouble_), std::move(cure_), moment);
    return end(Stage::told, "");
  }
  stage_ = Stage::finding;
  addresses_.clear();
  address_ = 0;
  shown_ = text_of(targets_.front());
  return ask_resolver(targets_.front().target, RRType::AAAA, moment);
}

ParentRound::Step ParentRound::on_addresses(const dns::Message& answer, const Moment& moment) {
  for (const auto& record : answer.answer) {
    if (record.type != asked_.qtype || addresses_.size() >= max_addresses) continue;
    const auto address = net::Address::from_octets(record.rdata.wire());
    if (address) addresses_.push_back(*address);
  }
  if (asked_.qtype == RRType::AAAA) {
    return ask_resolver(asked_.qname, RRType::A, moment);
  }
  if (addresses_.empty()) {
    return next_address("has no address", "the parent's operator has to mend its DSYNC", moment);
  }
  stage_ = Stage::telling;
  tries_ = 0;
  tcp_ = false;
  return tell(moment);
}

dns::Message ParentRound::notify_message() const {
  dns::Message message;
  message.header.id = id_;
  message.header.opcode = dns::Opcode::notify;
  message.header.aa = true;
  message.question.push_back(asked_);
  if (options_.report_channel) {
    message.edns.emplace();
    const Octets agent = options_.report_channel->wire();
    message.edns->options.push_back({report_channel_code, {agent.begin(), agent.end()}});
  }
  return message;
}

ParentRound::Step ParentRound::tell(const Moment& moment) {
  asked_ = {child_, type_, dns::Class::IN};
  id_ = static_cast<std::uint16_t>(moment.dice);
  wake_ = moment.now + (tcp_ ? tcp_wait : first_notify_wait * (1 << tries_));
  ++tries_;
  ++notifies_;
  const net::Endpoint to(addresses_[address_], targets_.front().port);
  shown_ = text_of(targets_.front()) + " (" + to.address().to_text() + ")";
  auto octets = notify_message().compose();
  assert(octets);  // two names always fit
  return {Ask{to, tcp_, std::move(*octets)}, wake_};
}

ParentRound::Step ParentRound::on_notify_answer(const dns::Message& answer, const Moment& moment) {
  const auto rcode = answer.header.rcode;
  if (rcode != Rcode::noerror) {
    return next_address(
        "answers " + dns::to_text(rcode) + " to NOTIFY(" + dns::to_text(type_) + ")",
        "ask the parent's operator whether it takes NOTIFY for this zone", moment);
  }
  told_.push_back(std::move(targets_.front()));
  targets_.erase(targets_.begin());
  return next_target(moment);
}

ParentRound::Step ParentRound::next_address(const std::string& why, const std::string& cure,
                                            const Moment& moment) {
  trouble_ = shown_ + " " + why;
  cure_ = cure;
  if (address_ + 1 < addresses_.size()) {
    ++address_;
    tries_ = 0;
    tcp_ = false;
    return tell(moment);
  }
  any_failed_ = true;
  targets_.erase(targets_.begin());
  return next_target(moment);
}

ParentRound::Step ParentRound::rest(std::string trouble, std::string cure, const Moment& moment) {
  stage_ = Stage::resting;
  trouble_ = std::move(trouble);
  cure_ = std::move(cure);
  wake_ = moment.now + rest_ + rest_ * (moment.dice >> 16) / (4 * 0x10000);
  rest_ = std::min(rest_ * 2, longest_rest);
  return as_it_is();
}

ParentRound::Step ParentRound::end(Stage stage, std::string why) {
  stage_ = stage;
  trouble_ = std::move(why);
  cure_.clear();
  return {};
}

}  // namespace taproot::xfr
