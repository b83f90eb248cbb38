#include "dns/update.hpp"

#include "dns/header.hpp"
#include "dns/rdata.hpp"
#include "dns/wire.hpp"

#include <map>
#include <optional>
#include <utility>

namespace taproot::dns {

namespace {

using Faulty = std::optional<UpdateFault>;

/// A record before its class has said what it means.
struct Fields {
  Name owner;
  RRType type = RRType::none;
  Class klass = Class::IN;
  std::uint32_t ttl = 0;
  std::uint16_t rdlength = 0;
};

UpdateFault formerr(std::string why) {
  return {Rcode::formerr, std::move(why)};
}

UpdateFault formerr_at(const Fields& fields, const char* why) {
  return formerr(fields.owner.to_text() + " " + to_text(fields.klass) + " " + to_text(fields.type) +
                 " " + why);
}

class UpdateReader {
 public:
  explicit UpdateReader(Octets wire) : reader_(wire, header_size) {}

  Faulty read(Octets wire);
  Update take() { return std::move(update_); }

 private:
  Faulty read_zone(std::uint16_t count);
  Faulty read_fields(Fields& fields);
  Faulty read_rdata(const Fields& fields, Rdata& rdata);
  Faulty read_prerequisite();
  Faulty read_values(const Fields& fields);
  Faulty read_change();
  Faulty read_addition(const Fields& fields);
  Faulty read_removal(const Fields& fields);
  Faulty skip_record();
  Faulty why_outside(const Fields& fields) const;

