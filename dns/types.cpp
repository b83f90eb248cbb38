#include "dns/types.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace taproot::dns {

namespace {

struct Mnemonic {
  RRType type;
  std::string_view text;
};

/// The common ones first: reading a zone file looks them up for every record.
constexpr std::array mnemonics{
    Mnemonic{RRType::A, "A"},
    Mnemonic{RRType::AAAA, "AAAA"},
    Mnemonic{RRType::CNAME, "CNAME"},
    Mnemonic{RRType::NS, "NS"},
    Mnemonic{RRType::MX, "MX"},
    Mnemonic{RRType::TXT, "TXT"},
    Mnemonic{RRType::PTR, "PTR"},
    Mnemonic{RRType::SRV, "SRV"},
    Mnemonic{RRType::SOA, "SOA"},
    Mnemonic{RRType::CAA, "CAA"},
    Mnemonic{RRType::DS, "DS"},
    Mnemonic{RRType::RRSIG, "RRSIG"},
    Mnemonic{RRType::NSEC, "NSEC"},
    Mnemonic{RRType::NSEC3, "NSEC3"},
    Mnemonic{RRType::DNSKEY, "DNSKEY"},
    Mnemonic{RRType::HTTPS, "HTTPS"},
    Mnemonic{RRType::SVCB, "SVCB"},
    Mnemonic{RRType::TLSA, "TLSA"},
    Mnemonic{RRType::NAPTR, "NAPTR"},
    Mnemonic{RRType::MD, "MD"},
    Mnemonic{RRType::MF, "MF"},
    Mnemonic{RRType::MB, "MB"},
    Mnemonic{RRType::MG, "MG"},
    Mnemonic{RRType::MR, "MR"},
    Mnemonic{RRType::null, "NULL"},
    Mnemonic{RRType::WKS, "WKS"},
    Mnemonic{RRType::HINFO, "HINFO"},
    Mnemonic{RRType::MINFO, "MINFO"},
    Mnemonic{RRType::RP, "RP"},
    Mnemonic{RRType::AFSDB, "AFSDB"},
    Mnemonic{RRType::X25, "X25"},
    Mnemonic{RRType::ISDN, "ISDN"},
    Mnemonic{RRType::RT, "RT"},
    Mnemonic{RRType::SIG, "SIG"},
    Mnemonic{RRType::KEY, "KEY"},
    Mnemonic{RRType::PX, "PX"},
    Mnemonic{RRType::LOC, "LOC"},
    Mnemonic{RRType::NXT, "NXT"},
    Mnemonic{RRType::KX, "KX"},
    Mnemonic{RRType::CERT, "CERT"},
    Mnemonic{RRType::DNAME, "DNAME"},
    Mnemonic{RRType::OPT, "OPT"},
    Mnemonic{RRType::APL, "APL"},
    Mnemonic{RRType::SSHFP, "SSHFP"},
    Mnemonic{RRType::IPSECKEY, "IPSECKEY"},
    Mnemonic{RRType::DHCID, "DHCID"},
    Mnemonic{RRType::NSEC3PARAM, "NSEC3PARAM"},
    Mnemonic{RRType::SMIMEA, "SMIMEA"},
    Mnemonic{RRType::HIP, "HIP"},
    Mnemonic{RRType::CDS, "CDS"},
    Mnemonic{RRType::CDNSKEY, "CDNSKEY"},
    Mnemonic{RRType::OPENPGPKEY, "OPENPGPKEY"},
    Mnemonic{RRType::CSYNC, "CSYNC"},
    Mnemonic{RRType::ZONEMD, "ZONEMD"},
    Mnemonic{RRType::DSYNC, "DSYNC"},
    Mnemonic{RRType::SPF, "SPF"},
    Mnemonic{RRType::EUI48, "EUI48"},
    Mnemonic{RRType::EUI64, "EUI64"},
    Mnemonic{RRType::TKEY, "TKEY"},
    Mnemonic{RRType::TSIG, "TSIG"},
    Mnemonic{RRType::IXFR, "IXFR"},
    Mnemonic{RRType::AXFR, "AXFR"},
    Mnemonic{RRType::MAILB, "MAILB"},
    Mnemonic{RRType::MAILA, "MAILA"},
    Mnemonic{RRType::ANY, "ANY"},
    Mnemonic{RRType::URI, "URI"},
};

constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

bool same_word(std::string_view text, std::string_view upper_case) {
  return std::equal(text.begin(), text.end(), upper_case.begin(), upper_case.end(),
                    [](char a, char b) { return upper(a) == b; });
}

/// The number after TYPE.
std::optional<std::uint16_t> generic_number(std::string_view text) {
  if (text.size() < 5 || !same_word(text.substr(0, 4), "TYPE")) return std::nullopt;
  std::uint16_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 4, end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::string to_text(RRType type) {
  const auto* found = std::find_if(mnemonics.begin(), mnemonics.end(),
                                   [type](const Mnemonic& m) { return m.type == type; });
  if (found != mnemonics.end()) return std::string(found->text);
  return "TYPE" + std::to_string(static_cast<unsigned>(type));
}

Result<RRType> rrtype_from_text(std::string_view text) {
  for (const Mnemonic& m : mnemonics) {
    if (m.text.size() == text.size() && same_word(text, m.text)) return m.type;
  }
  if (const auto number = generic_number(text)) return static_cast<RRType>(*number);
  return fail(Errc::bad_text, "\"" + std::string(text.substr(0, 40)) +
                                  "\" is not an RR type; write TYPE and its number for one that "
                                  "has no mnemonic here");
}

std::string to_text(Class value) {
  switch (value) {
    case Class::IN:
      return "IN";
    case Class::CH:
      return "CH";
    case Class::HS:
      return "HS";
    case Class::none:
      return "NONE";
    case Class::any:
      return "ANY";
  }
  return "CLASS" + std::to_string(static_cast<unsigned>(value));
}

std::string to_text(Opcode value) {
  switch (value) {
    case Opcode::query:
      return "QUERY";
    case Opcode::iquery:
      return "IQUERY";
    case Opcode::status:
      return "STATUS";
    case Opcode::notify:
      return "NOTIFY";
    case Opcode::update:
      return "UPDATE";
  }
  return "OPCODE" + std::to_string(static_cast<unsigned>(value));
}

std::string to_text(Rcode value) {
  switch (value) {
    case Rcode::noerror:
      return "NOERROR";
    case Rcode::formerr:
      return "FORMERR";
    case Rcode::servfail:
      return "SERVFAIL";
    case Rcode::nxdomain:
      return "NXDOMAIN";
    case Rcode::notimp:
      return "NOTIMP";
    case Rcode::refused:
      return "REFUSED";
    case Rcode::yxdomain:
      return "YXDOMAIN";
    case Rcode::yxrrset:
      return "YXRRSET";
    case Rcode::nxrrset:
      return "NXRRSET";
    case Rcode::notauth:
      return "NOTAUTH";
    case Rcode::notzone:
      return "NOTZONE";
    case Rcode::badvers:
      return "BADVERS";
    case Rcode::badkey:
      return "BADKEY";
    case Rcode::badtime:
      return "BADTIME";
  }
  return "RCODE" + std::to_string(static_cast<unsigned>(value));
}

}  // namespace taproot::dns
