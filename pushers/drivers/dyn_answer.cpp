#include "pushers/drivers/dyn_answer.hpp"

#include "pushers/drivers/json_answer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;

constexpr std::string_view job_path = "/REST/Job/";

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= 20 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The number in ".../REST/Job/123/"; empty if there is none.
std::string job_in(std::string_view location) {
  const auto at = location.rfind(job_path);
  if (at == std::string_view::npos) return "";
  std::string job(location.substr(at + job_path.size()));
  if (job.ends_with('/')) job.pop_back();
  return is_number(job) ? job : "";
}

std::string job_of(const Json& answer) {
  const auto number = number_of(answer, "job_id");
  if (number) return std::to_string(*number);
  std::string text = text_of(answer, "job_id");
  return is_number(text) ? text : "";
}

TroubleKind kind_of(const DynAnswer& answer, Access access) {
  const bool writes = access == Access::write;
  if (answer.has_code("RATE_LIMIT_EXCEEDED") || answer.has_info("blocked by current task")) {
    return TroubleKind::retry_after;
  }
  if (answer.has_code("PERMISSION_DENIED") || answer.has_info("login:")) return TroubleKind::auth;
  if (answer.has_code("INTERNAL_ERROR") || answer.has_code("OPERATION_FAILED")) {
    return writes ? TroubleKind::unknown_outcome : TroubleKind::retry_after;
  }
  // What was there when the plan was made is gone, or the other way round.
  const bool is_stale = answer.has_code("NOT_FOUND") || answer.has_code("TARGET_EXISTS");
  return writes && is_stale ? TroubleKind::conflict : TroubleKind::permanent;
}

}  // namespace

DynAnswer DynAnswer::from(const Response& response) {
  DynAnswer result;
  if (response.status == 307) {
    result.job = job_in(response.header("Location").value_or(""));
    if (!result.job.empty()) result.state = State::incomplete;
    return result;
  }
  const Json answer = object_of<Json>(response);
  const std::string status = text_of(answer, "status");
  if (const Json* messages = find(answer, "msgs"); messages != nullptr && messages->is_array()) {
    for (const auto& one : *messages) {
      result.messages.push_back({text_of(one, "ERR_CD"), text_of(one, "INFO")});
    }
  }
  const Json* data = find(answer, "data");
  if (status == "success" && response.status == 200 && data != nullptr) {
    result.state = State::success;
    result.data = data->dump(-1, ' ', false, Json::error_handler_t::replace);
  } else if (status == "incomplete") {
    result.job = job_of(answer);
    if (!result.job.empty()) result.state = State::incomplete;
  } else if (status == "failure" && !result.messages.empty()) {
    result.state = State::failure;
  }
  return result;
}

bool DynAnswer::has_code(std::string_view code) const {
  return std::any_of(messages.begin(), messages.end(),
                     [&](const Message& one) { return one.code == code; });
}

bool DynAnswer::has_info(std::string_view part) const {
  return std::any_of(messages.begin(), messages.end(),
                     [&](const Message& one) { return one.info.find(part) != std::string::npos; });
}

Trouble dyn_trouble(const DynAnswer& answer, const Response& response, Access access,
                    const Secret& password, const std::string& session, WallTime now) {
  if (answer.state != DynAnswer::State::failure) {
    const bool looks_right = response.status >= 200 && response.status < 300;
    if (!looks_right) return trouble_of(response, access, "", now);
    return access == Access::write ? unreadable_outcome("one", "DynECT")
                                   : unreadable("one", "DynECT");
  }
  std::string words;
  for (const auto& one : answer.messages) {
    if (one.code.empty() && one.info.empty()) continue;
    words += (words.empty() ? "" : "; ") + one.code + (one.code.empty() ? "" : ": ") + one.info;
  }
  words = without_secret(std::move(words), password);
  words = one_line(without_secret(std::move(words), Secret(session)), 300);
  Trouble result = trouble_of(response, access, words, now);
  result.kind = kind_of(answer, access);
  result.throttled = result.throttled || answer.has_code("RATE_LIMIT_EXCEEDED");
  return result;
}

}  // namespace taproot::pushers
