#pragma once

#include "dns/name.hpp"
#include "dns/rdata_layout.hpp"
#include "dns/rrset.hpp"

#include <string>
#include <string_view>

namespace taproot::dns {

// Presentation format of the types whose fields all have a text form of our own, straight from the
// table of layouts and without a library: records come by the million.

/// Reads fields as rdata_from_text() does, RFC 3597 text aside. `layout.has_text` must be true.
Result<Rdata> own_rdata_from_text(const Layout& layout, std::string_view text, const Name& origin);

/// Appends valid rdata as text.
void append_own_rdata_text(std::string& out, const Layout& layout, Octets rdata);

}  // namespace taproot::dns