  WireReader reader_;
  Update update_;
  std::map<std::pair<Name, RRType>, std::size_t> values_;  ///< place among the prerequisites
};

Faulty UpdateReader::read(Octets wire) {
  WireReader counts(wire, 4);
  const std::uint16_t zones = counts.u16().value_or(0);
  const std::uint16_t prerequisites = counts.u16().value_or(0);
  const std::uint16_t changes = counts.u16().value_or(0);
  const std::uint16_t additional = counts.u16().value_or(0);
  Faulty fault = read_zone(zones);
  for (unsigned i = 0; !fault && i < prerequisites; ++i) fault = read_prerequisite();
  for (unsigned i = 0; !fault && i < changes; ++i) fault = read_change();
  for (unsigned i = 0; !fault && i < additional; ++i) fault = skip_record();
  if (!fault && !reader_.at_end()) fault = formerr("octets are left over after the last record");
  return fault;
}

/// Section 3.1.1.
Faulty UpdateReader::read_zone(std::uint16_t count) {
  if (count != 1) return formerr("the zone section has " + std::to_string(count) + " records");
  auto zone = Name::from_wire(reader_);
  const auto type = reader_.u16();
  const auto klass = reader_.u16();
  if (!zone || !type || !klass) return formerr("the zone section is cut off or has a bad name");
  if (static_cast<RRType>(*type) != RRType::SOA)
    return formerr("the zone section is not of type SOA");
  if (static_cast<Class>(*klass) != Class::IN) {
    return UpdateFault{Rcode::notauth, "the zone's class is not IN"};
  }
  update_.zone = std::move(*zone);
  return std::nullopt;
}

Faulty UpdateReader::read_fields(Fields& fields) {
  auto owner = Name::from_wire(reader_);
  const auto type = reader_.u16();
  const auto klass = reader_.u16();
  const auto ttl = reader_.u32();
  const auto rdlength = reader_.u16();
  if (!owner || !type || !klass || !ttl || !rdlength) {
    return formerr("a record is cut off or has a bad name");
  }
  fields = {std::move(*owner), static_cast<RRType>(*type), static_cast<Class>(*klass), *ttl,
            *rdlength};
  return std::nullopt;
}

Faulty UpdateReader::read_rdata(const Fields& fields, Rdata& rdata) {
  auto read = rdata_from_wire(fields.type, reader_, fields.rdlength);
  if (!read) return formerr(fields.owner.to_text() + ": " + read.error().detail);
  rdata = std::move(*read);
  return std::nullopt;
}

Faulty UpdateReader::why_outside(const Fields& fields) const {
  if (fields.owner.is_subdomain_of(update_.zone)) return std::nullopt;
  return UpdateFault{Rcode::notzone,
                     fields.owner.to_text() + " does not lie in " + update_.zone.to_text()};
}

/// Section 3.2.
Faulty UpdateReader::read_prerequisite() {
  using Kind = Prerequisite::Kind;
  Fields fields;
  if (auto fault = read_fields(fields)) return fault;
  if (fields.ttl != 0) return formerr_at(fields, "is a prerequisite with a TTL");
  if (auto fault = why_outside(fields)) return fault;
  if (fields.klass == Class::IN) return read_values(fields);
  if (fields.klass != Class::any && fields.klass != Class::none) {
    return formerr_at(fields, "is a prerequisite of a class that has no meaning there");
  }
  if (fields.rdlength != 0) return formerr_at(fields, "is a prerequisite with rdata");
  const bool is_name = fields.type == RRType::ANY;
  if (!is_name && is_meta(fields.type)) return formerr_at(fields, "is of no type that zones have");
  const bool wants = fields.klass == Class::any;
  const Kind kind = is_name ? (wants ? Kind::name_in_use : Kind::name_not_in_use)
                            : (wants ? Kind::rrset_exists : Kind::rrset_absent);
  update_.prerequisites.push_back(
      {kind, std::move(fields.owner), is_name ? RRType::none : fields.type, {}});
  return std::nullopt;
}

/// All values that a message names for one RRset are one prerequisite.
Faulty UpdateReader::read_values(const Fields& fields) {
  if (is_meta(fields.type)) return formerr_at(fields, "is of no type that zones have");
  Rdata value;
  if (auto fault = read_rdata(fields, value)) return fault;
  const auto [at, is_new] =
      values_.emplace(std::pair(fields.owner, fields.type), update_.prerequisites.size());
  if (is_new) {
    update_.prerequisites.push_back(
        {Prerequisite::Kind::rrset_has_values, fields.owner, fields.type, {}});
  }
  update_.prerequisites[at->second].values.push_back(std::move(value));
  return std::nullopt;
}

/// Section 3.4.1.
Faulty UpdateReader::read_change() {
  Fields fields;
  if (auto fault = read_fields(fields)) return fault;
  if (auto fault = why_outside(fields)) return fault;
  switch (fields.klass) {
    case Class::IN:
      return read_addition(fields);
    case Class::any:
    case Class::none:
      return read_removal(fields);
    case Class::CH:
    case Class::HS:
      break;
  }
  return formerr_at(fields, "is an update of a class that has no meaning there");
}

Faulty UpdateReader::read_addition(const Fields& fields) {
  if (is_meta(fields.type)) return formerr_at(fields, "is of no type that zones have");
  Rdata value;
  if (auto fault = read_rdata(fields, value)) return fault;
  const std::uint32_t ttl = fields.ttl > max_ttl ? 0 : fields.ttl;  // RFC 2181 section 8
  update_.changes.push_back(
      {UpdateChange::Kind::add, fields.owner, fields.type, ttl, std::move(value)});
  return std::nullopt;
}

Faulty UpdateReader::read_removal(const Fields& fields) {
  using Kind = UpdateChange::Kind;
  if (fields.ttl != 0) return formerr_at(fields, "is a removal with a TTL");
  const bool of_all = fields.klass == Class::any;
  const bool is_name = of_all && fields.type == RRType::ANY;
  if (!is_name && is_meta(fields.type)) return formerr_at(fields, "is of no type that zones have");
  if (of_all) {
    if (fields.rdlength != 0) return formerr_at(fields, "removes an RRset but names a value");
    update_.changes.push_back({is_name ? Kind::remove_name : Kind::remove_rrset, fields.owner,
                               is_name ? RRType::none : fields.type, 0, Rdata()});
    return std::nullopt;
  }
  Rdata value;
  if (auto fault = read_rdata(fields, value)) return fault;
  update_.changes.push_back({Kind::remove_value, fields.owner, fields.type, 0, std::move(value)});
  return std::nullopt;
}

Faulty UpdateReader::skip_record() {
  Fields fields;
  if (auto fault = read_fields(fields)) return fault;
  if (!reader_.take(fields.rdlength)) return formerr("an additional record is cut off");
  return std::nullopt;
}

}  // namespace

tl::expected<Update, UpdateFault> Update::parse(Octets wire) {
  if (wire.size() < header_size) return tl::unexpected(formerr("shorter than a header"));
  const Header header = header_from(wire);
  if (header.qr || header.opcode != Opcode::update) return tl::unexpected(formerr("no UPDATE"));
  UpdateReader reader(wire);
  if (auto fault = reader.read(wire)) return tl::unexpected(std::move(*fault));
  return reader.take();
}

}  // namespace taproot::dns
