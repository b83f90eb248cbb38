#pragma once

#include "dns/dsync.hpp"
#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/types.hpp"
#include "net/endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taproot::xfr {

/// Tells the operator of a zone's parent that the zone has something new for it (RFC 9859): asks a
/// resolver where that is to be told, and tells it there until it is answered.
///
///     looking ──DSYNC──> finding ──addresses──> telling ──NOERROR──> told
///        │                  └──────────────────────┴─ failed ─> resting ─10 s … 1 h─> looking
///        └──no DSYNC──> nobody
///
/// DSYNC is looked for as section 4.1 says: behind the first label of the child's name, then right
/// before the parent's name if that is further up, then without the child's labels.
///
/// Does no I/O, reads no clock and throws no dice. One message is under way at a time.
class ParentRound {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// What a machine cannot know by itself.
  struct Moment {
    Instant now;
    std::uint32_t dice = 0;  ///< random bits
  };
  struct Options {
    std::vector<net::Endpoint> resolvers;     ///< asked in this order; at least one
    std::optional<dns::Name> report_channel;  ///< agent domain (RFC 9567) that goes with NOTIFY
  };
  /// A message to be sent now from a socket of its own; an earlier one is not waited for any more.
  struct Ask {
    net::Endpoint to;
    bool tcp = false;
    std::vector<std::uint8_t> octets;
  };
  /// What the caller has to do, and when it has to come back if nothing else happens.
  struct Step {
    std::optional<Ask> ask;
    std::optional<Instant> wake;  ///< nothing: this round is over
  };
  enum class Stage { looking, finding, telling, resting, told, nobody };

  /// `type` is CDS, which stands for CDNSKEY, too, or CSYNC.
  ParentRound(dns::Name child, dns::RRType type, Options options);

  Step on_start(const Moment& moment);
  Step on_wake(const Moment& moment);
  /// A message that came back. One that does not answer the question is ignored.
  Step on_answer(Octets octets, const Moment& moment);
  /// It could not be sent, or the connection broke.
  Step on_failed(const std::string& why, const Moment& moment);

  Stage stage() const { return stage_; }
  bool is_over() const { return stage_ == Stage::told || stage_ == Stage::nobody; }
  /// Whom it tells: "notify.example. port 53 (192.0.2.1)"; empty until that is known.
  const std::string& target() const { return shown_; }
  unsigned notifies() const { return notifies_; }
  /// What went wrong last, or why there is nobody to be told; empty: nothing.
  const std::string& trouble() const { return trouble_; }
  const std::string& cure() const { return cure_; }
  std::optional<Instant> next_attempt() const {
    return stage_ == Stage::resting ? std::optional(wake_) : std::nullopt;
  }

  static constexpr std::chrono::milliseconds resolver_wait = std::chrono::seconds(5);
  static constexpr std::chrono::milliseconds first_notify_wait = std::chrono::seconds(1);
  static constexpr unsigned udp_tries = 3;
  static constexpr std::chrono::milliseconds tcp_wait = std::chrono::seconds(5);
  static constexpr std::chrono::milliseconds first_rest = std::chrono::seconds(10);
  static constexpr std::chrono::milliseconds longest_rest = std::chrono::hours(1);
  static constexpr std::size_t max_targets = 4;
  static constexpr std::size_t max_addresses = 8;  ///< of one target

 private:
  Step look(const Moment& moment);
  Step ask_resolver(const dns::Name& qname, dns::RRType qtype, const Moment& moment);
  Step send_question(const Moment& moment);
  Step next_resolver(const std::string& why, const Moment& moment);
  Step on_dsync(const dns::Message& answer, const Moment& moment);
  Step look_elsewhere(const dns::Message& answer, const Moment& moment);
  Step next_target(const Moment& moment);
  Step on_addresses(const dns::Message& answer, const Moment& moment);
  Step tell(const Moment& moment);
  Step on_notify_answer(const dns::Message& answer, const Moment& moment);
  Step next_address(const std::string& why, const std::string& cure, const Moment& moment);
  Step rest(std::string trouble, std::string cure, const Moment& moment);
  Step end(Stage stage, std::string why);
  Step as_it_is() const;
  bool is_answer(const dns::Message& answer) const;
  dns::Message notify_message() const;

  dns::Name child_;
  dns::RRType type_;
  Options options_;
  Stage stage_ = Stage::resting;
  Instant wake_{};
  std::chrono::milliseconds rest_ = first_rest;

  // The question under way.
  dns::Question asked_;
  std::uint16_t id_ = 0;
  bool tcp_ = false;
  std::size_t resolver_ = 0;

  // One attempt.
  unsigned lookups_ = 0;
  std::vector<dns::Dsync> targets_;  ///< that are not told yet, the one under way first
  std::vector<net::Address> addresses_;
  std::size_t address_ = 0;
  unsigned tries_ = 0;
  bool any_failed_ = false;

  std::vector<dns::Dsync> told_;  ///< also in earlier attempts
  unsigned notifies_ = 0;
  std::string shown_;
  std::string trouble_;
  std::string cure_;
};

/// Where DSYNC is looked for first: `_dsync` behind the first label of the child's name. Fails with
/// Errc::name_too_long; the root has no parent.
Result<dns::Name> first_dsync_name(const dns::Name& child);

/// Where it is looked for after there was none at `before`, whose negative answer had the SOA of
/// `zone` (or none); nothing: nobody wants to be told.
std::optional<dns::Name> next_dsync_name(const dns::Name& child, const dns::Name& before,
                                         const std::optional<dns::Name>& zone);

}  // namespace taproot::xfr
