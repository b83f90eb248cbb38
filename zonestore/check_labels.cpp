#include "zonestore/check_practice.hpp"
#include "zonestore/check_text.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace taproot::zonestore {

namespace {

/// Labels that programs look for, so that a slip in one makes it useless. RFC 8552 and its
/// registry, and what is in wide use.
constexpr std::array<std::string_view, 43> service_labels = {"_acme-challenge",
                                                             "_adsp",
                                                             "_atproto",
                                                             "_autodiscover",
                                                             "_bimi",
                                                             "_caldav",
                                                             "_caldavs",
                                                             "_carddav",
                                                             "_carddavs",
                                                             "_dmarc",
                                                             "_dns",
                                                             "_dnslink",
                                                             "_dns-sd",
                                                             "_domainkey",
                                                             "_https",
                                                             "_http",
                                                             "_imap",
                                                             "_imaps",
                                                             "_jmap",
                                                             "_kerberos",
                                                             "_kpasswd",
                                                             "_ldap",
                                                             "_ldaps",
                                                             "_matrix",
                                                             "_matrix-fed",
                                                             "_minecraft",
                                                             "_mta-sts",
                                                             "_ntp",
                                                             "_pop3",
                                                             "_pop3s",
                                                             "_report",
                                                             "_sip",
                                                             "_sips",
                                                             "_sipfederationtls",
                                                             "_smtp",
                                                             "_ssh",
                                                             "_xmpp-client",
                                                             "_xmpp-server",
                                                             "_submission",
                                                             "_submissions",
                                                             "_tcp",
                                                             "_tls",
                                                             "_udp"};

/// Labels that people look for.
constexpr std::array<std::string_view, 31> usual_labels = {
    "www",  "mail",   "email",    "webmail", "smtp", "smtps",    "imap",         "imaps",
    "pop3", "mta",    "mta-sts",  "mx",      "ns",   "ftp",      "autodiscover", "autoconfig",
    "vpn",  "remote", "status",   "support", "shop", "store",    "static",       "assets",
    "blog", "news",   "calendar", "portal",  "docs", "intranet", "openpgpkey"};

template <std::size_t N>
bool is_among(std::string_view label, const std::array<std::string_view, N>& known) {
  return std::find(known.begin(), known.end(), label) != known.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The two words without what they begin and end with alike.
struct Difference {
  std::string_view written;
  std::string_view meant;
  bool at_start = false;
  bool at_end = false;
};

Difference difference(std::string_view written, std::string_view meant) {
  std::size_t head = 0;
  while (head < written.size() && head < meant.size() && written[head] == meant[head]) ++head;
  std::size_t tail = 0;
  while (tail < written.size() - head && tail < meant.size() - head &&
         written[written.size() - 1 - tail] == meant[meant.size() - 1 - tail]) {
    ++tail;
  }
  return {written.substr(head, written.size() - head - tail),
          meant.substr(head, meant.size() - head - tail), head == 0, tail == 0};
}

bool is_swap(const Difference& d) {
  return d.written.size() == 2 && d.meant.size() == 2 && d.written[0] == d.meant[1] &&
         d.written[1] == d.meant[0];
}

/// One letter changed, put in, left out or swapped with its neighbour. Digits tell machines apart.
bool is_slip(std::string_view written, std::string_view meant) {
  const auto d = difference(written, meant);
  if (d.written.size() + d.meant.size() == 0) return false;
  if (std::any_of(d.written.begin(), d.written.end(), is_digit) ||
      std::any_of(d.meant.begin(), d.meant.end(), is_digit)) {
    return false;
  }
  return is_swap(d) || (d.written.size() <= 1 && d.meant.size() <= 1);
}

/// The same, but only where no other word could be meant: "main", "mails" and "gmail" beside
/// "mail" are names of their own.
bool is_certain_slip(std::string_view written, std::string_view meant) {
  if (!is_slip(written, meant)) return false;
  const auto d = difference(written, meant);
  if (is_swap(d)) return meant.size() >= 4;
  const bool doubled = d.meant.empty() && d.written.size() == 1 && meant.size() >= 3 &&
                       meant.find(d.written[0]) != std::string_view::npos &&
                       (d.at_end ? meant.back() == d.written[0] : true) &&
                       (d.at_start ? meant.front() == d.written[0] : true);
  if (doubled) return true;
  return meant.size() >= 6 && !d.at_end && !d.at_start;
}

/// The usual or service label that was meant, or "".
std::string_view meant_by(const CheckIndex& index, const CheckIndex::Owner& owner,
                          std::string_view label) {
  if (label.front() == '_') {
    if (is_among(label, service_labels)) return "";
    const auto found =
        std::find_if(service_labels.begin(), service_labels.end(), [&](std::string_view known) {
          const auto d = difference(label, known);
          return is_slip(label, known) && !d.at_start && (is_swap(d) || known.size() >= 6);
        });
    return found == service_labels.end() ? "" : *found;
  }
  if (is_among(label, usual_labels)) return "";
  for (const auto known : usual_labels) {
    if (!is_certain_slip(label, known)) continue;
    const auto sibling =
        dns::Name::from_trusted(index.owner(owner.parent).wire).child(std::string(known));
    if (sibling && index.find(sibling->wire()) != CheckIndex::none) return known;
  }
  return "";
}

}  // namespace

void check_label(CheckedZone& zone, const CheckIndex::Owner& owner) {
  const auto& index = zone.index();
  if (owner.set_count == 0 || owner.cut != CheckIndex::none) return;
  const auto& item = index.first_item(index.sets_of(owner)[0]);
  // An empty non-terminal has no place of its own: the name below it shows the slip.
  const auto* at = &owner;
  do {
    if (at->parent == CheckIndex::none) return;  // the apex has the zone's own label
    const auto labels = first_labels(at->wire, 1);
    const auto meant = labels.empty() || labels[0].size() < 3 ? std::string_view()
                                                              : meant_by(index, *at, labels[0]);
    if (!meant.empty()) {
      zone.warning("misspelt-label", item,
                   item.owner.to_text() + ": " + in_quotes(labels[0]) + " looks like a slip of \"" +
                       std::string(meant) + "\"",
                   "write \"" + std::string(meant) + "\", or turn this rule off if it is meant",
                   {labels[0], {}});
    }
    at = &index.owner(at->parent);
  } while (at->set_count == 0);
}

}  // namespace taproot::zonestore
