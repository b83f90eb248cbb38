#include "xfr/notify_round.hpp"

#include "dns/types.hpp"

#include <algorithm>
#include <utility>

namespace taproot::xfr {

namespace {

using std::chrono::milliseconds;

/// Room for the largest SOA and TSIG records, and far below every MTU.
constexpr std::size_t max_message = 1232;

dns::Message notify_message(const NotifySubject& subject, std::uint16_t id) {
  dns::Message message;
  message.header.id = id;
  message.header.opcode = dns::Opcode::notify;
  message.header.aa = true;  // RFC 1996 section 3.7
  message.question.push_back({subject.apex, dns::RRType::SOA, dns::Class::IN});
  message.answer.push_back(
      {subject.apex, dns::RRType::SOA, dns::Class::IN, subject.ttl, subject.soa.to_rdata()});
  return message;
}

/// What an error rcode means for the one who can mend it.
std::string explain(dns::Rcode rcode) {
  if (rcode == dns::Rcode::refused) {
    return "REFUSED: the secondary does not take NOTIFY from our address or with our key; allow it "
           "there";
  }
  if (rcode == dns::Rcode::notauth) {
    return "NOTAUTH: the secondary does not serve this zone, or does not know our TSIG key";
  }
  return "the secondary answered " + dns::to_text(rcode);
}

std::string in_words(std::chrono::steady_clock::duration wait) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(std::max(wait, wait.zero())).count();
  if (left < 120) return std::to_string(left) + " s";
  return std::to_string(left / 60) + " min";
}

}  // namespace

NotifyRound::NotifyRound(NotifySubject subject, std::optional<dns::TsigKey> key, std::uint16_t id)
    : subject_(std::move(subject)), key_(std::move(key)), id_(id) {}

NotifyRound::Step NotifyRound::on_start(const Moment& moment) {
  return try_again(moment);
}

NotifyRound::Step NotifyRound::on_wake(const Moment& moment) {
  if (over_) return {};
  if (wake_ && moment.now < *wake_) return as_it_was();
  return try_again(moment);
}

NotifyRound::Step NotifyRound::try_again(const Moment& moment) {
  const auto longer = wait_ * moment.jitter / (4 * 0x10000);
  wake_ = moment.now + wait_ + longer;
  wait_ = std::min(wait_ * 2, longest_wait);
  auto composed = notify_message(subject_, id_).compose(max_message);
  if (!composed) return on_send_failed(composed.error().detail);
  ++tries_;
  if (key_) {
    session_.emplace(*key_);
    session_->sign_request(*composed, moment.wall);
  }
  return {std::move(*composed), wake_};
}

NotifyRound::Step NotifyRound::on_datagram(Octets datagram, const Moment& moment) {
  if (over_) return {};
  const auto answer = dns::Message::parse(datagram);
  if (!answer || !is_answer(*answer)) return as_it_was();
  const auto rcode = answer->header.rcode;
  if (session_) {
    const auto verdict = session_->check_answer(datagram, answer->tsig_at, moment.wall);
    // A session checks one answer; what comes after a forged one meets the next try's session.
    if (!verdict.authentic || verdict.error != dns::TsigError::none) {
      const auto what = rcode == dns::Rcode::noerror ? std::string("answered") : explain(rcode);
      last_error_ = what + " (the answer's TSIG is not right: " + verdict.why + ")";
      return as_it_was();
    }
  }
  if (rcode != dns::Rcode::noerror) {
    last_error_ = explain(rcode);
    return as_it_was();
  }
  acknowledged_ = true;
  last_error_.clear();
  return as_it_was();
}

NotifyRound::Step NotifyRound::on_send_failed(std::string why) {
  if (over_) return {};
  last_error_ = std::move(why);
  return as_it_was();
}

NotifyRound::Step NotifyRound::on_seen(dns::Serial serial) {
  if (serial >= subject_.soa.serial) {
    over_ = true;
    wake_.reset();
  }
  return as_it_was();
}

NotifyRound::Step NotifyRound::as_it_was() const {
  return {std::nullopt, wake_};
}

bool NotifyRound::is_answer(const dns::Message& answer) const {
  const auto& header = answer.header;
  if (tries_ == 0 || header.id != id_ || !header.qr) return false;
  if (header.opcode != dns::Opcode::notify) return false;
  // An answer without the question is seen with FORMERR and the like; a NOERROR must repeat it.
  if (answer.question.empty()) return header.rcode != dns::Rcode::noerror;
  const dns::Question asked{subject_.apex, dns::RRType::SOA, dns::Class::IN};
  return answer.question.size() == 1 && answer.question.front() == asked;
}

std::string NotifyRound::waits_for(Instant now) const {
  if (over_) return {};
  const auto wanted = "waiting to see serial " + std::to_string(serial().value());
  if (tries_ == 0 && last_error_.empty()) return "NOTIFY is about to be sent; " + wanted;
  std::string text = "NOTIFY sent " + (tries_ == 1 ? "once" : std::to_string(tries_) + " times");
  if (acknowledged_) text += ", acknowledged";
  if (!last_error_.empty()) {
    text += ", " + last_error_;
  } else if (!acknowledged_) {
    text += ", not answered";
  }
  text += "; " + wanted;
  if (wake_) text += ", next try in " + in_words(*wake_ - now);
  return text;
}

}  // namespace taproot::xfr
