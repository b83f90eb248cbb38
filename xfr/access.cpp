#include "xfr/access.hpp"

#include <algorithm>
#include <utility>

namespace taproot::xfr {

namespace {

/// Rules named in a refusal; a zone with more is not explained better by a longer line.
constexpr std::size_t max_rules_told = 4;

bool in_any(const std::vector<net::Prefix>& prefixes, const net::Address& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const net::Prefix& prefix) { return prefix.contains(address); });
}

bool has_name(const AccessRule& rule, const net::TlsPeer& peer) {
  return std::any_of(rule.tls_names.begin(), rule.tls_names.end(), [&](const std::string& name) {
    return std::find(peer.names.begin(), peer.names.end(), name) != peer.names.end();
  });
}

bool has_pin(const AccessRule& rule, const net::TlsPeer& peer) {
  return peer.pin &&
         std::find(rule.tls_pins.begin(), rule.tls_pins.end(), *peer.pin) != rule.tls_pins.end();
}

bool tells_apart(const AccessRule& rule) {
  return !rule.from.empty() || rule.key || !rule.tls_names.empty() || !rule.tls_pins.empty();
}

// The parts of a rule, each of which holds if it is not set.

bool address_holds(const AccessRule& rule, const Requester& who) {
  return rule.from.empty() || in_any(rule.from, who.address);
}

bool key_holds(const AccessRule& rule, const Requester& who) {
  return !rule.key || who.key == rule.key;
}

bool transport_holds(const AccessRule& rule, const Requester& who) {
  return !rule.needs_tls() || who.tls != nullptr;
}

bool name_holds(const AccessRule& rule, const Requester& who) {
  return rule.tls_names.empty() || (who.tls != nullptr && has_name(rule, *who.tls));
}

bool pin_holds(const AccessRule& rule, const Requester& who) {
  return rule.tls_pins.empty() || (who.tls != nullptr && has_pin(rule, *who.tls));
}

bool holds(const AccessRule& rule, const Requester& who) {
  return tells_apart(rule) && meets(rule, who);
}

bool resembles(const AccessRule& rule, const Requester& who) {
  return in_any(rule.from, who.address) || (rule.key && who.key == rule.key) ||
         (who.tls != nullptr && (has_name(rule, *who.tls) || has_pin(rule, *who.tls)));
}

template <class Predicate>
const AccessRule* first_of(std::span<const AccessRule> rules, Predicate predicate) {
  const auto found = std::find_if(rules.begin(), rules.end(), predicate);
  return found == rules.end() ? nullptr : &*found;
}

template <class Items, class ToText>
std::string list_of(const Items& items, ToText to_text) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + to_text(item);
  return text;
}

/// The names in a certificate are the peer's words: few of them go into a log line.
std::string to_text(const net::TlsPeer& peer) {
  constexpr std::size_t most_names = 3;
  if (!peer.pin) return " over TLS without a client certificate";
  std::string text = " over TLS with a client certificate";
  if (peer.names.empty()) {
    text += " that is not verified (" + peer.why_nameless + ")";
  } else {
    const std::span<const std::string> all(peer.names);
    text += " of " + list_of(all.first(std::min(all.size(), most_names)),
                             [](const std::string& name) { return name; });
  }
  return text + " (pin " + peer.pin->to_text() + ")";
}

std::string to_text(const Requester& who) {
  return who.address.to_text() +
         (who.key ? " asked with key " + who.key->to_text() : " asked unsigned") +
         (who.tls != nullptr ? to_text(*who.tls) : "");
}

/// The words in which a kind of request is refused.
struct Words {
  std::string_view from_key;  ///< the configuration's name for the rules' addresses
  std::string_view nobody;    ///< why there are no rules
};
constexpr Words of_transfer{
    "transfer-from", "nobody may transfer this zone: give it a provider with transfer-from or key"};
constexpr Words of_notify{"transfer or notify-from",
                          "taproot does not follow this zone, it is its primary"};

std::string why_refused(std::span<const AccessRule> rules, const Requester& who,
                        const Words& words) {
  std::string text = to_text(who);
  if (rules.empty()) return text + "; " + std::string(words.nobody);
  std::vector<std::pair<const AccessRule*, std::vector<std::string>>> all;
  for (const auto& rule : rules) {
    if (tells_apart(rule)) all.emplace_back(&rule, lacking(rule, who, words.from_key));
  }
  const auto distance = [&](const auto& one) {
    return std::pair(!resembles(*one.first, who), one.second.size());
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  const std::size_t told = std::min(all.size(), max_rules_told);
  for (std::size_t i = 0; i < told; ++i) {
    text += "; to be " + all[i].first->provider + " it lacks " +
            list_of(all[i].second, [](const std::string& part) { return part; });
  }
  if (told < all.size()) text += "; and " + std::to_string(all.size() - told) + " more";
  return text;
}

AccessVerdict weigh(std::span<const AccessRule> rules, const Requester& who, const Words& words) {
  if (const AccessRule* rule = find_rule(rules, who)) return {true, rule->provider, {}};
  return {false, {}, why_refused(rules, who, words)};
}

}  // namespace

bool meets(const AccessRule& rule, const Requester& who) {
  return address_holds(rule, who) && key_holds(rule, who) && transport_holds(rule, who) &&
         name_holds(rule, who) && pin_holds(rule, who);
}

std::vector<std::string> lacking(const AccessRule& rule, const Requester& who,
                                 std::string_view from_key) {
  std::vector<std::string> parts;
  if (!address_holds(rule, who)) {
    parts.push_back("an address in " + std::string(from_key) + " (" +
                    list_of(rule.from, [](const auto& prefix) { return prefix.to_text(); }) + ")");
  }
  if (!key_holds(rule, who)) parts.push_back("a signature with key " + rule.key->to_text());
  if (!transport_holds(rule, who)) parts.emplace_back("TLS");
  if (!name_holds(rule, who)) {
    parts.push_back("a verified client certificate of tls-identity " +
                    list_of(rule.tls_names, [](const std::string& name) { return name; }));
  }
  if (!pin_holds(rule, who)) {
    parts.push_back("a client certificate with tls-pin " +
                    list_of(rule.tls_pins, [](const auto& pin) { return pin.to_text(); }));
  }
  return parts;
}

const AccessRule* find_rule(std::span<const AccessRule> rules, const Requester& who) {
  return first_of(rules, [&](const AccessRule& rule) { return holds(rule, who); });
}

const AccessRule* guess_rule(std::span<const AccessRule> rules, const Requester& who) {
  return first_of(rules, [&](const AccessRule& rule) { return resembles(rule, who); });
}

AccessVerdict may_transfer(std::span<const AccessRule> rules, const Requester& who) {
  return weigh(rules, who, of_transfer);
}

AccessVerdict may_notify(std::span<const AccessRule> rules, const Requester& who) {
  return weigh(rules, who, of_notify);
}

}  // namespace taproot::xfr
