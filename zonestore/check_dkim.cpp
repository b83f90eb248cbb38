#include "dns/tsig.hpp"
#include "zonestore/check_practice.hpp"
#include "zonestore/check_text.hpp"

#include <string>
#include <string_view>

namespace taproot::zonestore {

namespace {

using Item = SourceRecords::Item;

/// A SubjectPublicKeyInfo with an RSA key of 1024 bits takes some 162 octets, one of 768 some 126;
/// RFC 8301 section 3.2 forbids the shorter.
constexpr std::size_t least_rsa_octets = 150;
/// RFC 8463: an Ed25519 key by itself.
constexpr std::size_t ed25519_octets = 32;

std::string without_any_blank(std::string_view text) {
  std::string left;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') left += c;
  }
  return left;
}

/// What is wrong with the key itself, or "".
std::string why_bad_key(std::string_view kind, std::string_view written) {
  if (written.empty()) return "";  // revoked: RFC 6376 section 3.6.1
  const auto key = dns::base64_decode(without_any_blank(written));
  if (!key) return "p= is not base64";
  if (kind == "ed25519") {
    return key->size() == ed25519_octets ? "" : "p= is not a key of 32 octets, as ed25519 has";
  }
  if (kind == "rsa" && key->size() < least_rsa_octets) {
    return "its RSA key has less than 1024 bits, or is cut off";
  }
  return "";
}

void check_record(CheckedZone& zone, const Item& item) {
  const auto text = joined_text(item.rdata.wire());
  const auto list = tags_of(text);
  const auto warn = [&](const std::string& says, const char* cure, std::string_view focus) {
    zone.warning("dkim-syntax", item, "the DKIM key at " + item.owner.to_text() + ": " + says, cure,
                 {std::string(focus), {}});
  };
  if (list.bad) {
    return warn(in_quotes(*list.bad) + " is no tag with a value",
                "write tag=value, and \";\" between them", *list.bad);
  }
  const auto* version = list.find("v");
  if (version != nullptr && (version != list.tags.data() || version->value != "DKIM1")) {
    return warn("v= is not DKIM1, or does not come first", "begin it with v=DKIM1;", "v=");
  }
  const auto* key = list.find("p");
  if (key == nullptr) {
    return warn("it has no p= and so no key", "write p= and the public key in base64", "");
  }
  const auto* kind = list.find("k");
  const auto says = why_bad_key(kind == nullptr ? "rsa" : kind->value, key->value);
  if (!says.empty()) {
    warn(says, "copy the public key again, whole; strings of one record are joined", "p=");
  }
}

}  // namespace

void check_dkim(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto labels = first_labels(zone.index().owner(set.owner).wire, 2);
  if (labels.size() < 2 || labels[1] != "_domainkey") return;
  for (const auto at : set.items) check_record(zone, zone.index().item(at));
}

}  // namespace taproot::zonestore
