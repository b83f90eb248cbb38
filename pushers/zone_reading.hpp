#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "pushers/driver.hpp"
#include "pushers/live_zone.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace taproot::pushers {

/// Reads a zone at a provider once and whole, as a machine without I/O and clock: for those who
/// want to have what is there, and change nothing. What fails is not tried again, unless the
/// provider asks to wait: see wait().
///
///     start() ─> Request ─> on_response() ─> Request … ─> nothing more: take()
class ZoneReading {
 public:
  static constexpr std::size_t max_pages = 10'000;
  static constexpr std::size_t max_rrsets = 4'000'000;

  /// The driver must outlive the reading.
  ZoneReading(const Driver& driver, dns::Name apex);

  Request start(WallTime now);

  /// The next request, or nothing when the zone was read. Fails with Errc::not_found (the
  /// provider has no such zone), unauthorized, too_large, or bad_answer: also when the provider
  /// did not say that its list was complete.
  Result<std::optional<Request>> on_response(WallTime now, const Response& response);

  /// How long to wait before the last request that on_response() gave is sent.
  std::chrono::seconds wait() const { return wait_; }

  /// Gives the session back, if there is one; to be sent last. What comes of it does not matter.
  std::optional<Request> end() const;

  /// What was read; to be called once, after the last response.
  LiveZone take() { return std::move(live_); }

 private:
  enum class Stage { login, find, list };

  Request find(const Call& call);
  Result<std::optional<Request>> on_find(const Call& call, const Response& response);
  Result<std::optional<Request>> on_list(const Call& call, const Response& response);
  tl::unexpected<Error> absent() const;

  const Driver& driver_;
  dns::Name apex_;
  Stage stage_ = Stage::login;
  std::string session_;
  LiveZone live_;
  std::string cursor_;
  std::size_t pages_ = 0;
  std::chrono::seconds wait_{0};
};

}  // namespace taproot::pushers
