#include "pushers/zone_reading.hpp"

#include <utility>

namespace taproot::pushers {

namespace {

tl::unexpected<Error> failed(const Trouble& trouble) {
  const bool is_auth = trouble.kind == TroubleKind::auth;
  return fail(is_auth ? Errc::unauthorized : Errc::bad_answer, trouble.words);
}

}  // namespace

ZoneReading::ZoneReading(const Driver& driver, dns::Name apex)
    : driver_(driver), apex_(std::move(apex)) {}

Request ZoneReading::start(WallTime now) {
  const Call call{now, session_};
  if (auto login = driver_.login(call)) return std::move(*login);
  return find(call);
}

Request ZoneReading::find(const Call& call) {
  stage_ = Stage::find;
  auto known = driver_.known_zone(apex_);
  if (!known) return driver_.find_zone(call, apex_);
  live_.zone = std::move(*known);
  stage_ = Stage::list;
  return driver_.list(call, live_.zone, cursor_);
}

Result<std::optional<Request>> ZoneReading::on_response(WallTime now, const Response& response) {
  Call call{now, session_, false, cursor_};
  wait_ = std::chrono::seconds(0);
  switch (stage_) {
    case Stage::login: {
      const auto session = driver_.parse_login(call, response);
      if (session.trouble() != nullptr) return failed(*session.trouble());
      if (session.value() == nullptr) {
        return fail(Errc::unauthorized, "the provider gave no session");
      }
      call.session = session_ = *session.value();
      return find(call);
    }
    case Stage::find:
      return on_find(call, response);
    case Stage::list:
      return on_list(call, response);
  }
  return fail(Errc::bad_answer, "there is nothing to be read any more");
}

std::optional<Request> ZoneReading::end() const {
  return session_.empty() ? std::nullopt : driver_.logout(session_);
}

tl::unexpected<Error> ZoneReading::absent() const {
  return fail(Errc::not_found, "the provider has no zone " + apex_.to_text());
}

Result<std::optional<Request>> ZoneReading::on_find(const Call& call, const Response& response) {
  auto seen = driver_.parse_find(call, apex_, response);
  if (seen.trouble() != nullptr) return failed(*seen.trouble());
  if (seen.is_absent()) return absent();
  live_.zone = std::move(*seen.value());
  stage_ = Stage::list;
  return driver_.list(call, live_.zone, cursor_);
}

Result<std::optional<Request>> ZoneReading::on_list(const Call& call, const Response& response) {
  auto seen = driver_.parse_list(call, live_.zone, response);
  if (const auto* trouble = seen.trouble()) {
    const bool asks_to_wait = trouble->kind == TroubleKind::retry_after && trouble->wait;
    if (!asks_to_wait || ++pages_ >= max_pages) return failed(*trouble);
    wait_ = *trouble->wait;
    return driver_.list(call, live_.zone, cursor_);
  }
  if (seen.is_absent()) return absent();
  const auto next = seen.value()->next;
  live_.add(std::move(*seen.value()));
  if (live_.rrsets.size() > max_rrsets) {
    return fail(Errc::too_large,
                "the provider lists more RRsets than " + std::to_string(max_rrsets));
  }
  if (next) {
    if (next->empty() || *next == cursor_ || ++pages_ >= max_pages) {
      return fail(Errc::bad_answer, "the provider's list of the zone does not come to an end");
    }
    cursor_ = *next;
    return driver_.list(call, live_.zone, cursor_);
  }
  if (!live_.complete) {
    return fail(Errc::bad_answer, "the provider did not list the zone completely");
  }
  return std::optional<Request>();
}

}  // namespace taproot::pushers
