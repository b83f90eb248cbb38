#include "server/control_body.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace taproot::server {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_text = 1000;
constexpr std::size_t max_zones = 100'000;
constexpr std::uint64_t max_timeout_seconds = 3600;

/// The body's object, being read key by key; the first mistake is kept.
class BodyReader {
 public:
  explicit BodyReader(const std::string& body) {
    if (body.find_first_not_of(" \t\r\n") == std::string::npos) {
      object_ = Json::object();
      return;
    }
    object_ = Json::parse(body, nullptr, false);
    if (!object_.is_object()) {
      mistake(object_.is_discarded() ? "the body is not JSON" : "the body is not a JSON object");
    }
  }

  std::optional<std::string> text(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) return mistaken(key, "must be text");
    auto text = value->get<std::string>();
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (text.size() > max_text) return mistaken(key, "is longer than 1000 octets");
    if (std::any_of(text.begin(), text.end(), is_control)) {
      return mistaken(key, "has control characters in it");
    }
    return text;
  }

  std::optional<std::uint64_t> number(const char* key, std::uint64_t least, std::uint64_t most) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const auto number = value->is_number_unsigned() ? value->get<std::uint64_t>() : most;
    if (!value->is_number_unsigned() || number < least || number > most) {
      mistaken(key, "must be a whole number from " + std::to_string(least) + " to " +
                        std::to_string(most));
      return std::nullopt;
    }
    return number;
  }

  /// A version as a number, or in any of the ways that a person may name it.
  std::optional<VersionRef> version(const char* key, WallTime now) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const auto text = value->is_string() ? value->get<std::string>() : value->dump();
    const auto ref = VersionRef::from_text(text, now);
    if (ref) return *ref;
    mistake(std::string(key) + ": " + ref.error().detail);
    return std::nullopt;
  }

  bool flag(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) {
      mistaken(key, "must be true or false");
      return false;
    }
    return value->get<bool>();
  }

  Operations::Zones zones() {
    Operations::Zones names;
    const Json* value = find("zones");
    if (value == nullptr) return names;
    if (!value->is_array() || value->size() > max_zones) {
      mistaken("zones", "must be a list of zone names");
      return names;
    }
    for (const auto& item : *value) {
      const auto name = item.is_string() ? dns::Name::from_text(item.get<std::string>())
                                         : fail(Errc::bad_text, "not text");
      if (!name) {
        mistaken("zones", "must be a list of zone names: " + name.error().detail);
        return names;
      }
      names.push_back(*name);
    }
    return names;
  }

  /// Whether a key is there that others will read.
  bool has(const char* key) { return find(key) != nullptr; }

  /// Every key was asked for, and nothing was wrong.
  Result<void> finish() {
    if (object_.is_object()) {
      for (const auto& [key, value] : object_.items()) {
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
          mistake("\"" + key + "\" is not a key of this request");
        }
      }
    }
    if (mistake_) return fail(Errc::bad_text, *mistake_);
    return {};
  }

 private:
  const Json* find(const char* key) {
    known_.emplace_back(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  void mistake(std::string text) {
    if (!mistake_) mistake_ = std::move(text);
  }

  std::nullopt_t mistaken(const char* key, const std::string& what) {
    mistake(std::string(key) + " " + what);
    return std::nullopt;
  }

  Json object_;
  std::vector<std::string> known_;
  std::optional<std::string> mistake_;
};

/// Who, for the history, if the request does not say.
constexpr const char* unnamed = "api";

/// A request of which the body says no more than that.
template <class Request>
Result<Request> read_who_and_why(const std::string& body) {
  BodyReader reader(body);
  Request request;
  request.who = reader.text("who").value_or(unnamed);
  request.why = reader.text("why").value_or("");
  if (const auto whole = reader.finish(); !whole) return tl::unexpected(whole.error());
  return request;
}

}  // namespace

Result<Operations::ApplyRequest> read_apply_body(const std::string& body) {
  BodyReader reader(body);
  Operations::ApplyRequest request;
  request.zones = reader.zones();
  request.plan = reader.text("plan");
  request.force = reader.text("force");
  request.wait = reader.flag("wait");
  if (const auto seconds = reader.number("timeout_s", 1, max_timeout_seconds)) {
    request.timeout = std::chrono::seconds(*seconds);
  }
  request.who = reader.text("who").value_or(unnamed);
  request.why = reader.text("why").value_or("");
  if (const auto whole = reader.finish(); !whole) return tl::unexpected(whole.error());
  return request;
}

Result<Operations::RollbackRequest> read_rollback_body(const std::string& body, WallTime now) {
  BodyReader reader(body);
  Operations::RollbackRequest request;
  request.to = reader.version("to", now);
  request.who = reader.text("who").value_or(unnamed);
  request.why = reader.text("why").value_or("");
  if (const auto whole = reader.finish(); !whole) return tl::unexpected(whole.error());
  return request;
}

Result<Operations::EditRequest> read_edit_body(const std::string& body) {
  BodyReader reader(body);
  Operations::EditRequest request;
  const bool has_changes = reader.has("changes");
  request.write_back = reader.flag("write_back");
  request.discard = reader.flag("discard");
  request.dry_run = reader.flag("dry_run");
  request.who = reader.text("who").value_or(unnamed);
  request.why = reader.text("why").value_or("");
  if (const auto whole = reader.finish(); !whole) return tl::unexpected(whole.error());
  if (!has_changes && !request.write_back && !request.discard) {
    return fail(Errc::bad_text, "changes is missing: what to do");
  }
  if (request.discard && (has_changes || request.write_back)) {
    return fail(Errc::bad_text, "discard cannot stand beside changes or write_back");
  }
  return request;
}

Result<Operations::SerialRequest> read_serial_body(const std::string& body) {
  BodyReader reader(body);
  Operations::SerialRequest request;
  const auto above = reader.text("above");
  request.who = reader.text("who").value_or(unnamed);
  request.why = reader.text("why").value_or("");
  if (const auto whole = reader.finish(); !whole) return tl::unexpected(whole.error());
  if (above != "secondaries") {
    return fail(Errc::bad_text, R"(say above what: "above": "secondaries")");
  }
  return request;
}

Result<Operations::HoldRequest> read_hold_body(const std::string& body) {
  return read_who_and_why<Operations::HoldRequest>(body);
}

Result<Operations::DropRequest> read_drop_body(const std::string& body) {
  return read_who_and_why<Operations::DropRequest>(body);
}

Result<Operations::ReloadRequest> read_reload_body(const std::string& body) {
  BodyReader reader(body);
  Operations::ReloadRequest request;
  request.zones = reader.zones();
  request.force = reader.text("force");
  request.who = reader.text("who").value_or(unnamed);
  request.why = reader.text("why").value_or("");
  if (const auto whole = reader.finish(); !whole) return tl::unexpected(whole.error());
  return request;
}

Result<void> read_empty_body(const std::string& body) {
  return BodyReader(body).finish();
}

}  // namespace taproot::server
