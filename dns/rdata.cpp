#include "dns/rdata.hpp"

#include "dns/rdata_checks.hpp"
#include "dns/rdata_layout.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>

namespace taproot::dns {

namespace {

constexpr std::size_t max_rdata = 65535;

tl::unexpected<Error> bad_rdata(RRType type, const std::string& why) {
  return fail(Errc::bad_rdata, to_text(type) + ": " + why);
}

/// Reads the fields of one rdata up to the end of its reader. What is read is also appended to a
/// string if there is one, with names expanded.
class FieldReader {
 public:
  FieldReader(WireReader reader, std::string* out) : reader_(reader), out_(out) {}

  /// What is wrong with the field, or nullptr. An Error of a name is kept in name_error().
  const char* read(Field field);

  bool at_end() const { return reader_.at_end(); }
  const Error* name_error() const { return name_error_ ? &*name_error_ : nullptr; }

 private:
  Octets rest() const { return reader_.message().subspan(reader_.position()); }
  const char* fixed(std::size_t size) {
    if (size > reader_.left()) return "ends too early";
    return keep(size);
  }
  const char* keep(std::size_t size) {
    const Octets octets = *reader_.take(size);
    if (out_ != nullptr) {
      out_->append(reinterpret_cast<const char*>(octets.data()), octets.size());
    }
    return nullptr;
  }
  const char* plain_name();
  const char* compressed_name();
  const char* string();
  const char* strings();
  const char* tag();

  WireReader reader_;
  std::string* out_;
  std::optional<Error> name_error_;
};

const char* FieldReader::read(Field field) {
  switch (field) {
    case Field::end:
    case Field::u8:
    case Field::algorithm:
    case Field::u16:
    case Field::cert_type:
    case Field::rrtype:
    case Field::dsync_scheme:
    case Field::u32:
    case Field::seconds:
    case Field::time:
    case Field::ipv4:
    case Field::ipv6:
    case Field::octets_6:
    case Field::octets_8:
      return fixed(field_size(field, {}));
    case Field::name:
    case Field::name_legacy:
      return out_ != nullptr ? compressed_name() : plain_name();
    case Field::name_lowered:
    case Field::name_kept:
      return plain_name();
    case Field::string:
    case Field::salt:
      return string();
    case Field::hash:
      if (!at_end() && rest()[0] == 0) return "has an empty hash";
      return string();
    case Field::strings:
      return strings();
    case Field::tag:
      return tag();
    case Field::bitmap:
      if (const char* why = why_bad_bitmap(rest())) return why;
      return keep(reader_.left());
    case Field::rest:
    case Field::text_rest:
    case Field::base64_rest:
    case Field::svc_params:
      return keep(reader_.left());
    case Field::rest_some:
    case Field::text_some:
    case Field::hex_some:
    case Field::base64_some:
    case Field::ipseckey:
    case Field::hip:
      return at_end() ? "ends too early" : keep(reader_.left());
  }
  return "has an unknown field";
}

const char* FieldReader::plain_name() {
  const std::size_t size = name_length(rest());
  return size == 0 ? "has a name that is cut off, compressed or not valid" : keep(size);
}

const char* FieldReader::compressed_name() {
  auto name = Name::from_wire(reader_);
  if (!name) {
    name_error_ = std::move(name).error();
    return "has a bad name";
  }
  const Octets wire = name->wire();
  out_->append(reinterpret_cast<const char*>(wire.data()), wire.size());
  return nullptr;
}

const char* FieldReader::string() {
  if (at_end() || rest()[0] >= reader_.left()) return "ends too early";
  return keep(rest()[0] + std::size_t{1});
}

const char* FieldReader::strings() {
  const char* why = string();  // at least one
  while (why == nullptr && !at_end()) why = string();
  return why;
}

const char* FieldReader::tag() {
  const Octets all = rest();
  if (const char* why = string()) return why;
  return why_bad_tag(all.subspan(1, all[0]));
}

/// Reads all fields, appending to `out` if there is one. Nothing may be left over.
Result<void> read_fields(const Layout& layout, const WireReader& reader, std::string* out) {
  FieldReader fields(reader, out);
  for (const Field field : layout.fields) {
    if (field == Field::end) break;
    const char* why = fields.read(field);
    if (why == nullptr) continue;
    if (fields.name_error() != nullptr) return tl::unexpected(*fields.name_error());
    return bad_rdata(layout.type, why);
  }
  if (!fields.at_end()) return bad_rdata(layout.type, "has octets left over");
  return {};
}

/// What no single field can say, of whole rdata.
Result<void> check_whole(const Layout& layout, Octets rdata) {
  if (rdata.size() > max_rdata) return bad_rdata(layout.type, "is longer than 65535 octets");
  if (layout.why_bad != nullptr) {
    if (const char* why = layout.why_bad(rdata)) return bad_rdata(layout.type, why);
  }
  return {};
}

/// Where the only name of a layout that ends with it begins, if all before it has a fixed size:
/// most types with names are like that. Nothing for the others.
std::optional<std::size_t> trailing_name(const Layout& layout) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    const Field field = layout.fields[i];
    if (is_lowered(field)) {
      const bool last = i + 1 == layout.fields.size() || layout.fields[i + 1] == Field::end;
      return last ? std::optional(at) : std::nullopt;
    }
    if (field != Field::u8 && field != Field::u16 && field != Field::u32) return std::nullopt;
    at += field_size(field, {});
  }
  return std::nullopt;
}

