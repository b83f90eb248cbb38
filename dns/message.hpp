#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"
#include "dns/wire.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace taproot::dns {

struct Header {
  std::uint16_t id = 0;
  bool qr = false;
  Opcode opcode = Opcode::query;
  bool aa = false;
  bool tc = false;
  bool rd = false;
  bool ra = false;
  bool ad = false;
  bool cd = false;
  Rcode rcode = Rcode::noerror;  ///< the extended code of RFC 6891 once parsed
};

struct Question {
  Name qname;
  RRType qtype = RRType::A;
  Class qclass = Class::IN;
  friend bool operator==(const Question&, const Question&) = default;
};

/// One record as it stands in a message. OPT and TSIG are taken out of the sections by parse().
struct Record {
  Name owner;
  RRType type = RRType::none;
  Class klass = Class::IN;
  std::uint32_t ttl = 0;
  Rdata rdata;
  friend bool operator==(const Record&, const Record&) = default;
};

struct EdnsOption {
  std::uint16_t code = 0;
  std::vector<std::uint8_t> data;
  friend bool operator==(const EdnsOption&, const EdnsOption&) = default;
};

/// The OPT pseudo-record (RFC 6891).
struct Edns {
  std::uint16_t udp_size = 1232;
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  std::vector<EdnsOption> options;
};

/// A whole message as a value: for clients, tests and everything that is not the query path
/// (that one uses Query). Class ANY/NONE records of UPDATE with empty rdata are representable.
struct Message {
  Header header;
  std::vector<Question> question;
  std::vector<Record> answer;
  std::vector<Record> authority;
  std::vector<Record> additional;
  std::optional<Edns> edns;
  /// Where the TSIG record begins in the octets that were parsed, if there is one. Verifying is
  /// the business of tsig.hpp. Ignored by compose().
  std::optional<std::size_t> tsig_at;

  /// Parses all sections. Fails with Errc::bad_message (two OPTs, TSIG not last, OPT not in
  /// additional, octets after the last record) or what reading names and rdata fails with.
  static Result<Message> parse(Octets wire);

  /// Composes with compression into at most `limit` octets. Fails with Errc::too_large.
  Result<std::vector<std::uint8_t>> compose(std::size_t limit = 65535) const;
};

/// An ordinary query for one RRset: random id, RD off, EDNS with `udp_size` (0: no EDNS).
Message make_query(const Name& qname, RRType qtype, std::uint16_t udp_size = 1232);

/// The parts of a request that deciding on an answer needs, borrowed from the request's octets.
/// Parsing allocates nothing and does not look into the sections beyond what is named here.
struct Query {
  Header header;
  Octets qname;  ///< uncompressed wire format, inside the request
  RRType qtype = RRType::none;
  Class qclass = Class::IN;
  std::size_t question_end = 12;  ///< octets of header and question
  std::uint16_t answer_count = 0;
  std::uint16_t authority_count = 0;
  bool has_edns = false;
  std::uint8_t edns_version = 0;
  std::uint16_t udp_size = 512;  ///< what the requester can take; never under 512
  bool dnssec_ok = false;
  bool has_tsig = false;
  std::size_t tsig_at = 0;

  /// What kept a request from being parsed. `formerr` deserves an answer with that rcode,
  /// `drop` deserves silence (shorter than a header, or QR set).
  enum class Trouble { none, formerr, drop };

  /// Parses `wire`; on Trouble::formerr the header is still filled in. NOTIFY and IXFR carry
  /// records before the additional section: they are skipped, not checked.
  static Trouble parse(Octets wire, Query& query);
};

}  // namespace taproot::dns
