#include "server/owed_answers.hpp"

#include "dns/header.hpp"

#include <utility>

namespace taproot::server {

OwedAnswer::OwedAnswer(const dns::Query& request, Octets octets,
                       std::optional<dns::TsigSession> signer)
    : session(std::move(signer)), query_(request) {
  const Octets head = octets.first(request.question_end);
  head_.assign(head.begin(), head.end());
  query_.qname = {};  // it points into the request
}

dns::Query OwedAnswer::query() const {
  dns::Query query = query_;
  const Octets question = Octets(head_).subspan(dns::header_size);
  query.qname = question.first(dns::name_length(question));
  return query;
}

OwedAnswers::Ticket OwedAnswers::add(OwedAnswer answer) {
  owed_.emplace(++last_, std::move(answer));
  return last_;
}

void OwedAnswers::deliver(Ticket ticket, OwedAnswer::Deliver deliver) {
  const auto found = owed_.find(ticket);
  if (found != owed_.end()) found->second.deliver = std::move(deliver);
}

std::optional<OwedAnswer> OwedAnswers::take(Ticket ticket) {
  const auto found = owed_.find(ticket);
  if (found == owed_.end()) return std::nullopt;
  std::optional<OwedAnswer> answer(std::move(found->second));
  owed_.erase(found);
  return answer;
}

}  // namespace taproot::server
