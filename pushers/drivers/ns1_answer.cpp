#include "pushers/drivers/ns1_answer.hpp"

#include "pushers/drivers/rdata_fields.hpp"

#include <algorithm>

namespace taproot::pushers {

namespace {

using dns::RRType;

bool is_text(RRType type) {
  return type == RRType::TXT || type == RRType::SPF;
}

/// How many fields stand before the one that may have blanks in it, and how many after.
struct Around {
  std::size_t before = 0;
  std::size_t after = 0;
};

Around around_blanks(RRType type) {
  switch (type) {
    case RRType::MX:
      return {1, 0};
    case RRType::SRV:
    case RRType::DS:
    case RRType::TLSA:
    case RRType::SMIMEA:
      return {3, 0};
    case RRType::CAA:
    case RRType::SSHFP:
    case RRType::HTTPS:
    case RRType::SVCB:
      return {2, 0};
    case RRType::NAPTR:
      return {4, 1};  // the regular expression
    default:
      return {};
  }
}

}  // namespace

const std::vector<RRType>& ns1_types() {
  static const std::vector<RRType> types{
      RRType::A,   RRType::AAAA,  RRType::CAA, RRType::CNAME, RRType::DNAME, RRType::DS,
      RRType::MX,  RRType::HTTPS, RRType::NS,  RRType::NAPTR, RRType::PTR,   RRType::SPF,
      RRType::SRV, RRType::SSHFP, RRType::TXT, RRType::SVCB,  RRType::TLSA};
  return types;
}

std::vector<std::string> ns1_answer(RRType type, Octets rdata) {
  if (is_text(type)) return {joined_strings(rdata)};
  return pieces_of(type, rdata);
}

Result<dns::Rdata> ns1_rdata(RRType type, std::string_view short_answer) {
  if (is_text(type)) return in_strings(short_answer);
  const Around around = around_blanks(type);
  std::vector<std::string> pieces;
  while (pieces.size() < around.before) {
    const auto blank = short_answer.find(' ');
    if (blank == std::string_view::npos) break;
    pieces.emplace_back(short_answer.substr(0, blank));
    short_answer.remove_prefix(blank + 1);
  }
  const auto last = around.after == 0 ? std::string_view::npos : short_answer.rfind(' ');
  pieces.emplace_back(short_answer.substr(0, last));
  if (last != std::string_view::npos) pieces.emplace_back(short_answer.substr(last + 1));
  return rdata_of(type, pieces);
}

}  // namespace taproot::pushers
