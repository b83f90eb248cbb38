#include "dns/message.hpp"

#include "dns/header.hpp"
#include "dns/random_id.hpp"
#include "dns/rdata.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace taproot::dns {

namespace {

constexpr std::size_t smallest_record = 11;
constexpr std::uint32_t dnssec_ok_bit = 0x8000;

tl::unexpected<Error> bad_message(std::string why) {
  return fail(Errc::bad_message, std::move(why));
}

/// The fixed part of a record, before its rdata.
struct RecordHead {
  std::size_t at = 0;
  Name owner;
  RRType type = RRType::none;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  std::uint16_t rdlength = 0;
};

Result<RecordHead> read_head(WireReader& reader) {
  RecordHead head;
  head.at = reader.position();
  auto owner = Name::from_wire(reader);
  if (!owner) return tl::unexpected(owner.error());
  auto fixed = reader.take(10);
  if (!fixed) return tl::unexpected(fixed.error());
  WireReader fields(*fixed);
  head.owner = std::move(*owner);
  head.type = static_cast<RRType>(*fields.u16());
  head.klass = *fields.u16();
  head.ttl = *fields.u32();
  head.rdlength = *fields.u16();
  return head;
}

/// In a class that is neither IN nor one of UPDATE's two, addresses and the like have another
/// format or none: only what every class has is read by its fields.
bool known_in(Class klass, RRType type) {
  switch (klass) {
    case Class::IN:
    case Class::none:
    case Class::any:
      return true;
    case Class::CH:
    case Class::HS:
      break;
  }
  return type == RRType::NS || type == RRType::CNAME || type == RRType::SOA ||
         type == RRType::PTR || type == RRType::MX || type == RRType::TXT;
}

bool may_be_empty(Class klass) {
  return klass == Class::none || klass == Class::any;
}

Result<Record> read_record(WireReader& reader, RecordHead head) {
  Record record{std::move(head.owner), head.type, static_cast<Class>(head.klass), 0, Rdata()};
  record.ttl = head.ttl <= max_ttl ? head.ttl : 0;  // RFC 2181 section 8
  if (head.rdlength == 0 && may_be_empty(record.klass)) return record;
  const RRType codec = known_in(record.klass, record.type) ? record.type : RRType::none;
  auto rdata = rdata_from_wire(codec, reader, head.rdlength);
  if (!rdata) return tl::unexpected(rdata.error());
  record.rdata = std::move(*rdata);
  return record;
}

Result<Edns> read_edns(WireReader& reader, const RecordHead& head, Rcode& rcode) {
  if (!head.owner.is_root()) return bad_message("the owner of OPT is not the root");
  Edns edns;
  edns.udp_size = head.klass;
  edns.version = static_cast<std::uint8_t>(head.ttl >> 16);
  edns.dnssec_ok = (head.ttl & dnssec_ok_bit) != 0;
  rcode = static_cast<Rcode>((head.ttl >> 24) << 4 | static_cast<std::uint32_t>(rcode));
  const auto rdata = reader.take(head.rdlength);
  if (!rdata) return tl::unexpected(rdata.error());
  WireReader options(*rdata);
  while (!options.at_end()) {
    const auto fixed = options.take(4);
    if (!fixed) return tl::unexpected(fixed.error());
    WireReader fields(*fixed);
    const std::uint16_t code = *fields.u16();
    const auto data = options.take(*fields.u16());
    if (!data) return tl::unexpected(data.error());
    edns.options.push_back({code, {data->begin(), data->end()}});
  }
  return edns;
}

Result<std::vector<Question>> read_questions(WireReader& reader, std::size_t count) {
  std::vector<Question> questions;
  for (; count > 0; --count) {
    auto qname = Name::from_wire(reader);
    if (!qname) return tl::unexpected(qname.error());
    auto fixed = reader.take(4);
    if (!fixed) return tl::unexpected(fixed.error());
    WireReader fields(*fixed);
    const auto qtype = static_cast<RRType>(*fields.u16());
    questions.push_back({std::move(*qname), qtype, static_cast<Class>(*fields.u16())});
  }
  return questions;
}

Result<std::vector<Record>> read_section(WireReader& reader, std::size_t count) {
  std::vector<Record> records;
  records.reserve(std::min(count, reader.left() / smallest_record));
  for (; count > 0; --count) {
    auto head = read_head(reader);
    if (!head) return tl::unexpected(head.error());
    if (head->type == RRType::OPT || head->type == RRType::TSIG) {
      return bad_message(to_text(head->type) + " outside of the additional section");
    }
    auto record = read_record(reader, std::move(*head));
    if (!record) return tl::unexpected(record.error());
    records.push_back(std::move(*record));
  }
  return records;
}

/// The additional section, with OPT and TSIG taken out of it.
Result<void> read_additional(WireReader& reader, std::size_t count, Message& message) {
  for (; count > 0; --count) {
    if (message.tsig_at) return bad_message("a record after TSIG");
    auto head = read_head(reader);
    if (!head) return tl::unexpected(head.error());
    if (head->type == RRType::TSIG) {
      if (auto rdata = reader.take(head->rdlength); !rdata) return tl::unexpected(rdata.error());
      message.tsig_at = head->at;
    } else if (head->type == RRType::OPT) {
      if (message.edns) return bad_message("more than one OPT");
      auto edns = read_edns(reader, *head, message.header.rcode);
      if (!edns) return tl::unexpected(edns.error());
      message.edns = std::move(*edns);
    } else {
      auto record = read_record(reader, std::move(*head));
      if (!record) return tl::unexpected(record.error());
      message.additional.push_back(std::move(*record));
    }
  }
  return {};
}

/// Writes the two octets of a length afterwards, over what was written in between.
template <class Write>
void write_counted(WireWriter& writer, Write write) {
  const std::size_t at = writer.position();
  writer.u16(0);
  const std::size_t start = writer.position();
  write();
  if (!writer.overflowed()) {
    writer.put_u16(at, static_cast<std::uint16_t>(writer.position() - start));
  }
}

void write_record(WireWriter& writer, const Record& record) {
  writer.name(record.owner.wire());
  writer.u16(static_cast<std::uint16_t>(record.type));
  writer.u16(static_cast<std::uint16_t>(record.klass));
  writer.u32(record.ttl);
  const bool empty = record.rdata.size() == 0;
  const bool known = known_in(record.klass, record.type);
  write_counted(writer, [&] {
    if (!empty) write_rdata(writer, known ? record.type : RRType::none, record.rdata.wire());
  });
}

void write_edns(WireWriter& writer, const Edns& edns, Rcode rcode) {
  writer.u8(0);
  writer.u16(static_cast<std::uint16_t>(RRType::OPT));
  writer.u16(edns.udp_size);
  writer.u8(static_cast<std::uint8_t>(static_cast<unsigned>(rcode) >> 4));
  writer.u8(edns.version);
  writer.u16(edns.dnssec_ok ? dnssec_ok_bit : 0);
  write_counted(writer, [&] {
    for (const EdnsOption& option : edns.options) {
      writer.u16(option.code);
      write_counted(writer, [&] { writer.octets(option.data); });
    }
  });
}

void write_counts(WireWriter& writer, const Message& message) {
  const std::size_t additional = message.additional.size() + (message.edns ? 1 : 0);
  for (const std::size_t count :
       {message.question.size(), message.answer.size(), message.authority.size(), additional}) {
    writer.u16(static_cast<std::uint16_t>(count));
  }
}

/// The octets written, or nothing if the buffer is too small.
std::optional<std::size_t> write_message(std::span<std::uint8_t> buffer, const Message& message) {
  std::array<std::uint16_t, 1024> table;
  WireWriter writer(buffer, table);
  writer.u16(message.header.id);
  writer.u16(flags_of(message.header));
  write_counts(writer, message);
  for (const Question& q : message.question) {
    writer.name(q.qname.wire());
    writer.u16(static_cast<std::uint16_t>(q.qtype));
    writer.u16(static_cast<std::uint16_t>(q.qclass));
  }
  for (const auto* section : {&message.answer, &message.authority, &message.additional}) {
    for (const Record& record : *section) write_record(writer, record);
  }
  if (message.edns) write_edns(writer, *message.edns, message.header.rcode);
  if (writer.overflowed()) return std::nullopt;
  return writer.position();
}

}  // namespace

