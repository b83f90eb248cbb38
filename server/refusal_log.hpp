#pragma once

#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "server/transfer_event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace taproot::server {

/// Who asked what, which rule refused it and how to allow it, as a line; the same again is only
/// counted, and each source has a few lines a minute:
///
///     example.com.: AXFR over TCP from 192.0.2.7:40001 refused: …
///     192.0.2.7: 57 more requests like this were refused in the last minute
///
/// However many ask, from however many addresses, memory and log stay bounded. Belongs to the
/// control loop; has no clock.
class RefusalLog {
 public:
  using Write = std::function<void(const std::string& line)>;
  static constexpr std::chrono::seconds window = std::chrono::minutes(1);
  static constexpr std::size_t lines_per_source = 5;
  static constexpr std::size_t max_sources = 1000;

  explicit RefusalLog(Write write) : write_(std::move(write)) {}

  void on_refused(const TransferEvent& event, net::Instant now);

  /// To be called every few seconds: writes what was counted when its minute is over. `all` are
  /// the refusals since the start, also those that the serving loops only counted; `told` are
  /// those of them that became an event.
  void tick(net::Instant now, std::uint64_t all, std::uint64_t told);

  std::size_t sources() const { return sources_.size(); }

 private:
  /// What was written and counted of one source since `begin`.
  struct Source {
    net::Instant begin;
    std::vector<std::size_t> written;  ///< hashes of lines without the port
    std::uint64_t more = 0;
  };
  void write_counts(net::Instant now);

  Write write_;
  std::unordered_map<net::Address, Source> sources_;
  net::Instant others_since_{};
  std::uint64_t others_ = 0;  ///< of sources that there was no room for
  std::uint64_t untold_ = 0;  ///< refusals that never became an event, as last written
};

}  // namespace taproot::server
