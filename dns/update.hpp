#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace taproot::dns {

/// What an UPDATE demands of a zone before anything is done (RFC 2136 section 2.4).
struct Prerequisite {
  enum class Kind {
    rrset_exists,      ///< whatever its values
    rrset_has_values,  ///< these and no others, whatever their TTL
    rrset_absent,
    name_in_use,  ///< it has an RRset: an empty non-terminal is not in use
    name_not_in_use
  };
  Kind kind = Kind::rrset_exists;
  Name owner;
  RRType type = RRType::none;  ///< none for the two kinds of names
  std::vector<Rdata> values;   ///< of rrset_has_values
};

/// One change that an UPDATE asks for (RFC 2136 section 2.5).
struct UpdateChange {
  enum class Kind {
    add,
    remove_rrset,
    remove_name,  ///< all its RRsets
    remove_value
  };
  Kind kind = Kind::add;
  Name owner;
  RRType type = RRType::none;  ///< none for remove_name
  std::uint32_t ttl = 0;       ///< of add
  Rdata value;                 ///< of add and remove_value
  /// Types that remove_name leaves in place; for whoever grants the right to it.
  std::vector<RRType> spares{};
};

/// Why a message is no UPDATE that can be looked at: FORMERR, NOTZONE or NOTAUTH.
struct UpdateFault {
  Rcode rcode = Rcode::formerr;
  std::string why;
};

/// A request to change a zone (RFC 2136) as a value. One that exists keeps the rules of sections
/// 3.1, 3.2 and 3.4.1 that need no zone: all owners lie in it, classes, types, TTLs and rdata fit
/// together.
struct Update {
  Name zone;
  std::vector<Prerequisite> prerequisites;  ///< those of the same RRset's values gathered in one
  std::vector<UpdateChange> changes;        ///< in the order of the message, which matters

  /// Parses a whole message of class IN. Additional records are passed over: what they say is
  /// not needed (OPT and TSIG are the business of others).
  static tl::expected<Update, UpdateFault> parse(Octets wire);
};

}  // namespace taproot::dns