Result<Message> Message::parse(Octets wire) {
  WireReader reader(wire);
  const auto head = reader.take(header_size);
  if (!head) return tl::unexpected(head.error());
  Message message;
  message.header = header_from(*head);
  WireReader counts(*head, 4);
  auto question = read_questions(reader, *counts.u16());
  if (!question) return tl::unexpected(question.error());
  auto answer = read_section(reader, *counts.u16());
  if (!answer) return tl::unexpected(answer.error());
  auto authority = read_section(reader, *counts.u16());
  if (!authority) return tl::unexpected(authority.error());
  message.question = std::move(*question);
  message.answer = std::move(*answer);
  message.authority = std::move(*authority);
  if (auto rest = read_additional(reader, *counts.u16(), message); !rest) {
    return tl::unexpected(rest.error());
  }
  if (!reader.at_end()) {
    return bad_message(std::to_string(reader.left()) + " octets after the last record");
  }
  return message;
}

Result<std::vector<std::uint8_t>> Message::compose(std::size_t limit) const {
  if (static_cast<unsigned>(header.rcode) > 15 && !edns) {
    return bad_message(to_text(header.rcode) + " cannot be said without EDNS");
  }
  // Nearly all messages are small, and clearing 64 KiB for each would cost more than they do.
  std::array<std::uint8_t, 2048> small;
  const std::size_t first_try = std::min(limit, small.size());
  if (const auto size = write_message(std::span(small).first(first_try), *this)) {
    return std::vector<std::uint8_t>(small.data(), small.data() + *size);
  }
  if (limit > first_try) {
    std::vector<std::uint8_t> large(std::min<std::size_t>(limit, 65535));
    if (const auto size = write_message(large, *this)) {
      return std::vector<std::uint8_t>(large.data(), large.data() + *size);
    }
  }
  return fail(Errc::too_large, "the message does not fit in " + std::to_string(limit) + " octets");
}

Message make_query(const Name& qname, RRType qtype, std::uint16_t udp_size) {
  Message message;
  message.header.id = random_id();
  message.question.push_back({qname, qtype, Class::IN});
  if (udp_size != 0) message.edns = Edns{udp_size, 0, false, {}};
  return message;
}

}  // namespace taproot::dns
