#include "monitor/probe.hpp"

#include "dns/rdata.hpp"
#include "dns/types.hpp"

#include <algorithm>
#include <utility>

namespace taproot::monitor {

namespace {

void list(std::vector<std::string>& lines, std::string words) {
  if (lines.size() < ProbeResult::max_listed) lines.push_back(std::move(words));
}

constexpr auto refused_words = "REFUSED: it does not serve this zone, or not to us";

/// Why this answer to the SOA question does not show the zone, or nothing.
std::optional<std::string> why_no_zone(const dns::Message& answer) {
  const auto rcode = answer.header.rcode;
  if (rcode == dns::Rcode::refused) return refused_words;
  if (rcode == dns::Rcode::servfail) {
    return "SERVFAIL: it has the zone configured and no good copy of it";
  }
  if (rcode != dns::Rcode::noerror) return dns::to_text(rcode) + " for the zone's SOA";
  if (!answer.header.aa) return "lame: answers without authority (AA is not set)";
  return std::nullopt;
}

std::optional<dns::Soa> find_soa(const dns::Message& answer, const dns::Name& apex) {
  for (const auto& record : answer.answer) {
    if (record.type != dns::RRType::SOA || record.owner != apex) continue;
    const auto soa = dns::Soa::from_rdata(record.rdata.wire());
    if (soa) return *soa;
  }
  return std::nullopt;
}

}  // namespace

Probe::Probe(dns::Name apex, Expectation expected)
    : Probe(std::move(apex), std::move(expected), Options{}) {}

Probe::Probe(dns::Name apex, Expectation expected, Options options)
    : apex_(std::move(apex)), expected_(std::move(expected)), options_(options) {}

Probe::Step Probe::on_start(Instant now) {
  Step step;
  ask(Open{}, now, step);
  return finish(std::move(step), now);
}

Probe::Step Probe::on_answer(std::uint32_t exchange, Octets octets, Instant now) {
  Step step;
  const auto index = find(exchange);
  if (!index) return finish(std::move(step), now);
  const Open& open = open_[*index];
  const auto answer = dns::Message::parse(octets);
  const bool fits = answer && answer->header.qr && answer->header.id == open.id &&
                    answer->header.opcode == dns::Opcode::query;
  // FORMERR may come without the question; all else must repeat it.
  const bool formerr = fits && answer->header.rcode == dns::Rcode::formerr;
  const bool repeats =
      fits && answer->question.size() == 1 && answer->question.front() == question(open);
  if (!repeats && !(formerr && answer->question.empty())) {
    return open.tcp ? on_failure(exchange, "the answer over TCP is none to our question", now)
                    : finish(std::move(step), now);
  }
  // Knot shows a catalog over TCP only, to those who may transfer it.
  const bool refused = answer->header.rcode == dns::Rcode::refused;
  Open closed = take(*index, step);
  if (formerr && closed.edns && !answer->edns) {
    closed.edns = false;  // a server that does not know EDNS (RFC 6891 section 7)
    ask(std::move(closed), now, step);
  } else if (!closed.tcp && (answer->header.tc || refused)) {
    closed.tcp = true;
    closed.refused = refused;
    ask(std::move(closed), now, step);
  } else {
    accept(closed, *answer, now);
  }
  return finish(std::move(step), now);
}

Probe::Step Probe::on_failure(std::uint32_t exchange, const std::string& why, Instant now) {
  Step step;
  const auto index = find(exchange);
  if (!index) return finish(std::move(step), now);
  open_[*index].trouble = why;
  // Over UDP the next try still comes at its time: a server may be about to start.
  if (open_[*index].tcp) give_up(take(*index, step));
  return finish(std::move(step), now);
}

Probe::Step Probe::on_wake(Instant now) {
  Step step;
  while (!over_) {
    const auto late = std::find_if(open_.begin(), open_.end(),
                                   [&](const Open& open) { return open.deadline <= now; });
    if (late == open_.end()) break;
    Open closed = take(static_cast<std::size_t>(late - open_.begin()), step);
    if (closed.tcp || closed.tries >= options_.udp_tries) {
      give_up(closed);
    } else {
      ask(std::move(closed), now, step);
    }
  }
  return finish(std::move(step), now);
}

void Probe::ask(Open open, Instant now, Step& step) {
  const auto asked = question(open);
  const auto query = dns::make_query(asked.qname, asked.qtype, open.edns ? 1232 : 0);
  auto octets = query.compose();
  open.exchange = next_exchange_++;
  open.id = query.header.id;
  ++open.tries;
  open.sent = now;
  open.deadline = now + (open.tcp ? options_.tcp_timeout : options_.udp_timeout);
  if (octets) step.send.push_back({open.exchange, open.tcp, std::move(*octets)});
  open_.push_back(std::move(open));
}

void Probe::ask_more(Instant now, Step& step) {
  while (next_question_ < wanted_count() && open_.size() < options_.max_in_flight) {
    Open open;
    open.question = next_question_++;
    ask(std::move(open), now, step);
  }
}

void Probe::accept(const Open& open, const dns::Message& answer, Instant now) {
  result_.answered = true;
  if (open.question == soa_question) return accept_soa(open, answer, now);
  accept_data(open, answer);
}

void Probe::accept_soa(const Open& open, const dns::Message& answer, Instant now) {
  if (auto why = why_no_zone(answer)) return end(std::move(*why));
  const auto soa = find_soa(answer, apex_);
  if (!soa) return end("lame: no SOA of the zone in its answer");
  result_.serial = soa->serial;
  result_.rtt = std::chrono::duration_cast<std::chrono::microseconds>(now - open.sent);
  const bool is_wanted = !expected_.serial || *expected_.serial == soa->serial;
  next_question_ = is_wanted || expected_.compare_at_any_serial ? 0 : wanted_count();
}

void Probe::accept_data(const Open& open, const dns::Message& answer) {
  auto found = compare((*expected_.answers)[open.question], answer, expected_.ttl_may_differ);
  failures_in_a_row_ = 0;
  switch (found.outcome) {
    case Comparison::Outcome::matched:
      ++result_.matched;
      break;
    case Comparison::Outcome::different:
      list(result_.different, std::move(found.words));
      break;
    case Comparison::Outcome::missing:
      list(result_.missing, std::move(found.words));
      break;
    case Comparison::Outcome::not_compared:
      ++result_.not_compared;
      return;
    case Comparison::Outcome::no_answer:
      list(result_.failed, std::move(found.words));
      return;
  }
  ++result_.compared;
}

void Probe::give_up(const Open& open) {
  if (open.refused && open.question == soa_question) return end(refused_words);
  std::string why = open.trouble.empty() ? std::string("no answer") : open.trouble;
  if (!open.tcp) why += " (" + std::to_string(open.tries) + " tries over UDP)";
  if (open.tcp && open.trouble.empty()) why += " over TCP";
  if (open.question == soa_question) return end(std::move(why));
  const auto asked = question(open);
  list(result_.failed, asked.qname.to_text() + " " + dns::to_text(asked.qtype) + ": " + why);
  if (++failures_in_a_row_ >= options_.max_failures) end("gave up comparing: " + why);
}

void Probe::end(std::string error) {
  over_ = true;
  result_.error = std::move(error);
}

Probe::Step Probe::finish(Step step, Instant now) {
  if (!over_ && next_question_ != soa_question) ask_more(now, step);
  if (!over_ && open_.empty()) over_ = true;
  if (over_) {
    for (const auto& open : open_) step.done.push_back(open.exchange);
    open_.clear();
    step.send.clear();
    return step;
  }
  const auto next = std::min_element(open_.begin(), open_.end(), [](const Open& a, const Open& b) {
    return a.deadline < b.deadline;
  });
  step.wake = next->deadline;
  return step;
}

std::optional<std::size_t> Probe::find(std::uint32_t exchange) const {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (open_[i].exchange == exchange) return i;
  }
  return std::nullopt;
}

/// Takes a question out of those that wait, and its exchange with it.
Probe::Open Probe::take(std::size_t index, Step& step) {
  Open open = std::move(open_[index]);
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
  step.done.push_back(open.exchange);
  return open;
}

dns::Question Probe::question(const Open& open) const {
  if (open.question == soa_question) return {apex_, dns::RRType::SOA, dns::Class::IN};
  const auto& wanted = (*expected_.answers)[open.question];
  return {wanted.owner, wanted.type, dns::Class::IN};
}

}  // namespace taproot::monitor
