#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/serial.hpp"
#include "pushers/rrset_key.hpp"

#include <optional>
#include <string>

namespace taproot::pushers {

/// Who brought a zone to a provider last, and which serial of it: a TXT RRset in the zone there,
/// for accounts that more than one taproot writes to. It goes with every write, so that a provider
/// which compares refuses what was planned before somebody else wrote; and whoever finds a serial
/// there that is not behind its own writes nothing.
struct Fence {
  std::string holder;  ///< a taproot's name
  dns::Serial serial;

  friend bool operator==(const Fence&, const Fence&) = default;
};

/// Where the fence of a zone is: _taproot-fence.ZONE, TXT.
RRsetKey fence_key(const dns::Name& apex);

/// The RRset that says so.
dns::RRset to_rrset(const Fence& fence, const dns::Name& apex);

/// Nothing if an RRset is no fence of ours.
std::optional<Fence> fence_from(const dns::RRset& rrset);

/// 1 to 63 letters, digits, dots and hyphens.
bool is_holder_name(std::string_view name);

}  // namespace taproot::pushers
