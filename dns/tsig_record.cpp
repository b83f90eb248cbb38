#include "dns/tsig_record.hpp"

#include "dns/types.hpp"

namespace taproot::dns {

namespace {

constexpr auto tsig_type = static_cast<std::uint16_t>(RRType::TSIG);
constexpr std::size_t longest_other = 6;  // the server's time with BADTIME, section 5.2.3
constexpr auto class_any = static_cast<std::uint16_t>(Class::any);

tl::unexpected<Error> malformed(const char* why) {
  return fail(Errc::bad_message, std::string("TSIG record ") + why);
}

/// The rdata, which ends with its reader.
Result<void> read_rdata(WireReader& reader, TsigRecord& record) {
  const Octets all = reader.message().subspan(reader.position());
  const std::size_t name = name_length(all);
  if (name == 0) return malformed("has a bad algorithm name");
  record.algorithm = Name::from_trusted(*reader.take(name));
  constexpr std::size_t fixed = 10;
  if (reader.left() < fixed) return malformed("ends too early");
  record.time_signed = *reader.u48();
  record.fudge = *reader.u16();
  const auto mac = reader.take(*reader.u16());
  if (!mac || reader.left() < 6) return malformed("ends too early");
  record.mac = *mac;
  record.original_id = *reader.u16();
  record.error = *reader.u16();
  const auto other = reader.take(*reader.u16());
  if (!other) return malformed("ends too early");
  if (other->size() > longest_other) return malformed("has more other data than a time");
  record.other = *other;
  if (!reader.at_end()) return malformed("has octets left over");
  return {};
}

}  // namespace

Result<TsigRecord> TsigRecord::parse(Octets message, std::size_t at) {
  if (at > message.size()) return malformed("is not there");
  WireReader reader(message, at);
  auto key_name = Name::from_wire(reader);
  if (!key_name) return malformed("has a bad key name");
  constexpr std::size_t fixed = 10;
  if (reader.left() < fixed) return malformed("ends too early");
  if (*reader.u16() != tsig_type) return malformed("is of another type");
  if (*reader.u16() != class_any) return malformed("is not of class ANY");
  if (*reader.u32() != 0) return malformed("has a TTL other than 0");
  if (*reader.u16() != reader.left()) return malformed("does not end where the message does");
  TsigRecord record;
  record.key_name = std::move(*key_name);
  if (auto rdata = read_rdata(reader, record); !rdata) return tl::unexpected(rdata.error());
  return record;
}

void TsigRecord::write(WireWriter& writer) const {
  writer.octets(key_name.wire());
  writer.u16(tsig_type);
  writer.u16(class_any);
  writer.u32(0);
  const std::size_t rdlength = algorithm.size() + 16 + mac.size() + other.size();
  writer.u16(static_cast<std::uint16_t>(rdlength));
  writer.octets(algorithm.wire());
  write_timers(writer);
  writer.u16(static_cast<std::uint16_t>(mac.size()));
  writer.octets(mac);
  writer.u16(original_id);
  writer.u16(error);
  writer.u16(static_cast<std::uint16_t>(other.size()));
  writer.octets(other);
}

void TsigRecord::write_variables(WireWriter& writer) const {
  writer.octets(key_name.lowered().wire());
  writer.u16(class_any);
  writer.u32(0);
  writer.octets(algorithm.lowered().wire());
  write_timers(writer);
  writer.u16(error);
  writer.u16(static_cast<std::uint16_t>(other.size()));
}

void TsigRecord::write_timers(WireWriter& writer) const {
  writer.u48(time_signed);
  writer.u16(fudge);
}

}  // namespace taproot::dns
