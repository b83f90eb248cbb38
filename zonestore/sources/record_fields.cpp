#include "zonestore/sources/record_fields.hpp"

#include <array>

namespace taproot::zonestore {

namespace {

using dns::RRType;

constexpr auto required = static_cast<const char*>(nullptr);

constexpr std::array mx = {RecordField{"preference", "priority", FieldForm::number, required},
                           RecordField{"exchange", "value", FieldForm::name, required}};
constexpr std::array srv = {RecordField{"priority", "", FieldForm::number, required},
                            RecordField{"weight", "", FieldForm::number, required},
                            RecordField{"port", "", FieldForm::number, required},
                            RecordField{"target", "", FieldForm::name, required}};
constexpr std::array caa = {RecordField{"flags", "", FieldForm::number, "0"},
                            RecordField{"tag", "", FieldForm::word, required},
                            RecordField{"value", "", FieldForm::text, required}};
constexpr std::array naptr = {RecordField{"order", "", FieldForm::number, required},
                              RecordField{"preference", "", FieldForm::number, required},
                              RecordField{"flags", "", FieldForm::text, "\"\""},
                              RecordField{"service", "", FieldForm::text, "\"\""},
                              RecordField{"regexp", "", FieldForm::text, "\"\""},
                              RecordField{"replacement", "", FieldForm::name, "."}};
constexpr std::array sshfp = {RecordField{"algorithm", "", FieldForm::number, required},
                              RecordField{"fingerprint_type", "", FieldForm::number, required},
                              RecordField{"fingerprint", "", FieldForm::word, required}};
constexpr std::array tlsa = {
    RecordField{"certificate_usage", "", FieldForm::number, required},
    RecordField{"selector", "", FieldForm::number, required},
    RecordField{"matching_type", "", FieldForm::number, required},
    RecordField{"certificate_association_data", "", FieldForm::word, required}};
constexpr std::array ds = {RecordField{"key_tag", "", FieldForm::number, required},
                           RecordField{"algorithm", "", FieldForm::number, required},
                           RecordField{"digest_type", "", FieldForm::number, required},
                           RecordField{"digest", "", FieldForm::word, required}};
constexpr std::array loc = {RecordField{"lat_degrees", "", FieldForm::number, required},
                            RecordField{"lat_minutes", "", FieldForm::number, "0"},
                            RecordField{"lat_seconds", "", FieldForm::decimal, "0"},
                            RecordField{"lat_direction", "", FieldForm::word, required},
                            RecordField{"long_degrees", "", FieldForm::number, required},
                            RecordField{"long_minutes", "", FieldForm::number, "0"},
                            RecordField{"long_seconds", "", FieldForm::decimal, "0"},
                            RecordField{"long_direction", "", FieldForm::word, required},
                            RecordField{"altitude", "", FieldForm::metres, required},
                            RecordField{"size", "", FieldForm::metres, "1m"},
                            RecordField{"precision_horz", "", FieldForm::metres, "10000m"},
                            RecordField{"precision_vert", "", FieldForm::metres, "10m"}};
constexpr std::array svcb = {RecordField{"svcpriority", "", FieldForm::number, required},
                             RecordField{"targetname", "", FieldForm::name, required},
                             RecordField{"svcparams", "", FieldForm::parameters, ""}};
constexpr std::array uri = {RecordField{"priority", "", FieldForm::number, required},
                            RecordField{"weight", "", FieldForm::number, required},
                            RecordField{"target", "", FieldForm::text, required}};
constexpr std::array soa = {RecordField{"mname", "", FieldForm::name, required},
                            RecordField{"rname", "", FieldForm::name, required},
                            RecordField{"serial", "", FieldForm::number, "1"},
                            RecordField{"refresh", "", FieldForm::number, "3600"},
                            RecordField{"retry", "", FieldForm::number, "600"},
                            RecordField{"expire", "", FieldForm::number, "2419200"},
                            RecordField{"minimum", "", FieldForm::number, "300"}};

}  // namespace

std::span<const RecordField> record_fields(dns::RRType type) {
  switch (type) {
    case RRType::MX:
      return mx;
    case RRType::SRV:
      return srv;
    case RRType::CAA:
      return caa;
    case RRType::NAPTR:
      return naptr;
    case RRType::SSHFP:
      return sshfp;
    case RRType::TLSA:
    case RRType::SMIMEA:
      return tlsa;
    case RRType::DS:
    case RRType::CDS:
      return ds;
    case RRType::LOC:
      return loc;
    case RRType::SVCB:
    case RRType::HTTPS:
      return svcb;
    case RRType::URI:
      return uri;
    case RRType::SOA:
      return soa;
    default:
      return {};  // RRType is open: the other types are written as text
  }
}

}  // namespace taproot::zonestore
