#include "server/render_document.hpp"

#include "server/render_text.hpp"

#include <nlohmann/json.hpp>

namespace taproot::server {

namespace {

using Json = nlohmann::json;

/// The value of a key, or null if there is none.
const Json* member(const std::shared_ptr<const void>& at, const char* key) {
  const auto* json = static_cast<const Json*>(at.get());
  if (json == nullptr || !json->is_object()) return nullptr;
  const auto found = json->find(key);
  return found == json->end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

Result<Document> Document::parse(std::string_view json) {
  auto whole = std::make_shared<const Json>(Json::parse(json, nullptr, false));
  if (!whole->is_object()) {
    return fail(Errc::bad_answer, "the answer is not one that this taproot knows");
  }
  return Document(std::move(whole));
}

std::string Document::text(const char* key) const {
  const Json* found = member(at_, key);
  return found != nullptr && found->is_string() ? harmless(found->get_ref<const std::string&>())
                                                : std::string();
}

std::uint64_t Document::number(const char* key) const {
  return number_if_any(key).value_or(0);
}

std::optional<double> Document::real(const char* key) const {
  const Json* found = member(at_, key);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<std::uint64_t> Document::number_if_any(const char* key) const {
  const Json* found = member(at_, key);
  if (found == nullptr || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

bool Document::flag(const char* key) const {
  const Json* found = member(at_, key);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

Document Document::part(const char* key) const {
  const Json* found = member(at_, key);
  return found == nullptr ? Document() : Document(std::shared_ptr<const void>(at_, found));
}

std::vector<Document> Document::list(const char* key) const {
  std::vector<Document> parts;
  const Json* found = member(at_, key);
  if (found == nullptr || !found->is_array()) return parts;
  for (const auto& item : *found)
    parts.push_back(Document(std::shared_ptr<const void>(at_, &item)));
  return parts;
}

std::vector<std::string> Document::texts(const char* key) const {
  std::vector<std::string> all;
  const Json* found = member(at_, key);
  if (found == nullptr || !found->is_array()) return all;
  for (const auto& item : *found) {
    if (item.is_string()) all.push_back(harmless(item.get_ref<const std::string&>()));
  }
  return all;
}

}  // namespace taproot::server
