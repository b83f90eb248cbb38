#include "server/answer.hpp"

#include "dns/header.hpp"
#include "dns/rdata.hpp"
#include "dns/wire.hpp"

#include <algorithm>
#include <functional>

namespace taproot::server {

namespace {

using dns::Rcode;
using dns::RRType;
using dns::WireWriter;
using zonestore::Node;
using zonestore::RRsetView;

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Match(Cases...) -> Match<Cases...>;  // clang 14 does not guess it

constexpr std::size_t header_size = 12;
constexpr std::size_t opt_size = 11;
constexpr std::size_t extended_error_size = 6;

/// Types whose rdata is a copy of what the version holds: no names to compress.
bool is_copied(RRType type) {
  switch (type) {
    case RRType::NS:
    case RRType::CNAME:
    case RRType::SOA:
    case RRType::PTR:
    case RRType::MX:
      return false;
    default:
      return true;
  }
}

/// Writes one message: header and question when made, then records, then the end.
class MessageWriter {
 public:
  MessageWriter(const dns::Query& query, std::span<std::uint8_t> buffer, std::size_t limit,
                ExtendedError extended)
      : query_(query),
        extended_(query.has_edns ? extended : ExtendedError::none),
        writer_(buffer, table_) {
    constexpr std::array<std::uint8_t, header_size> for_the_header{};
    writer_.octets(for_the_header);
    if (has_question()) {
      writer_.name(query.qname);
      writer_.u16(static_cast<std::uint16_t>(query.qtype));
      writer_.u16(static_cast<std::uint16_t>(query.qclass));
    }
    question_end_ = writer_.position();
    const std::size_t end_size = this->end_size();
    end_ = std::max(limit, question_end_ + end_size);
    writer_.limit(end_ - end_size);
  }

  enum class Section : std::size_t { answer, authority, additional };

  /// All records of an RRset, or none of them: then false.
  bool rrset(Section section, Octets owner, const RRsetView& rrset, std::uint32_t ttl) {
    const std::size_t mark = writer_.position();
    const bool copied = is_copied(rrset.type());
    for (const Octets rdata : rrset) {
      write_owner(owner);
      write_fixed(rrset.type(), ttl);
      if (copied) {
        writer_.u16(static_cast<std::uint16_t>(rdata.size()));
        writer_.octets(rdata);
      } else {
        write_rdata(rrset.type(), rdata);
      }
      if (writer_.overflowed()) break;
    }
    return keep(section, mark, rrset.count());
  }

  bool rrset(Section section, const NamedRRset& named) {
    return rrset(section, named.owner, named.rrset, named.rrset.ttl());
  }

  bool cname(Octets owner, Octets target, std::uint32_t ttl) {
    const std::size_t mark = writer_.position();
    write_owner(owner);
    write_fixed(RRType::CNAME, ttl);
    write_rdata(RRType::CNAME, target);
    return keep(Section::answer, mark, 1);
  }

  /// Forgets all records and sets TC.
  void truncate() {
    writer_.rewind(question_end_);
    counts_ = {};
    truncated_ = true;
  }

  std::size_t finish(Rcode rcode, bool authoritative) {
    if (query_.has_edns) write_opt(rcode);
    dns::Header header;
    header.qr = true;
    header.opcode = query_.header.opcode;
    header.aa = authoritative;
    header.tc = truncated_;
    header.rd = query_.header.rd;
    header.rcode = static_cast<Rcode>(static_cast<unsigned>(rcode) & 15u);
    writer_.put_u16(0, query_.header.id);
    writer_.put_u16(2, dns::flags_of(header));
    writer_.put_u16(4, has_question() ? 1 : 0);
    for (std::size_t i = 0; i < counts_.size(); ++i) writer_.put_u16(6 + 2 * i, counts_[i]);
    return writer_.position();
  }

 private:
  bool has_question() const { return !query_.qname.empty(); }

  std::size_t end_size() const {
    if (!query_.has_edns) return 0;
    return opt_size + (extended_ == ExtendedError::none ? 0 : extended_error_size);
  }

  bool keep(Section section, std::size_t mark, std::size_t records) {
    if (writer_.overflowed()) {
      writer_.rewind(mark);
      return false;
    }
    auto& count = counts_[static_cast<std::size_t>(section)];
    count = static_cast<std::uint16_t>(count + records);
    return true;
  }

  /// Most owners are the question's name or the end of it, and those we know the place of.
  void write_owner(Octets owner) {
    const std::uint8_t* const begin = query_.qname.data();
    const std::less<> before;
    const bool in_question =
        !before(owner.data(), begin) && before(owner.data(), begin + query_.qname.size());
    if (!in_question || owner.size() == 1) return writer_.name(owner);
    const auto offset = static_cast<std::size_t>(owner.data() - begin) + header_size;
    writer_.u16(static_cast<std::uint16_t>(0xc000 | offset));
  }

  void write_fixed(RRType type, std::uint32_t ttl) {
    writer_.u32(static_cast<std::uint32_t>(type) << 16 | static_cast<unsigned>(dns::Class::IN));
    writer_.u32(ttl);
  }

  void write_rdata(RRType type, Octets rdata) {
    const std::size_t length_at = writer_.position();
    writer_.u16(0);
    dns::write_rdata(writer_, type, rdata);
    if (writer_.overflowed()) return;
    writer_.put_u16(length_at, static_cast<std::uint16_t>(writer_.position() - length_at - 2));
  }

