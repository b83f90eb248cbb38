#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"

#include <string>
#include <string_view>

namespace taproot::dns {

// Text of the two types whose fields do not stand in the order of the wire, or whose shape depends
// on their values. Readers append wire format and return what is wrong, or an empty string.

std::string append_from_ipseckey(std::string& wire, std::string_view text, const Name& origin);
void append_ipseckey(std::string& out, Octets rdata);

std::string append_from_hip(std::string& wire, std::string_view text, const Name& origin);
void append_hip(std::string& out, Octets rdata);

}  // namespace taproot::dns
