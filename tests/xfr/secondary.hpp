#pragma once

#include "dns/message.hpp"
#include "dns/rdata.hpp"
#include "xfr/transfer.hpp"
#include "zonestore/zone_version.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

// A strict secondary in memory: it takes a transfer's messages apart and objects to everything
// that RFC 1995 and RFC 5936 do not allow.

namespace taproot::tests {

using Messages = std::vector<std::vector<std::uint8_t>>;

/// One record as text that tells all its octets, but not the case of names.
inline std::string key_of(const dns::Name& owner, dns::RRType type, std::uint32_t ttl,
                          Octets rdata) {
  const auto canonical = dns::canonical(type, dns::Rdata(rdata));
  std::string key =
      owner.lowered().to_text() + " " + std::to_string(ttl) + " " + dns::to_text(type) + " ";
  key.append(canonical.wire().begin(), canonical.wire().end());
  return key;
}
inline std::string key_of(const dns::Record& record) {
  return key_of(record.owner, record.type, record.ttl, record.rdata.wire());
}

using Records = std::set<std::string>;

inline Records records_of(const zonestore::ZoneVersion& version) {
  Records records;
  for (auto cursor = version.walk(); cursor.leaf() != nullptr; cursor.next()) {
    const auto owner = cursor.leaf()->owner(version.apex());
    for (const auto rrset : cursor.leaf()->rrsets()) {
      for (const Octets rdata : rrset) {
        records.insert(key_of(owner, rrset.type(), rrset.ttl(), rdata));
      }
    }
  }
  return records;
}

/// An AXFR or IXFR request and the Query it parses to, which borrows from it.
struct TransferRequest {
  TransferRequest(const dns::Name& apex, dns::RRType qtype, dns::Serial has, bool edns) {
    auto message = dns::make_query(apex, qtype, edns ? std::uint16_t{1232} : std::uint16_t{0});
    if (qtype == dns::RRType::IXFR) {
      dns::Soa soa;
      soa.serial = has;
      message.authority.push_back({apex, dns::RRType::SOA, dns::Class::IN, 0, soa.to_rdata()});
    }
    octets = message.compose().value();
    REQUIRE(dns::Query::parse(octets, query) == dns::Query::Trouble::none);
  }
  std::vector<std::uint8_t> octets;
  dns::Query query;
};

inline Messages pull_all(xfr::Transfer& transfer, std::size_t keep_free = 0) {
  Messages messages;
  while (!transfer.done()) {
    std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
    buffer.resize(transfer.next(buffer, keep_free));
    REQUIRE_FALSE(buffer.empty());
    messages.push_back(std::move(buffer));
  }
  std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
  CHECK(transfer.next(buffer, keep_free) == 0);
  return messages;
}

/// The answer sections of all messages, one behind the other, after a look at everything else.
inline std::vector<dns::Record> records_in(const Messages& messages, const dns::Query& query) {
  std::vector<dns::Record> records;
  for (const auto& octets : messages) {
    auto message = dns::Message::parse(octets);
    if (!message) FAIL(message.error().detail);
    CHECK(message->header.id == query.header.id);
    CHECK(message->header.qr);
    CHECK(message->header.aa);
    CHECK(message->header.rcode == dns::Rcode::noerror);
    REQUIRE(message->question.size() == 1);
    CHECK(message->question[0].qtype == query.qtype);
    CHECK(message->authority.empty());
    CHECK(message->additional.empty());
    CHECK(message->edns.has_value() == (query.has_edns && &octets == &messages.front()));
    CHECK_FALSE(message->answer.empty());
    for (auto& record : message->answer) records.push_back(std::move(record));
  }
  return records;
}

/// Says where two zones differ, in few words.
inline void check_same(const Records& got, const Records& expected) {
  std::vector<std::string> extra, missing;
  std::set_difference(got.begin(), got.end(), expected.begin(), expected.end(),
                      std::back_inserter(extra));
  std::set_difference(expected.begin(), expected.end(), got.begin(), got.end(),
                      std::back_inserter(missing));
  for (const auto& key : extra) FAIL_CHECK("not in the zone: " << key);
  for (const auto& key : missing) FAIL_CHECK("missing: " << key);
}

/// What the zone is after an AXFR.
inline Records apply_axfr(const std::vector<dns::Record>& records) {
  REQUIRE(records.size() >= 2);
  CHECK(records.front() == records.back());
  CHECK(records.front().type == dns::RRType::SOA);
  Records zone;
  for (std::size_t i = 0; i + 1 < records.size(); ++i) {
    CHECK((i == 0 || records[i].type != dns::RRType::SOA));
    if (!zone.insert(key_of(records[i])).second) FAIL_CHECK("twice: " << key_of(records[i]));
  }
  return zone;
}

/// What `zone` is after an IXFR of differences (RFC 1995 section 4): what is deleted must be
/// there, what is added must not.
inline Records apply_ixfr(Records zone, const std::vector<dns::Record>& records) {
  REQUIRE(records.size() >= 4);
  CHECK(records.front() == records.back());
  bool deleting = false;
  for (std::size_t i = 1; i + 1 < records.size(); ++i) {
    if (records[i].type == dns::RRType::SOA) deleting = !deleting;
    const auto key = key_of(records[i]);
    const bool did = deleting ? zone.erase(key) == 1 : zone.insert(key).second;
    if (!did) FAIL_CHECK((deleting ? "deletes what is not there: " : "adds what is: ") << key);
  }
  CHECK_FALSE(deleting);
  return zone;
}

}  // namespace taproot::tests