  void write_opt(Rcode rcode) {
    writer_.limit(end_);
    writer_.u8(0);
    writer_.u16(static_cast<std::uint16_t>(RRType::OPT));
    writer_.u16(edns_udp_size);
    writer_.u8(static_cast<std::uint8_t>(static_cast<unsigned>(rcode) >> 4));
    writer_.u8(0);
    writer_.u16(query_.dnssec_ok ? 0x8000 : 0);  // RFC 3225 section 3: as it was asked
    if (extended_ == ExtendedError::none) {
      writer_.u16(0);
    } else {
      constexpr std::uint16_t option_code = 15;  // RFC 8914 section 2
      writer_.u16(extended_error_size);
      writer_.u16(option_code);
      writer_.u16(2);
      writer_.u16(static_cast<std::uint16_t>(extended_));
    }
    ++counts_[static_cast<std::size_t>(Section::additional)];
  }

  const dns::Query& query_;
  ExtendedError extended_;
  std::array<std::uint16_t, 128> table_;
  WireWriter writer_;
  std::size_t question_end_ = 0;
  std::size_t end_ = 0;
  std::array<std::uint16_t, 3> counts_{};
  bool truncated_ = false;
};

using Section = MessageWriter::Section;

/// A DNAME that is used twice still is one RRset of the answer: true if one of the first `links`
/// of the chain has brought it.
bool is_written(const Few<Link, max_chain>& chain, std::size_t links, const RRsetView& dname) {
  return std::any_of(chain.begin(), chain.begin() + links, [&](const Link& link) {
    return link.dname && (*link.dname).packed().data() == dname.packed().data();
  });
}

bool write_chain(MessageWriter& message, const Few<Link, max_chain>& chain) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const Link& link = chain[i];
    if (link.dname && !is_written(chain, i, *link.dname) &&
        !message.rrset(Section::answer, {link.dname_owner, *link.dname})) {
      return false;
    }
    if (!message.cname(link.owner, link.target, link.ttl)) return false;
  }
  return true;
}

bool write_outcome(MessageWriter& message, const Answer& answer) {
  return std::visit(
      Match{[&](const Found& found) { return message.rrset(Section::answer, found.rrset); },
            [&](const TooLongName& end) {
              return is_written(answer.chain, answer.chain.size(), end.dname.rrset) ||
                     message.rrset(Section::answer, end.dname);
            },
            [&](const Referral& end) { return message.rrset(Section::authority, end.delegation); },
            [&](const Nodata& end) {
              return message.rrset(Section::authority, end.soa.owner, end.soa.rrset, end.ttl);
            },
            [&](const Nxdomain& end) {
              return message.rrset(Section::authority, end.soa.owner, end.soa.rrset, end.ttl);
            },
            [](const ChainOnly&) { return true; }, [](const NotOurs&) { return true; },
            [](const NotLoaded&) { return true; }, [](const BadType&) { return true; }},
      answer.outcome);
}

/// False if glue is missing without which a referral is of no use.
bool write_additional(MessageWriter& message, const Answer& answer) {
  const auto* referral = std::get_if<Referral>(&answer.outcome);
  const std::size_t needed = referral == nullptr ? 0 : referral->needed;
  std::size_t written = 0;
  for (const NamedRRset& named : answer.additional) {
    if (!message.rrset(Section::additional, named)) break;
    ++written;
  }
  return written >= needed;
}

bool is_authoritative(const Answer& answer) {
  // AA speaks of the name asked for (RFC 1035 section 4.1.1), so a chain has it in any case.
  if (!answer.chain.empty()) return true;
  return std::visit(
      Match{[](const Found&) { return true; }, [](const Nodata&) { return true; },
            [](const Nxdomain&) { return true; }, [](const TooLongName&) { return true; },
            [](const ChainOnly&) { return true; }, [](const Referral&) { return false; },
            [](const NotOurs&) { return false; }, [](const NotLoaded&) { return false; },
            [](const BadType&) { return false; }},
      answer.outcome);
}

ExtendedError extended_error_of(const Answer& answer) {
  if (std::holds_alternative<NotOurs>(answer.outcome)) return ExtendedError::not_authoritative;
  if (std::holds_alternative<NotLoaded>(answer.outcome)) return ExtendedError::not_ready;
  return ExtendedError::none;
}

}  // namespace

Rcode rcode_of(const Answer& answer) {
  return std::visit(Match{[](const Found&) { return Rcode::noerror; },
                          [](const Nodata&) { return Rcode::noerror; },
                          [](const Nxdomain&) { return Rcode::nxdomain; },
                          [](const Referral&) { return Rcode::noerror; },
                          [](const ChainOnly&) { return Rcode::noerror; },
                          [](const TooLongName&) { return Rcode::yxdomain; },
                          [](const NotOurs&) { return Rcode::refused; },
                          [](const NotLoaded&) { return Rcode::servfail; },
                          [](const BadType& bad) { return bad.rcode; }},
                    answer.outcome);
}

std::size_t compose(const Answer& answer, const dns::Query& query, std::span<std::uint8_t> buffer,
                    std::size_t limit) {
  MessageWriter message(query, buffer, limit, extended_error_of(answer));
  const bool complete = write_chain(message, answer.chain) && write_outcome(message, answer) &&
                        write_additional(message, answer);
  if (!complete) message.truncate();
  return message.finish(rcode_of(answer), is_authoritative(answer));
}

std::size_t compose_rcode(Rcode rcode, const dns::Query& query, std::span<std::uint8_t> buffer,
                          ExtendedError extended) {
  MessageWriter message(query, buffer, 0, extended);
  return message.finish(rcode, false);
}

}  // namespace taproot::server