std::strong_ordering compare_octets(Octets a, Octets b) {
  const std::size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  return order != 0 ? order <=> 0 : a.size() <=> b.size();
}

/// Octets that are a name; lengths of labels are below 'A' and so stay what they are.
std::strong_ordering compare_lowered(Octets a, Octets b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return lower(a[i]) <=> lower(b[i]);
  }
  return a.size() <=> b.size();
}

/// Calls `see(field, its octets)` for each field of valid rdata.
template <class See>
void each_field(const Layout& layout, Octets rdata, See see) {
  for (const Field field : layout.fields) {
    if (field == Field::end) return;
    const std::size_t size = field_size(field, rdata);
    see(field, rdata.first(size));
    rdata = rdata.subspan(size);
  }
}

bool lowers_names(RRType type) {
  const Layout* layout = find_layout(type);
  return layout != nullptr && layout->lowered;
}

/// The order of RFC 4034 section 6.3 for a type whose names must be lowered first.
void normalise_lowered(RRset& rrset) {
  std::vector<Rdata> keys;
  keys.reserve(rrset.rdata.size());
  for (const Rdata& rdata : rrset.rdata) keys.push_back(canonical(rrset.type, rdata));
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&keys](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  std::vector<Rdata> sorted;
  sorted.reserve(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && keys[order[i]] == keys[order[i - 1]]) continue;
    sorted.push_back(std::move(rrset.rdata[order[i]]));
  }
  rrset.rdata = std::move(sorted);
}

/// Canonical forms, sorted, without doubles.
std::vector<Rdata> canonical_set(const RRset& rrset) {
  std::vector<Rdata> set;
  set.reserve(rrset.rdata.size());
  for (const Rdata& rdata : rrset.rdata) set.push_back(canonical(rrset.type, rdata));
  std::sort(set.begin(), set.end());
  set.erase(std::unique(set.begin(), set.end()), set.end());
  return set;
}

void append_u32(std::string& wire, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) wire += static_cast<char>(value >> shift & 0xff);
}

void append_name(std::string& wire, const Name& name) {
  wire.append(reinterpret_cast<const char*>(name.wire().data()), name.size());
}

}  // namespace

Result<Rdata> rdata_from_wire(RRType type, WireReader& reader, std::uint16_t rdlength) {
  const std::size_t start = reader.position();
  const auto octets = reader.take(rdlength);
  if (!octets) return tl::unexpected(octets.error());
  const Layout* layout = find_layout(type);
  if (layout == nullptr || !layout->compressed) return rdata_from_octets(type, *octets);
  // A reader that ends with the rdata but still sees the message before it, for pointers.
  const WireReader fields(reader.message().first(start + rdlength), start);
  std::string wire;
  wire.reserve(rdlength + std::size_t{32});
  if (const auto read = read_fields(*layout, fields, &wire); !read) {
    return tl::unexpected(read.error());
  }
  wire.shrink_to_fit();
  Rdata rdata(std::move(wire));
  if (const auto good = check_whole(*layout, rdata.wire()); !good) {
    return tl::unexpected(good.error());
  }
  return rdata;
}

Result<Rdata> rdata_from_octets(RRType type, Octets wire) {
  if (const auto good = check_rdata_octets(type, wire); !good) {
    return tl::unexpected(good.error());
  }
  return Rdata(wire);
}

