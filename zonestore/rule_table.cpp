#include "zonestore/rule_table.hpp"

#include "zonestore/sources/suggestion.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace taproot::zonestore {

namespace {

constexpr auto fixed = Rule::Weight::fixed;
constexpr auto settable = Rule::Weight::settable;

constexpr auto rules = std::to_array<Rule>({
    {"unreadable", Severity::error, fixed, "the file cannot be read"},
    {"file-too-large", Severity::error, fixed,
     "the files of the zone have more octets than allowed"},
    {"nul-octet", Severity::error, fixed, "there is an octet 0 in the text"},
    {"not-utf8", Severity::error, fixed, "octets are not UTF-8"},
    {"more-findings", Severity::warning, fixed,
     "some findings are not shown; this one counts them"},
    {"empty-zone", Severity::error, fixed, "the source has no records at all"},
    {"unclosed-parenthesis", Severity::error, fixed, "a ( is never closed"},
    {"unopened-parenthesis", Severity::error, fixed, "a ) has no ( before it"},
    {"unclosed-quote", Severity::error, fixed, "a quoted string does not end on its line"},
    {"line-too-long", Severity::error, fixed,
     "one record or directive has more than 1 MiB of text"},
    {"no-final-newline", Severity::warning, settable, "the last line does not end with a newline"},
    {"no-owner", Severity::error, fixed, "a record has no owner, and none came before it"},
    {"bad-name", Severity::error, fixed, "an owner or origin is not a domain name"},
    {"bad-ttl", Severity::error, fixed, "a TTL is not a number of seconds, or is over 2147483647"},
    {"no-ttl", Severity::error, fixed, "a record has no TTL, and none came before it"},
    {"class-not-in", Severity::error, fixed, "the class is not IN"},
    {"missing-type", Severity::error, fixed, "a record has no type"},
    {"unknown-type", Severity::error, fixed, "there is no such type"},
    {"meta-type", Severity::error, fixed, "the type is one of messages and never of zones"},
    {"bad-rdata", Severity::error, fixed, "the data are not what the type wants"},
    {"unknown-directive", Severity::error, fixed, "there is no such directive"},
    {"bad-directive", Severity::error, fixed, "a directive has too few or too many fields"},
    {"include-refused", Severity::error, fixed, "$INCLUDE stands in text that came from no file"},
    {"include-outside", Severity::error, fixed,
     "the included file does not lie in the zone file's folder or below"},
    {"include-loop", Severity::error, fixed, "a file includes itself, perhaps over others"},
    {"include-too-deep", Severity::error, fixed, "more than 8 files include each other"},
    {"too-many-includes", Severity::error, fixed, "the zone has more than 10,000 $INCLUDE"},
    {"bad-generate", Severity::error, fixed, "the range or a template of $GENERATE is wrong"},
    {"generate-too-large", Severity::error, fixed,
     "all $GENERATE of the zone make more than is allowed"},
    {"source-unreachable", Severity::error, fixed, "the document could not be had"},
    {"source-redirect", Severity::error, fixed, "the server redirects to another, or too often"},
    {"source-too-large", Severity::error, fixed, "the document is longer than max-size"},
    {"source-not-a-document", Severity::error, fixed,
     "the server sent an empty body, a page, or one that may be half"},
    {"source-checksum", Severity::error, fixed, "the document is not the one its checksum is of"},
    {"source-signature", Severity::error, fixed,
     "the document is not signed by the configured key"},
    {"source-copy", Severity::error, fixed, "the document cannot be kept, or its copy is damaged"},
    {"source-conflict", Severity::error, fixed, "two sources of the zone have the same RRset"},
    {"source-not-owner", Severity::error, fixed, "a source has a record that it does not own"},
    {"not-transferred", Severity::error, fixed, "no primary gives the zone"},
    {"zonemd-wrong", Severity::error, fixed, "what was transferred is not what its ZONEMD says"},
    {"catalog-broken", Severity::error, fixed, "the catalog is not as RFC 9432 wants it"},
    {"yaml-syntax", Severity::error, fixed, "the text is not YAML"},
    {"json-syntax", Severity::error, fixed, "the text is not JSON"},
    {"too-deep", Severity::error, fixed, "more than 100 lists and maps stand in each other"},
    {"too-many-nodes", Severity::error, fixed,
     "the document has more values than allowed, aliases followed"},
    {"wrong-shape", Severity::error, fixed,
     "a text, list or map stands where another of them is wanted"},
    {"duplicate-key", Severity::error, fixed, "an owner or a key stands in the same map twice"},
    {"unknown-key", Severity::error, fixed, "there is no such key here"},
    {"missing-key", Severity::error, fixed, "a structured value lacks a field"},
    {"missing-value", Severity::error, fixed, "a record set has no value"},
    {"bad-value", Severity::error, fixed, "a value is not what its field wants"},
    {"target-without-dot", Severity::error, fixed, "a name in a value does not end in a dot"},
    {"owner-repeats-zone", Severity::warning, settable,
     "an owner ends in the zone's name, but without a dot"},
    {"unsupported-key", Severity::warning, settable, "geo and dynamic are ignored"},
    {"octodns-option", Severity::note, settable, "something under octodns is not done here"},
    {"out-of-zone", Severity::error, fixed, "an owner is not at or below the apex"},
    {"soa-missing", Severity::error, fixed, "the zone file has no SOA"},
    {"several-soas", Severity::error, fixed, "there is more than one SOA"},
    {"soa-not-at-apex", Severity::error, fixed, "a SOA stands below the apex"},
    {"ns-missing", Severity::error, fixed, "the apex has no NS"},
    {"soa-timers", Severity::warning, settable,
     "the SOA's refresh, retry and expire do not fit together"},
    {"negative-ttl", Severity::warning, settable,
     "resolvers remember for more than a day that a name does not exist"},
    {"serial-zero", Severity::warning, settable, "the serial is 0"},
    {"soa-expire", Severity::warning, settable,
     "the SOA's expire does not survive a weekend without the primary"},
    {"soa-mailbox", Severity::warning, settable, "the SOA's mailbox has an @"},
    {"one-nameserver", Severity::warning, settable, "the zone has one nameserver only"},
    {"one-provider", std::nullopt, settable, "all nameservers belong to one provider"},
    {"duplicate-record", Severity::warning, settable, "the same record stands in the zone twice"},
    {"ttl-differs", Severity::warning, settable, "records of one RRset have different TTLs"},
    {"several-cnames", Severity::error, fixed, "a name has more than one CNAME"},
    {"several-dnames", Severity::error, fixed, "a name has more than one DNAME"},
    {"null-mx-beside-other", Severity::error, settable,
     "a name says that it takes no mail, and has other MX"},
    {"rrset-too-large", Severity::error, fixed, "an RRset is too large to be answered"},
    {"too-many-types", Severity::error, fixed, "a name has records of more than 100 types"},
    {"cname-and-other-data", Severity::error, fixed, "a name has a CNAME and other records"},
    {"cname-loop", Severity::error, settable, "CNAMEs lead in a circle, perhaps over a wildcard"},
    {"long-cname-chain", Severity::warning, settable, "more than 16 CNAMEs lead on from a name"},
    {"data-below-dname", Severity::error, fixed, "records stand below a DNAME"},
    {"wildcard-ns", Severity::error, fixed, "a wildcard has NS records"},
    {"occluded-data", Severity::warning, settable,
     "records stand at or below a delegation and are no glue"},
    {"extra-glue", Severity::warning, settable,
     "addresses stand at or below a delegation, and no NS of a delegation names them"},
    {"ds-without-delegation", Severity::warning, settable,
     "a DS stands at the apex or at a name without NS"},
    {"glue-missing", Severity::error, settable,
     "a delegation's nameserver lies in the delegated zone and has no address here"},
    {"address-missing", Severity::error, settable,
     "an NS names a name of this zone that has no address"},
    {"target-is-cname", Severity::error, settable, "an NS, MX or SRV points at a CNAME"},
    {"target-is-address", Severity::warning, settable,
     "an NS, MX or SRV points at a name that looks like an IPv4 address"},
    {"dangling-target", Severity::warning, settable,
     "a record points at a name of this zone that does not exist or has no address"},
    {"spf-syntax", Severity::warning, settable, "an SPF record is not written as RFC 7208 has it"},
    {"several-spf", Severity::warning, settable, "a name has more than one SPF record"},
    {"spf-lookups", Severity::warning, settable, "an SPF record takes more than 10 DNS lookups"},
    {"spf-include-missing", Severity::warning, settable,
     "an SPF record includes a name of this zone that has none"},
    {"spf-allows-all", Severity::warning, settable, "an SPF record lets everybody send"},
    {"spf-after-all", Severity::warning, settable, "a term behind \"all\" of an SPF record"},
    {"spf-ptr", Severity::warning, settable, "an SPF record uses ptr"},
    {"spf-unknown-modifier", Severity::note, settable, "an SPF record has an unknown modifier"},
    {"spf-type", Severity::note, settable, "SPF stands in a record of the type SPF"},
    {"null-mx-with-spf", Severity::note, settable,
     "a name takes no mail, but lets others send in its name"},
    {"dmarc-syntax", Severity::warning, settable,
     "a DMARC record is not written as RFC 7489 has it"},
    {"several-dmarc", Severity::warning, settable, "a name has more than one DMARC record"},
    {"dmarc-unknown-tag", Severity::note, settable, "a DMARC record has an unknown tag"},
    {"dkim-syntax", Severity::warning, settable, "a DKIM key record cannot be used"},
    {"caa-syntax", Severity::warning, settable, "a CAA record does not say what it should"},
    {"caa-unknown-tag", Severity::note, settable, "a CAA record has an unknown tag"},
    {"private-address", Severity::warning, settable, "an address that the public cannot reach"},
    {"documentation-address", std::nullopt, settable, "an address that is for documentation only"},
    {"short-ttl", Severity::note, settable, "a TTL of less than a minute"},
    {"long-ttl", Severity::warning, settable, "a TTL of more than a week"},
    {"misspelt-label", Severity::warning, settable, "a label looks like a slip of the pen"},
    {"bad-a-label", Severity::warning, settable, "a label begins with xn-- and is no A-label"},
    {"external-check", Severity::error, fixed, "the operator's own command refuses the zone"},
    {"edit-op", Severity::error, fixed, "a change does not say what to do"},
    {"edit-values", Severity::error, fixed, "a delete has values"},
    {"edit-ttl", Severity::error, fixed, "what goes has a TTL"},
    {"edit-too-large", Severity::error, fixed, "a transaction has more than 10,000 changes"},
    {"edit-outside-zone", Severity::error, fixed, "a change does not lie in the zone"},
    {"edit-soa", Severity::error, fixed, "a change would leave the zone without its one SOA"},
    {"edit-twice", Severity::error, fixed, "a transaction puts the same RRset twice"},
    {"edit-nothing", Severity::note, fixed, "a change changes nothing"},
    {"edit-not-in-source", Severity::note, fixed, "RRsets were edited, and are not in the source"},
    {"edit-conflict", Severity::error, fixed, "an edit and the source contradict each other"},
    {"edits-unreadable", Severity::error, fixed, "what was edited cannot be read"},
    {"not-written-back", Severity::warning, fixed, "an edit is not in its source file"},
});

}  // namespace

std::span<const Rule> all_rules() {
  return rules;
}

const Rule* find_rule(std::string_view name) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

const Rule* find_near_rule(std::string_view written) {
  std::vector<std::string_view> names;
  names.reserve(rules.size());
  for (const auto& rule : rules) names.push_back(rule.name);
  return find_rule(nearest(written, names));
}

}  // namespace taproot::zonestore
