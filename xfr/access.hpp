#pragma once

#include "dns/name.hpp"
#include "net/endpoint.hpp"
#include "net/tls_peer.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::xfr {

/// One way to be allowed a zone's transfer. Every part that is set must hold at once: the address
/// in one of the prefixes AND the request signed with the key AND the connection, and who is at
/// its other end. A rule that tells nobody apart, by address, key or TLS identity, never holds.
struct AccessRule {
  std::string provider;           ///< whom it is for, for logs and the board
  std::vector<net::Prefix> from;  ///< empty: any address
  std::optional<dns::Name> key;   ///< the name of a TSIG key; none: unsigned
  bool tls_only = false;          ///< never over UDP or plain TCP
  /// One of these dNSNames must be in the verified client certificate; small letters, no last dot.
  std::vector<std::string> tls_names = {};
  std::vector<net::SpkiPin> tls_pins = {};  ///< the client certificate must have one of these keys

  /// Holds over TLS only: it says so, or it wants to see a client certificate.
  bool needs_tls() const { return tls_only || !tls_names.empty() || !tls_pins.empty(); }

  bool operator==(const AccessRule&) const = default;
};

/// Who asks, as far as proven: `key` is set only if the TSIG was right.
struct Requester {
  net::Address address;
  std::optional<dns::Name> key;
  const net::TlsPeer* tls = nullptr;  ///< of the connection; null: it is not TLS
};

/// Whether all holds that is set in the rule; one in which nothing is set is met by anybody.
bool meets(const AccessRule& rule, const Requester& who);

/// What this requester would have to bring beside what it has to meet the rule, in words;
/// `from_key` is how the configuration calls the rule's addresses. Empty: it meets it.
std::vector<std::string> lacking(const AccessRule& rule, const Requester& who,
                                 std::string_view from_key);

/// The first rule that holds, or null: nothing is allowed without one. Allocates nothing.
const AccessRule* find_rule(std::span<const AccessRule> rules, const Requester& who);

/// The first rule whose addresses, key or TLS identity alone fit, or null: whose secondary this
/// seems to be, e.g. when it asks for the SOA, which it may do unsigned. Not a right to anything.
const AccessRule* guess_rule(std::span<const AccessRule> rules, const Requester& who);

struct AccessVerdict {
  bool allowed = false;
  std::string provider;  ///< of the rule that allowed it
  std::string why;  ///< if refused: who asked, and what each rule (the nearest first) would need
};

/// find_rule() with words for the log.
AccessVerdict may_transfer(std::span<const AccessRule> rules, const Requester& who);

/// The same for a NOTIFY to a zone that is followed; the rules are of its primaries.
AccessVerdict may_notify(std::span<const AccessRule> rules, const Requester& who);

}  // namespace taproot::xfr
