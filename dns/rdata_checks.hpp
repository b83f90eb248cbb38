#pragma once

#include "dns/octets.hpp"

namespace taproot::dns {

// What a list of fields cannot say about rdata. Each looks at octets from outside, reads nothing
// past their end, and returns what is wrong or nullptr.

const char* why_bad_bitmap(Octets bitmap);   ///< RFC 4034 section 4.1.2
const char* why_bad_tag(Octets tag);         ///< RFC 8659 section 4.1, without its length octet
const char* why_bad_isdn(Octets rdata);      ///< RFC 1183 section 3.2
const char* why_bad_loc(Octets rdata);       ///< RFC 1876 section 2
const char* why_bad_apl(Octets rdata);       ///< RFC 3123 section 4
const char* why_bad_ds(Octets rdata);        ///< digest lengths of RFC 4034, 4509 and 6605
const char* why_bad_sshfp(Octets rdata);     ///< RFC 4255 section 3.1, RFC 6594
const char* why_bad_ipseckey(Octets rdata);  ///< RFC 4025 section 2
const char* why_bad_hip(Octets rdata);       ///< RFC 8005 section 5
const char* why_bad_zonemd(Octets rdata);    ///< RFC 8976 section 2.2
const char* why_bad_svcb(Octets rdata);      ///< RFC 9460 sections 2.2 and 7

}  // namespace taproot::dns
