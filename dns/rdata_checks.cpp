#include "dns/rdata_checks.hpp"

#include "dns/name.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace taproot::dns {

namespace {

std::size_t u16_at(Octets octets, std::size_t at) {
  return static_cast<std::size_t>(octets[at] << 8 | octets[at + 1]);
}

std::uint32_t u32_at(Octets octets, std::size_t at) {
  return static_cast<std::uint32_t>(u16_at(octets, at) << 16 | u16_at(octets, at + 2));
}

// SvcParamKeys of RFC 9460 section 14.3.2.
constexpr std::size_t key_mandatory = 0;
constexpr std::size_t key_alpn = 1;
constexpr std::size_t key_no_default_alpn = 2;
constexpr std::size_t key_port = 3;
constexpr std::size_t key_ipv4hint = 4;
constexpr std::size_t key_ipv6hint = 6;
constexpr std::size_t key_ohttp = 8;  // RFC 9540 section 4

/// `params`, which are whole and in order, from the first key on that is not below `key`.
Octets from_key(Octets params, std::size_t key) {
  while (!params.empty() && u16_at(params, 0) < key) {
    params = params.subspan(4 + u16_at(params, 2));
  }
  return params;
}

bool starts_with_key(Octets params, std::size_t key) {
  return !params.empty() && u16_at(params, 0) == key;
}

const char* why_bad_mandatory(Octets value, Octets params) {
  if (value.empty() || value.size() % 2 != 0) return "mandatory is not a list of keys";
  std::size_t before = 0;
  for (std::size_t i = 0; i < value.size(); i += 2) {
    const std::size_t key = u16_at(value, i);
    // RFC 9460 section 8: in ascending order, and never the key "mandatory" itself.
    if (key <= before) return "the keys in mandatory are not in ascending order";
    params = from_key(params, key);  // both ascend, so one walk does for all keys
    if (!starts_with_key(params, key)) return "a key that mandatory names is missing";
    before = key;
  }
  return nullptr;
}

const char* why_bad_alpn(Octets value) {
  if (value.empty()) return "alpn is empty";
  while (!value.empty()) {
    const std::size_t size = value[0];
    if (size == 0 || size > value.size() - 1) return "alpn holds a wrong length";
    value = value.subspan(size + 1);
  }
  return nullptr;
}

const char* why_bad_svc_param(std::size_t key, Octets value, Octets params) {
  switch (key) {
    case key_mandatory:
      return why_bad_mandatory(value, params);
    case key_alpn:
      return why_bad_alpn(value);
    case key_no_default_alpn:
      if (!value.empty()) return "no-default-alpn takes no value";
      return starts_with_key(from_key(params, key_alpn), key_alpn) ? nullptr
                                                                   : "no-default-alpn needs alpn";
    case key_port:
      return value.size() == 2 ? nullptr : "port is not two octets";
    case key_ipv4hint:
      return !value.empty() && value.size() % 4 == 0 ? nullptr : "ipv4hint has a wrong length";
    case key_ipv6hint:
      return !value.empty() && value.size() % 16 == 0 ? nullptr : "ipv6hint has a wrong length";
    case key_ohttp:
      return value.empty() ? nullptr : "ohttp takes no value";
    default:
      return nullptr;
  }
}

/// An angle of LOC: thousandths of a second of arc, 2^31 standing for zero.
bool within_degrees(std::uint32_t angle, std::uint32_t degrees) {
  const std::uint32_t most = degrees * 3'600'000u;
  constexpr std::uint32_t zero = 0x8000'0000u;
  return angle >= zero - most && angle <= zero + most;
}

/// A size of LOC: a decimal digit and a power of ten, four bits each.
bool is_loc_size(std::uint8_t octet) {
  return octet >> 4 <= 9 && (octet & 15) <= 9;
}

/// An APL item without its header: only as many octets as matter (RFC 3123 section 4).
const char* why_bad_apl_item(std::size_t family, std::size_t prefix, Octets address) {
  if (!address.empty() && address.back() == 0) return "an APL address ends in zero octets";
  if (family == 1 && (prefix > 32 || address.size() > 4)) return "an APL item is not IPv4";
  if (family == 2 && (prefix > 128 || address.size() > 16)) return "an APL item is not IPv6";
  return nullptr;
}

}  // namespace

const char* why_bad_bitmap(Octets bitmap) {
  int before = -1;
  while (!bitmap.empty()) {
    if (bitmap.size() < 2) return "type bitmap ends too early";
    const int window = bitmap[0];
    const std::size_t size = bitmap[1];
    if (window <= before) return "type bitmap windows are not in ascending order";
    if (size == 0 || size > 32) return "type bitmap window has a wrong length";
    if (size > bitmap.size() - 2) return "type bitmap ends too early";
    if (bitmap[size + 1] == 0) return "type bitmap window ends in a zero octet";
    before = window;
    bitmap = bitmap.subspan(size + 2);
  }
  return nullptr;
}

const char* why_bad_tag(Octets tag) {
  if (tag.empty()) return "has an empty tag";
  for (const std::uint8_t octet : tag) {
    const bool digit = octet >= '0' && octet <= '9';
    const bool letter = lower(octet) >= 'a' && lower(octet) <= 'z';
    if (!digit && !letter) return "has a tag with other than letters and digits";
  }
  return nullptr;
}

