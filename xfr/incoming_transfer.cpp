#include "xfr/incoming_transfer.hpp"

#include "dns/rdata.hpp"
#include "dns/types.hpp"

#include <cassert>
#include <utility>

namespace taproot::xfr {

using dns::Rcode;
using dns::RRType;

namespace {

tl::unexpected<Error> bad(std::string why) {
  return fail(Errc::bad_answer, std::move(why));
}

/// What an RCODE means to somebody who asked for a zone, and what helps.
std::string words_of(Rcode rcode, const dns::Name& apex, bool with_key, bool is_ixfr) {
  const auto text = "the server answers " + dns::to_text(rcode);
  switch (rcode) {
    case Rcode::refused:
      return text + ": it does not allow this transfer of " + apex.to_text() + " to " +
             (with_key ? "this address with this key" : "this address without a key") +
             ", or does not have the zone";
    case Rcode::notauth:
      return text + ": it is not authoritative for " + apex.to_text() +
             (with_key ? ", or does not know the key" : ", or wants a key");
    case Rcode::notimp:
    case Rcode::formerr:
      return text + ": it does not do " + (is_ixfr ? "IXFR" : "AXFR") +
             (with_key ? ", or no TSIG" : "");
    case Rcode::servfail:
      return text + ": it cannot give the zone now (not loaded, or expired)";
    default:
      return text;
  }
}

}  // namespace

IncomingTransfer::IncomingTransfer(dns::Name apex, std::uint16_t id,
                                   std::optional<dns::TsigKey> key, Limits limits,
                                   std::optional<dns::Soa> have)
    : apex_(std::move(apex)), id_(id), limits_(limits), have_(std::move(have)) {
  if (key) session_.emplace(std::move(*key));
}

std::vector<std::uint8_t> IncomingTransfer::request(dns::TsigTime now,
                                                    std::optional<std::uint16_t> udp_size) {
  dns::Message message;
  message.header.id = id_;
  message.question.push_back({apex_, have_ ? RRType::IXFR : RRType::AXFR, dns::Class::IN});
  if (have_) {
    message.authority.push_back({apex_, RRType::SOA, dns::Class::IN, 0, have_->to_rdata()});
  }
  if (udp_size) {
    message.edns.emplace();
    message.edns->udp_size = *udp_size;
  }
  auto octets = message.compose();
  assert(octets);  // a header, one question and one SOA always fit
  if (session_) session_->sign_request(*octets, now);
  return std::move(*octets);
}

Result<void> IncomingTransfer::on_message(Octets message, dns::TsigTime now) {
  if (stage_ == Stage::failed) return bad("the transfer has failed before");
  auto taken = take(message, now);
  if (!taken) {
    stage_ = Stage::failed;
    records_ = {};
    steps_ = {};
  }
  return taken;
}

Result<void> IncomingTransfer::on_end() const {
  if (stage_ == Stage::complete) return {};
  if (messages_ == 0) return bad("the server ended the connection without an answer");
  return bad("the server ended the connection in the middle of the transfer, after " +
             std::to_string(kept_) + " records");
}

Result<void> IncomingTransfer::take(Octets octets, dns::TsigTime now) {
  if (stage_ == Stage::complete) return bad("there is more behind the closing SOA");
  octets_ += octets.size();
  if (octets_ > limits_.octets) {
    return fail(Errc::too_large,
                "the zone takes more than " + std::to_string(limits_.octets) + " octets");
  }
  auto message = dns::Message::parse(octets);
  if (!message) return bad("a message cannot be read: " + message.error().detail);
  ++messages_;
  if (auto fine = check_header(*message); !fine) return fine;
  if (auto fine = check_rcode(*message, octets, now); !fine) return fine;
  if (auto fine = check_question(*message); !fine) return fine;
  for (auto& record : message->answer) {
    if (auto fine = take_record(std::move(record)); !fine) return fine;
  }
  // One SOA that is not ahead of ours (RFC 1995 section 4). One that is ahead may be the beginning
  // of more, and is so over TCP.
  if (stage_ == Stage::second && !(soa_.serial > have_->serial)) {
    kind_ = IncomingKind::current;
    stage_ = Stage::complete;
  }
  return check_signature(*message, octets, now, stage_ == Stage::complete);
}

/// RFC 5936 section 2.2.1. AA is not insisted on: there are servers that forget it.
Result<void> IncomingTransfer::check_header(const dns::Message& message) const {
  const auto& header = message.header;
  if (header.id != id_) return bad("a message has another ID than the request");
  if (!header.qr) return bad("a message is not an answer");
  if (header.opcode != dns::Opcode::query) return bad("a message has another opcode");
  if (header.tc) return bad("a message says that it is truncated");
  if (!message.authority.empty()) return bad("a message has records in its authority section");
  return {};
}

Result<void> IncomingTransfer::check_rcode(const dns::Message& message, Octets octets,
                                           dns::TsigTime now) {
  const auto rcode = message.header.rcode;
  if (rcode == Rcode::noerror) return {};
  // BADKEY, BADSIG and BADTIME tell more than the NOTAUTH they come with (RFC 8945 section 5.2).
  if (session_ && message.tsig_at) {
    const auto verdict = session_->check_answer(octets, message.tsig_at, now);
    if (verdict.error != dns::TsigError::none) return fail(Errc::unauthorized, verdict.why);
  }
  return fail(Errc::refused, words_of(rcode, apex_, session_.has_value(), have_.has_value()));
}

Result<void> IncomingTransfer::check_question(const dns::Message& message) const {
  const bool is_first = stage_ == Stage::first && messages_ == 1;
  if (message.question.empty()) {
    if (is_first) return bad("the first message does not repeat the question");
    return {};
  }
  const dns::Question asked{apex_, have_ ? RRType::IXFR : RRType::AXFR, dns::Class::IN};
  if (message.question.size() != 1 || message.question[0] != asked) {
    return bad("a message answers another question");
  }
  return {};
}

Result<void> IncomingTransfer::check_signature(const dns::Message& message, Octets octets,
                                               dns::TsigTime now, bool last) {
  if (!session_) {
    if (message.tsig_at) return bad("a message is signed, and nobody asked for that");
    return {};
  }
  const auto verdict = session_->check_answer(octets, message.tsig_at, now, last);
  if (verdict.error == dns::TsigError::none) return {};
  return fail(Errc::unauthorized, verdict.why);
}

Result<void> IncomingTransfer::take_record(dns::Record record) {
  if (stage_ == Stage::complete) return bad("there is more behind the closing SOA");
  if (record.klass != dns::Class::IN) return bad("a record is not of class IN");
  if (dns::is_meta(record.type)) {
    return bad("a record of the type " + dns::to_text(record.type) + " cannot be in a zone");
  }
  const bool is_soa = record.type == RRType::SOA && record.owner == apex_;
  if (stage_ == Stage::first) {
    if (!is_soa) return bad("the transfer does not begin with the zone's SOA");
    return take_first(std::move(record));
  }
  if (is_soa) return take_soa(std::move(record));
  if (stage_ == Stage::second) stage_ = Stage::middle;  // a whole zone (RFC 1995 section 4)
  if (!record.owner.is_subdomain_of(apex_)) {
    ++outside_;
    return {};
  }
  if (stage_ == Stage::middle) return keep(std::move(record), records_);
  auto& step = steps_.back();
  return keep(std::move(record), stage_ == Stage::deleting ? step.deleted : step.added);
}

Result<void> IncomingTransfer::take_first(dns::Record record) {
  auto soa = dns::Soa::from_rdata(record.rdata.wire());
  if (!soa) return bad("the zone's SOA cannot be read: " + soa.error().detail);
  soa_ = std::move(*soa);
  stage_ = have_ ? Stage::second : Stage::middle;
  return keep(std::move(record), records_);
}

/// A SOA of the apex behind the first: it opens or closes something.
Result<void> IncomingTransfer::take_soa(dns::Record record) {
  switch (stage_) {
    case Stage::second: {
      const auto soa = dns::Soa::from_rdata(record.rdata.wire());
      if (soa && soa->serial != have_->serial) {
        return bad("the differences begin at serial " + std::to_string(soa->serial.value()) +
                   ", and we have " + std::to_string(have_->serial.value()));
      }
      kind_ = IncomingKind::differences;
      return begin_step(std::move(record));
    }
    case Stage::deleting: {
      auto& step = steps_.back();
      const auto before = dns::Soa::from_rdata(step.before.rdata.wire());
      const auto after = dns::Soa::from_rdata(record.rdata.wire());
      if (!before || !after || !(after->serial > before->serial)) {
        return bad("a step of the differences does not go ahead");
      }
      step.after = std::move(record);
      stage_ = Stage::adding;
      return {};
    }
    case Stage::adding:
      break;
    default:
      if (!is_first_again(record)) {
        return bad(
            "the SOA at the end is another than at the beginning: the zone changed meanwhile");
      }
      stage_ = Stage::complete;
      return {};
  }
  if (is_first_again(record) && is_first_again(steps_.back().after)) {
    stage_ = Stage::complete;
    return {};
  }
  const auto reached = dns::Soa::from_rdata(steps_.back().after.rdata.wire());
  const auto next = dns::Soa::from_rdata(record.rdata.wire());
  if (!reached || !next || next->serial != reached->serial) {
    return bad("a step of the differences does not begin where the one before it ended");
  }
  return begin_step(std::move(record));
}

Result<void> IncomingTransfer::begin_step(dns::Record soa) {
  if (++kept_ > limits_.records) return too_many();
  steps_.push_back({std::move(soa), {}, {}, {}});
  stage_ = Stage::deleting;
  return {};
}

Result<void> IncomingTransfer::keep(dns::Record record, std::vector<dns::Record>& where) {
  if (++kept_ > limits_.records) return too_many();
  where.push_back(std::move(record));
  return {};
}

/// Compression may have changed the case of names.
bool IncomingTransfer::is_first_again(const dns::Record& soa) const {
  return dns::compare_canonical(RRType::SOA, soa.rdata.wire(), records_.front().rdata.wire()) == 0;
}

Result<void> IncomingTransfer::too_many() const {
  return fail(Errc::too_large,
              "the zone has more than " + std::to_string(limits_.records) + " records");
}

}  // namespace taproot::xfr
