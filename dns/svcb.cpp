#include "dns/svcb.hpp"

#include "dns/text_fields.hpp"
#include "dns/text_values.hpp"
#include "dns/tsig.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

namespace taproot::dns {

namespace {

/// The keys with a text form of their own; their numbers are their places (RFC 9460 section
/// 14.3.2, RFC 9461, RFC 9540).
enum class Key : std::uint16_t {
  mandatory,
  alpn,
  no_default_alpn,
  port,
  ipv4hint,
  ech,
  ipv6hint,
  dohpath,
  ohttp
};
constexpr std::array<std::string_view, 9> key_names{"mandatory", "alpn",     "no-default-alpn",
                                                    "port",      "ipv4hint", "ech",
                                                    "ipv6hint",  "dohpath",  "ohttp"};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string key_to_text(std::uint16_t key) {
  if (key < key_names.size()) return std::string(key_names[key]);
  return "key" + std::to_string(key);
}

std::optional<std::uint16_t> key_from_text(std::string_view text) {
  for (std::size_t i = 0; i < key_names.size(); ++i) {
    if (key_names[i] == text) return static_cast<std::uint16_t>(i);
  }
  if (!text.starts_with("key") || text.size() < 4) return std::nullopt;
  if (text[3] == '0' && text.size() > 4) return std::nullopt;  // no leading zeros
  return number_from_text<std::uint16_t>(text.substr(3));
}

void append_u16(std::string& wire, std::size_t value) {
  wire += static_cast<char>(value >> 8);
  wire += static_cast<char>(value & 0xff);
}

std::size_t u16_at(Octets octets, std::size_t at) {
  return static_cast<std::size_t>(octets[at] << 8 | octets[at + 1]);
}

/// The items of a value list (appendix A.1), with its own level of escapes: "\," and "\\".
std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> items(1);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '\\' && i + 1 < list.size()) {
      items.back() += list[++i];
    } else if (list[i] == ',') {
      items.emplace_back();
    } else {
      items.back() += list[i];
    }
  }
  return items;
}

const char* append_alpn(std::string& wire, std::string_view list) {
  for (const std::string& item : items_of(list)) {
    if (item.empty() || item.size() > 255) return "has an alpn that is not 1 to 255 octets";
    wire += static_cast<char>(item.size());
    wire += item;
  }
  return nullptr;
}

const char* append_mandatory(std::string& wire, std::string_view list) {
  std::vector<std::uint16_t> keys;
  for (const std::string& item : items_of(list)) {
    const auto key = key_from_text(item);
    if (!key) return "has a key in mandatory that is not a SvcParamKey";
    keys.push_back(*key);
  }
  std::sort(keys.begin(), keys.end());
  for (const std::uint16_t key : keys) append_u16(wire, key);
  return nullptr;
}

const char* append_hints(std::string& wire, int family, std::string_view list) {
  for (const std::string& item : items_of(list)) {
    if (append_from_address(wire, family, item) != nullptr) {
      return family == AF_INET ? "has an ipv4hint that is not IPv4 addresses"
                               : "has an ipv6hint that is not IPv6 addresses";
    }
  }
  return nullptr;
}

/// A value with its character-string escapes undone. `generic`: the key was written as a number,
/// so the octets stand for themselves.
const char* append_value(std::string& wire, std::uint16_t key, bool generic,
                         const std::string& value) {
  if (generic || key >= key_names.size()) {
    wire += value;
    return nullptr;
  }
  switch (static_cast<Key>(key)) {
    case Key::mandatory:
      return append_mandatory(wire, value);
    case Key::alpn:
      return append_alpn(wire, value);
    case Key::port: {
      const auto port = number_from_text<std::uint16_t>(value);
      if (!port) return "has a port that is not a number from 0 to 65535";
      append_u16(wire, *port);
      return nullptr;
    }
    case Key::ipv4hint:
      return append_hints(wire, AF_INET, value);
    case Key::ipv6hint:
      return append_hints(wire, AF_INET6, value);
    case Key::ech: {
      const auto octets = base64_decode(value);
      if (!octets) return "has an ech that is not base64";
      wire += *octets;
      return nullptr;
    }
    case Key::no_default_alpn:
    case Key::dohpath:
    case Key::ohttp:
      wire += value;
      return nullptr;
  }
  return nullptr;
}

/// Takes one value off `text`, up to a blank or the end of its quotes; escapes stay as written.
const char* take_value(std::string_view& text, std::string_view& value) {
  const bool quoted = !text.empty() && text[0] == '"';
  std::size_t i = quoted ? 1 : 0;
  while (i < text.size() && (quoted ? text[i] != '"' : !is_blank(text[i]))) {
    if (!quoted && text[i] == '"') return "has a quote inside a value; put a backslash before it";
    i += text[i] == '\\' ? std::size_t{2} : std::size_t{1};
  }
  if (quoted && i >= text.size()) return "has a quoted value without end";
  i = std::min(i, text.size());
  value = quoted ? text.substr(1, i - 1) : text.substr(0, i);
  text.remove_prefix(quoted ? i + 1 : i);
  if (!text.empty() && !is_blank(text[0])) return "goes on after a quoted value";
  return nullptr;
}

