#include "dns/key_records.hpp"

#include "dns/text_fields.hpp"
#include "dns/text_values.hpp"
#include "dns/tsig.hpp"

#include <sys/socket.h>

#include <array>

namespace taproot::dns {

namespace {

/// Gateway types of IPSECKEY (RFC 4025 section 2.3).
enum class Gateway : std::uint8_t { none = 0, ipv4 = 1, ipv6 = 2, name = 3 };

/// The text of the next field; empty at the end and for quoted fields, which no field here is.
std::string_view next_plain(TextFields& fields) {
  const auto field = fields.next();
  return field && !field->quoted ? field->text : std::string_view();
}

std::string append_from_name(std::string& wire, std::string_view text, const Name& origin) {
  std::array<std::uint8_t, 255> octets;
  const auto size = name_from_text(text, &origin, octets);
  if (!size) return size.error().detail;
  wire.append(reinterpret_cast<const char*>(octets.data()), *size);
  return "";
}

std::string append_from_gateway(std::string& wire, Gateway type, std::string_view text,
                                const Name& origin) {
  const char* why = nullptr;
  switch (type) {
    case Gateway::none:
      return text == "." ? "" : "the gateway of type 0 is not \".\"";
    case Gateway::ipv4:
      why = append_from_address(wire, AF_INET, text);
      break;
    case Gateway::ipv6:
      why = append_from_address(wire, AF_INET6, text);
      break;
    case Gateway::name:
      return append_from_name(wire, text, origin);
  }
  return why == nullptr ? "" : "the gateway " + std::string(why);
}

/// All that is left as one text of base64; blanks between its parts do not matter.
std::string append_from_base64(std::string& wire, std::string_view text) {
  const auto octets = base64_decode(text);
  if (!octets) return "the key is not base64";
  wire += *octets;
  return "";
}

std::size_t u16_at(Octets octets, std::size_t at) {
  return static_cast<std::size_t>(octets[at] << 8 | octets[at + 1]);
}

}  // namespace

std::string append_from_ipseckey(std::string& wire, std::string_view text, const Name& origin) {
  TextFields fields(text);
  const auto precedence = number_from_text<std::uint8_t>(next_plain(fields));
  const auto type = number_from_text<std::uint8_t>(next_plain(fields));
  const auto algorithm = number_from_text<std::uint8_t>(next_plain(fields));
  const std::string_view gateway = next_plain(fields);
  if (!precedence || !type || !algorithm || gateway.empty()) {
    return "needs a precedence, a gateway type, an algorithm and a gateway";
  }
  if (*type > 3) return "gateway type is over 3";
  for (const std::uint8_t octet : {*precedence, *type, *algorithm}) {
    wire += static_cast<char>(octet);
  }
  if (auto why = append_from_gateway(wire, static_cast<Gateway>(*type), gateway, origin);
      !why.empty()) {
    return why;
  }
  return append_from_base64(wire, fields.take_rest());
}

void append_ipseckey(std::string& out, Octets rdata) {
  for (const std::uint8_t octet : rdata.first(3)) out += std::to_string(octet) + " ";
  Octets rest = rdata.subspan(3);
  std::size_t size = 0;
  switch (static_cast<Gateway>(rdata[1])) {
    case Gateway::none:
      out += '.';
      break;
    case Gateway::ipv4:
      size = 4;
      append_address(out, AF_INET, rest);
      break;
    case Gateway::ipv6:
      size = 16;
      append_address(out, AF_INET6, rest);
      break;
    case Gateway::name:
      size = name_length(rest);
      append_name_text(out, rest.first(size));
      break;
  }
  rest = rest.subspan(size);
  if (!rest.empty()) out += " " + base64_encode(rest);
}

std::string append_from_hip(std::string& wire, std::string_view text, const Name& origin) {
  TextFields fields(text);
  const auto algorithm = number_from_text<std::uint8_t>(next_plain(fields));
  if (!algorithm) return "the algorithm is not a number from 0 to 255";
  std::string hit;
  if (append_from_hex(hit, next_plain(fields)) != nullptr || hit.size() > 255) {
    return "the HIT is not up to 255 octets in hexadecimal";
  }
  const auto key = base64_decode(next_plain(fields));
  if (!key || key->size() > 65535) return "the key is not base64";
  wire += static_cast<char>(hit.size());
  wire += static_cast<char>(*algorithm);
  wire += static_cast<char>(key->size() >> 8);
  wire += static_cast<char>(key->size() & 0xff);
  wire += hit;
  wire += *key;
  while (!fields.at_end()) {
    if (auto why = append_from_name(wire, next_plain(fields), origin); !why.empty()) return why;
  }
  return "";
}

void append_hip(std::string& out, Octets rdata) {
  const std::size_t hit = rdata[0];
  const std::size_t key = u16_at(rdata, 2);
  out += std::to_string(rdata[1]) + " ";
  append_hex(out, rdata.subspan(4, hit));
  out += " " + base64_encode(rdata.subspan(4 + hit, key));
  for (Octets servers = rdata.subspan(4 + hit + key); !servers.empty();) {
    const std::size_t size = name_length(servers);
    out += ' ';
    append_name_text(out, servers.first(size));
    servers = servers.subspan(size);
  }
}

}  // namespace taproot::dns
