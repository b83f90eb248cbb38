#pragma once

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

}  // namespace taproot::pushers
