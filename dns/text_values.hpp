#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taproot::dns {

// Text forms of single values in rdata. Readers append wire format and return what is wrong, or
// nullptr; a caller shows the text, so the words go on after it.

/// A number of `Number`'s range in decimal, without sign.
template <class Number>
std::optional<Number> number_from_text(std::string_view text);

/// The mnemonics of DNSSEC algorithms (RFC 4034 appendix A.1 and the IANA registry), or a number.
std::optional<std::uint8_t> algorithm_from_text(std::string_view text);

/// The mnemonics of RFC 4398 section 2.1, or a number.
std::optional<std::uint16_t> cert_type_from_text(std::string_view text);
void append_cert_type(std::string& out, std::uint16_t type);

/// The mnemonic of RFC 9859 section 6.2, or a number.
std::optional<std::uint8_t> dsync_scheme_from_text(std::string_view text);
void append_dsync_scheme(std::string& out, std::uint8_t scheme);

/// YYYYMMDDHHmmSS in UTC, or seconds since 1970 (RFC 4034 section 3.2); taken modulo 2^32.
std::optional<std::uint32_t> time_from_text(std::string_view text);
void append_time(std::string& out, std::uint32_t seconds);

/// Octets in pairs of hexadecimal digits with '-' between (RFC 7043 section 3.2).
const char* append_from_eui(std::string& wire, std::string_view text, std::size_t size);
void append_eui(std::string& out, Octets octets);

/// base32hex of RFC 4648 section 7 without padding, in any case; written in lower case.
const char* append_from_base32hex(std::string& wire, std::string_view text);
void append_base32hex(std::string& out, Octets octets);

/// RR types between blanks as a bitmap of RFC 4034 section 4.1.2, and back.
const char* append_from_types(std::string& wire, std::string_view text);
void append_types(std::string& out, Octets bitmap);

/// An IPv4 or IPv6 address as `family` (AF_INET, AF_INET6) says.
const char* append_from_address(std::string& wire, int family, std::string_view text);
void append_address(std::string& out, int family, Octets octets);

}  // namespace taproot::dns
