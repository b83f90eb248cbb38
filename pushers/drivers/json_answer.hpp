#pragma once

#include "dns/rrset.hpp"
#include "pushers/exchange.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace taproot::pushers {

// What the drivers of JSON APIs read values with that they parsed. Nothing of it throws, whatever
// the value is. Templates, so that the library that parses is named in their sources alone.

/// The value of this key; null if there is none, or if `object` is no object.
template <class Json>
const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

/// Null also for what is no text.
template <class Json>
const std::string* find_text(const Json& object, const char* key) {
  const Json* value = find(object, key);
  return value == nullptr ? nullptr : value->template get_ptr<const std::string*>();
}

/// Empty where find_text() finds none.
template <class Json>
std::string text_of(const Json& object, const char* key) {
  const std::string* text = find_text(object, key);
  return text == nullptr ? std::string() : *text;
}

/// True only for true.
template <class Json>
bool flag_of(const Json& object, const char* key) {
  const Json* value = find(object, key);
  return value != nullptr && value->is_boolean() && value->template get<bool>();
}

/// A whole number from 0 on.
template <class Json>
std::optional<std::uint64_t> number_of(const Json& object, const char* key) {
  const Json* value = find(object, key);
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  return value->template get<std::uint64_t>();
}

/// What the body says, if that is an object; else null.
template <class Json>
Json object_of(const Response& response) {
  Json json = Json::parse(response.body, nullptr, false);
  return json.is_object() ? json : Json();
}

/// A TTL; one that is too long is as long as may be (RFC 2181 section 8).
template <class Json>
std::optional<std::uint32_t> ttl_of(const Json& object, const char* key) {
  const auto ttl = number_of(object, key);
  if (!ttl) return std::nullopt;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(*ttl, dns::max_ttl));
}

/// Whether text from outside may go into a header or a URL as it came.
inline bool is_visible(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// The token of an answer that gives one (RFC 6749 section 5.1); empty if it gives none.
template <class Json>
std::string access_token_of(const Json& answer) {
  std::string token = text_of(answer, "access_token");
  return is_visible(token) ? token : std::string();
}

}  // namespace taproot::pushers