void append_escaped(std::string& out, std::string_view octets) {
  for (const char c : octets) {
    const auto octet = static_cast<std::uint8_t>(c);
    if (octet > 0x20 && octet < 0x7f) {
      if (c == '"' || c == '\\' || c == ';' || c == '(' || c == ')') out += '\\';
      out += c;
    } else {
      out += '\\';
      out += static_cast<char>('0' + octet / 100);
      out += static_cast<char>('0' + octet / 10 % 10);
      out += static_cast<char>('0' + octet % 10);
    }
  }
}

std::string alpn_to_list(Octets value) {
  std::string list;
  while (!value.empty()) {
    if (!list.empty()) list += ',';
    for (const std::uint8_t octet : value.subspan(1, value[0])) {
      if (octet == ',' || octet == '\\') list += '\\';
      list += static_cast<char>(octet);
    }
    value = value.subspan(value[0] + std::size_t{1});
  }
  return list;
}

std::string hints_to_list(int family, Octets value) {
  const std::size_t size = family == AF_INET ? 4 : 16;
  std::string list;
  for (; !value.empty(); value = value.subspan(size)) {
    if (!list.empty()) list += ',';
    append_address(list, family, value);
  }
  return list;
}

std::string mandatory_to_list(Octets value) {
  std::string list;
  for (; !value.empty(); value = value.subspan(2)) {
    if (!list.empty()) list += ',';
    list += key_to_text(static_cast<std::uint16_t>(u16_at(value, 0)));
  }
  return list;
}

/// The value of a key, not yet escaped.
std::string value_to_text(std::uint16_t key, Octets value) {
  const std::string plain(reinterpret_cast<const char*>(value.data()), value.size());
  if (key >= key_names.size()) return plain;
  switch (static_cast<Key>(key)) {
    case Key::mandatory:
      return mandatory_to_list(value);
    case Key::alpn:
      return alpn_to_list(value);
    case Key::port:
      return std::to_string(u16_at(value, 0));
    case Key::ipv4hint:
      return hints_to_list(AF_INET, value);
    case Key::ipv6hint:
      return hints_to_list(AF_INET6, value);
    case Key::ech:
      return base64_encode(value);
    case Key::no_default_alpn:
    case Key::dohpath:
    case Key::ohttp:
      return plain;
  }
  return plain;
}

/// Takes the next "key" or "key=value" off `text` into `params`. What is wrong, or empty.
std::string take_param(std::string_view& text, std::map<std::uint16_t, std::string>& params) {
  std::size_t end = 0;
  while (end < text.size() && text[end] != '=' && !is_blank(text[end])) ++end;
  const std::string_view word = text.substr(0, end);
  const auto key = key_from_text(word);
  if (!key) return "\"" + std::string(word.substr(0, 40)) + "\" is not a SvcParamKey";
  const bool has_value = end < text.size() && text[end] == '=';
  text.remove_prefix(has_value ? end + 1 : end);
  std::string_view raw;
  if (has_value) {
    if (const char* why = take_value(text, raw)) return why;
  }
  std::string value;
  if (const char* why = append_unescaped(value, raw)) return why;
  std::string wire;
  // A key without a value has an empty one; of those with a form of their own, only some may.
  const bool generic = word.starts_with("key") || (!has_value && raw.empty());
  if (const char* why = append_value(wire, *key, generic, value)) return why;
  if (wire.size() > 65535) return "has a value of more than 65535 octets";
  if (!params.emplace(*key, std::move(wire)).second) return key_to_text(*key) + " stands twice";
  return "";
}

}  // namespace

std::string append_from_svc_params(std::string& wire, std::string_view text) {
  std::map<std::uint16_t, std::string> params;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.empty()) break;
    if (auto why = take_param(text, params); !why.empty()) return why;
  }
  for (const auto& [key, value] : params) {
    append_u16(wire, key);
    append_u16(wire, value.size());
    wire += value;
  }
  return "";
}

void append_svc_params(std::string& out, Octets params) {
  while (!params.empty()) {
    const auto key = static_cast<std::uint16_t>(u16_at(params, 0));
    const std::size_t size = u16_at(params, 2);
    out += ' ';
    out += key_to_text(key);
    if (size > 0) {
      out += '=';
      append_escaped(out, value_to_text(key, params.subspan(4, size)));
    }
    params = params.subspan(4 + size);
  }
}

}  // namespace taproot::dns