const char* why_bad_isdn(Octets rdata) {
  const std::size_t first = rdata[0] + std::size_t{1};
  if (first == rdata.size()) return nullptr;
  const std::size_t second = rdata[first] + std::size_t{1};
  return second == rdata.size() - first ? nullptr : "ISDN has more than two character-strings";
}

const char* why_bad_loc(Octets rdata) {
  if (rdata[0] != 0) return nullptr;  // another version: opaque
  if (rdata.size() != 16) return "LOC is not 16 octets";
  if (!std::all_of(rdata.begin() + 1, rdata.begin() + 4, is_loc_size)) {
    return "LOC has a size or precision that is not a decimal digit and exponent";
  }
  if (!within_degrees(u32_at(rdata, 4), 90)) return "LOC latitude is beyond 90 degrees";
  if (!within_degrees(u32_at(rdata, 8), 180)) return "LOC longitude is beyond 180 degrees";
  return nullptr;
}

const char* why_bad_apl(Octets rdata) {
  while (!rdata.empty()) {
    if (rdata.size() < 4) return "an APL item ends too early";
    const std::size_t size = rdata[3] & 0x7f;
    if (size > rdata.size() - 4) return "an APL item ends too early";
    if (const char* why = why_bad_apl_item(u16_at(rdata, 0), rdata[2], rdata.subspan(4, size))) {
      return why;
    }
    rdata = rdata.subspan(4 + size);
  }
  return nullptr;
}

const char* why_bad_ds(Octets rdata) {
  const std::size_t digest = rdata.size() - 4;
  switch (rdata[3]) {
    case 1:
      return digest == 20 ? nullptr : "a SHA-1 digest has 20 octets";
    case 2:
      return digest == 32 ? nullptr : "a SHA-256 digest has 32 octets";
    case 4:
      return digest == 48 ? nullptr : "a SHA-384 digest has 48 octets";
    default:
      return nullptr;
  }
}

const char* why_bad_sshfp(Octets rdata) {
  const std::size_t fingerprint = rdata.size() - 2;
  if (rdata[1] == 1 && fingerprint != 20) return "a SHA-1 fingerprint has 20 octets";
  if (rdata[1] == 2 && fingerprint != 32) return "a SHA-256 fingerprint has 32 octets";
  return nullptr;
}

const char* why_bad_ipseckey(Octets rdata) {
  if (rdata.size() < 3) return "IPSECKEY ends too early";
  const Octets rest = rdata.subspan(3);
  switch (rdata[1]) {
    case 0:
      return nullptr;
    case 1:
      return rest.size() >= 4 ? nullptr : "IPSECKEY gateway is not an IPv4 address";
    case 2:
      return rest.size() >= 16 ? nullptr : "IPSECKEY gateway is not an IPv6 address";
    case 3:
      return name_length(rest) != 0 ? nullptr : "IPSECKEY gateway is not an uncompressed name";
    default:
      return "IPSECKEY gateway type is over 3";
  }
}

const char* why_bad_hip(Octets rdata) {
  if (rdata.size() < 4) return "HIP ends too early";
  const std::size_t hit = rdata[0];
  const std::size_t key = u16_at(rdata, 2);
  if (hit == 0 || key == 0) return "HIP has an empty HIT or key";
  if (hit + key > rdata.size() - 4) return "HIP ends too early";
  Octets servers = rdata.subspan(4 + hit + key);
  while (!servers.empty()) {
    const std::size_t size = name_length(servers);
    if (size == 0) return "a HIP rendezvous server is not an uncompressed name";
    servers = servers.subspan(size);
  }
  return nullptr;
}

const char* why_bad_zonemd(Octets rdata) {
  const std::size_t digest = rdata.size() - 6;
  if (rdata[5] == 1 && digest != 48) return "a SHA-384 digest has 48 octets";
  if (rdata[5] == 2 && digest != 64) return "a SHA-512 digest has 64 octets";
  return digest >= 12 ? nullptr : "a ZONEMD digest has at least 12 octets";
}

const char* why_bad_svcb(Octets rdata) {
  const Octets params = rdata.subspan(2 + name_length(rdata.subspan(2)));
  std::size_t least = 0;  // keys ascend strictly (RFC 9460 section 2.2)
  for (Octets rest = params; !rest.empty();) {
    if (rest.size() < 4) return "a SvcParam ends too early";
    const std::size_t key = u16_at(rest, 0);
    const std::size_t size = u16_at(rest, 2);
    if (key < least) return "SvcParamKeys are not in ascending order";
    if (size > rest.size() - 4) return "a SvcParam ends too early";
    least = key + 1;
    rest = rest.subspan(4 + size);
  }
  for (Octets rest = params; !rest.empty();) {
    const std::size_t size = u16_at(rest, 2);
    const char* why = why_bad_svc_param(u16_at(rest, 0), rest.subspan(4, size), params);
    if (why != nullptr) return why;
    rest = rest.subspan(4 + size);
  }
  return nullptr;
}

}  // namespace taproot::dns