Result<void> check_rdata_octets(RRType type, Octets wire) {
  const Layout* layout = find_layout(type);
  if (layout == nullptr) {
    if (wire.size() > max_rdata) return bad_rdata(type, "is longer than 65535 octets");
    return {};
  }
  if (auto read = read_fields(*layout, WireReader(wire), nullptr); !read) return read;
  return check_whole(*layout, wire);
}

void write_rdata(WireWriter& writer, RRType type, Octets rdata) {
  const Layout* layout = find_layout(type);
  if (layout == nullptr || !layout->compressed) return writer.octets(rdata);
  each_field(*layout, rdata, [&writer](Field field, Octets octets) {
    if (field == Field::name) {
      writer.name(octets);
    } else if (field == Field::name_legacy) {
      writer.name_uncompressed(octets);
    } else {
      writer.octets(octets);
    }
  });
}

Rdata canonical(RRType type, const Rdata& rdata) {
  const Layout* layout = find_layout(type);
  if (layout == nullptr || !layout->lowered) return rdata;
  std::string wire;
  wire.reserve(rdata.size());
  each_field(*layout, rdata.wire(), [&wire](Field field, Octets octets) {
    for (const std::uint8_t octet : octets) {
      wire += static_cast<char>(is_lowered(field) ? lower(octet) : octet);
    }
  });
  return Rdata(std::move(wire));
}

std::strong_ordering compare_canonical(RRType type, Octets a, Octets b) {
  const Layout* layout = find_layout(type);
  if (layout == nullptr || !layout->lowered) return compare_octets(a, b);
  const auto name = trailing_name(*layout);
  if (!name) return canonical(type, Rdata(a)) <=> canonical(type, Rdata(b));
  const auto order = compare_octets(a.first(*name), b.first(*name));
  return order != 0 ? order : compare_lowered(a.subspan(*name), b.subspan(*name));
}

void normalise(RRset& rrset) {
  if (rrset.rdata.size() < 2) return;
  if (lowers_names(rrset.type)) return normalise_lowered(rrset);
  std::sort(rrset.rdata.begin(), rrset.rdata.end());
  rrset.rdata.erase(std::unique(rrset.rdata.begin(), rrset.rdata.end()), rrset.rdata.end());
}

bool same_data(const RRset& a, const RRset& b) {
  if (a.type != b.type || a.owner != b.owner) return false;
  return a.rdata == b.rdata || canonical_set(a) == canonical_set(b);
}

bool same_rrset(const RRset& a, const RRset& b) {
  return a.ttl == b.ttl && same_data(a, b);
}

Name target_of(RRType type, Octets rdata) {
  const Octets wire = target_octets(type, rdata);
  return wire.empty() ? Name::root() : Name::from_trusted(wire);
}

Octets target_octets(RRType type, Octets rdata) {
  std::size_t at = 0;
  switch (type) {
    case RRType::NS:
    case RRType::CNAME:
    case RRType::DNAME:
    case RRType::PTR:
      break;
    case RRType::MX:
    case RRType::KX:
    case RRType::RT:
    case RRType::AFSDB:
    case RRType::SVCB:
    case RRType::HTTPS:
      at = 2;
      break;
    case RRType::SRV:
      at = 6;
      break;
    default:
      return {};
  }
  assert(rdata.size() > at);
  const Octets name = rdata.subspan(at);
  return name.first(name_length(name));
}

Result<Soa> Soa::from_rdata(Octets rdata) {
  WireReader reader(rdata);
  auto mname = Name::from_wire(reader);
  if (!mname) return tl::unexpected(mname.error());
  auto rname = Name::from_wire(reader);
  if (!rname) return tl::unexpected(rname.error());
  if (reader.left() != 20) return bad_rdata(RRType::SOA, "does not end in five numbers");
  Soa soa{std::move(*mname), std::move(*rname), Serial(*reader.u32())};
  soa.refresh = *reader.u32();
  soa.retry = *reader.u32();
  soa.expire = *reader.u32();
  soa.minimum = *reader.u32();
  return soa;
}

Rdata Soa::to_rdata() const {
  std::string wire;
  wire.reserve(mname.size() + rname.size() + 20);
  append_name(wire, mname);
  append_name(wire, rname);
  for (const std::uint32_t value : {serial.value(), refresh, retry, expire, minimum}) {
    append_u32(wire, value);
  }
  return Rdata(std::move(wire));
}

}  // namespace taproot::dns
