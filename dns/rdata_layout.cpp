#include "dns/rdata_layout.hpp"

#include "dns/name.hpp"
#include "dns/rdata_checks.hpp"

namespace taproot::dns {

namespace {

using F = Field;
using T = RRType;

constexpr std::array layouts{
    Layout{T::A, {F::ipv4}},
    Layout{T::NS, {F::name}},
    Layout{T::MD, {F::name}},
    Layout{T::MF, {F::name}},
    Layout{T::CNAME, {F::name}},
    Layout{T::SOA, {F::name, F::name, F::u32, F::seconds, F::seconds, F::seconds, F::seconds}},
    Layout{T::MB, {F::name}},
    Layout{T::MG, {F::name}},
    Layout{T::MR, {F::name}},
    Layout{T::WKS, {F::ipv4, F::u8, F::rest}},
    Layout{T::PTR, {F::name}},
    Layout{T::HINFO, {F::string, F::string}},
    Layout{T::MINFO, {F::name, F::name}},
    Layout{T::MX, {F::u16, F::name}},
    Layout{T::TXT, {F::strings}},
    Layout{T::RP, {F::name_legacy, F::name_legacy}},
    Layout{T::AFSDB, {F::u16, F::name_legacy}},
    Layout{T::X25, {F::string}},
    Layout{T::ISDN, {F::strings}, why_bad_isdn},
    Layout{T::RT, {F::u16, F::name_legacy}},
    Layout{T::SIG,
           {F::rrtype, F::algorithm, F::u8, F::u32, F::time, F::time, F::u16, F::name_legacy,
            F::base64_some}},
    Layout{T::KEY, {F::u16, F::u8, F::algorithm, F::base64_rest}},
    Layout{T::PX, {F::u16, F::name_legacy, F::name_legacy}},
    Layout{T::AAAA, {F::ipv6}},
    Layout{T::LOC, {F::rest_some}, why_bad_loc},
    Layout{T::NXT, {F::name_legacy, F::rest_some}},
    Layout{T::SRV, {F::u16, F::u16, F::u16, F::name_legacy}},
    Layout{T::NAPTR, {F::u16, F::u16, F::string, F::string, F::string, F::name_legacy}},
    Layout{T::KX, {F::u16, F::name_lowered}},
    Layout{T::CERT, {F::cert_type, F::u16, F::algorithm, F::base64_some}},
    Layout{T::DNAME, {F::name_lowered}},
    Layout{T::APL, {F::rest}, why_bad_apl},
    Layout{T::DS, {F::u16, F::algorithm, F::u8, F::hex_some}, why_bad_ds},
    Layout{T::SSHFP, {F::u8, F::u8, F::hex_some}, why_bad_sshfp},
    Layout{T::IPSECKEY, {F::ipseckey}, why_bad_ipseckey},
    Layout{T::RRSIG,
           {F::rrtype, F::algorithm, F::u8, F::u32, F::time, F::time, F::u16, F::name_lowered,
            F::base64_some}},
    Layout{T::NSEC, {F::name_kept, F::bitmap}},
    Layout{T::DNSKEY, {F::u16, F::u8, F::algorithm, F::base64_some}},
    Layout{T::DHCID, {F::base64_some}},
    Layout{T::NSEC3, {F::u8, F::u8, F::u16, F::salt, F::hash, F::bitmap}},
    Layout{T::NSEC3PARAM, {F::u8, F::u8, F::u16, F::salt}},
    Layout{T::TLSA, {F::u8, F::u8, F::u8, F::hex_some}},
    Layout{T::SMIMEA, {F::u8, F::u8, F::u8, F::hex_some}},
    Layout{T::HIP, {F::hip}, why_bad_hip},
    Layout{T::CDS, {F::u16, F::algorithm, F::u8, F::hex_some}, why_bad_ds},
    Layout{T::CDNSKEY, {F::u16, F::u8, F::algorithm, F::base64_some}},
    Layout{T::OPENPGPKEY, {F::base64_some}},
    Layout{T::CSYNC, {F::u32, F::u16, F::bitmap}},
    Layout{T::ZONEMD, {F::u32, F::u8, F::u8, F::hex_some}, why_bad_zonemd},
    Layout{T::SVCB, {F::u16, F::name_kept, F::svc_params}, why_bad_svcb},
    Layout{T::HTTPS, {F::u16, F::name_kept, F::svc_params}, why_bad_svcb},
    Layout{T::DSYNC, {F::rrtype, F::dsync_scheme, F::u16, F::name_kept}},
    Layout{T::SPF, {F::strings}},
    Layout{T::EUI48, {F::octets_6}},
    Layout{T::EUI64, {F::octets_8}},
    Layout{T::URI, {F::u16, F::u16, F::text_some}},
    Layout{T::CAA, {F::u8, F::tag, F::text_rest}},
};

constexpr std::size_t known_types = 258;  // all in the table are below

constexpr std::array<std::uint8_t, known_types> index_by_type() {
  std::array<std::uint8_t, known_types> index{};
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    index[static_cast<std::size_t>(layouts[i].type)] = static_cast<std::uint8_t>(i + 1);
  }
  return index;
}

constexpr auto layout_index = index_by_type();

}  // namespace

const Layout* find_layout(RRType type) {
  const auto number = static_cast<std::size_t>(type);
  if (number >= known_types || layout_index[number] == 0) return nullptr;
  return &layouts[layout_index[number] - std::size_t{1}];
}

std::size_t field_size(Field field, Octets rdata) {
  switch (field) {
    case Field::end:
      return 0;
    case Field::u8:
    case Field::algorithm:
    case Field::dsync_scheme:
      return 1;
    case Field::u16:
    case Field::cert_type:
    case Field::rrtype:
      return 2;
    case Field::u32:
    case Field::seconds:
    case Field::time:
    case Field::ipv4:
      return 4;
    case Field::octets_6:
      return 6;
    case Field::octets_8:
      return 8;
    case Field::ipv6:
      return 16;
    case Field::name:
    case Field::name_legacy:
    case Field::name_lowered:
    case Field::name_kept:
      return name_length(rdata);
    case Field::string:
    case Field::tag:
    case Field::salt:
    case Field::hash:
      return rdata[0] + std::size_t{1};
    case Field::strings:
    case Field::bitmap:
    case Field::rest:
    case Field::rest_some:
    case Field::text_rest:
    case Field::text_some:
    case Field::hex_some:
    case Field::base64_rest:
    case Field::base64_some:
    case Field::ipseckey:
    case Field::hip:
    case Field::svc_params:
      return rdata.size();
  }
  return rdata.size();
}

}  // namespace taproot::dns
