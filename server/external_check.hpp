#pragma once

#include "dns/name.hpp"
#include "net/child_process.hpp"
#include "net/loop.hpp"
#include "server/check_config.hpp"
#include "zonestore/finding.hpp"
#include "zonestore/zone_version.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace taproot::server {

/// A candidate that an operator's command is to judge.
struct ExternalCheck {
  std::shared_ptr<const zonestore::ZoneVersion> candidate;  ///< with the serial it would get
  std::shared_ptr<const CheckConfig> config;                ///< with a command
  std::string shown;                                        ///< the source, for findings
  std::uint64_t current_version = 0;                        ///< the one that is served; 0: none
};

/// What a command's end means: nothing that is an error, and the candidate is accepted.
///
/// Exit code 0 accepts, 1 refuses; anything else refuses, too, and says what happened. Lines
/// "FILE:LINE: SEVERITY: MESSAGE" (a column may follow the line) of its standard output become
/// findings as they are; of a refusal, every other line becomes one, too.
std::vector<zonestore::Finding> findings_of(const net::ChildEnd& end, const CheckConfig& config,
                                            const std::string& shown);

/// Runs the commands, a few at a time; the others wait in the order of asking. Belongs to the
/// loop's thread. Destroying it kills those that run, and calls nobody.
class ExternalChecks {
 public:
  using Done = std::function<void(std::vector<zonestore::Finding>)>;

  static constexpr std::size_t max_running = 4;

  explicit ExternalChecks(net::Loop& loop) : loop_(loop) {}
  ExternalChecks(const ExternalChecks&) = delete;
  ExternalChecks& operator=(const ExternalChecks&) = delete;
  ~ExternalChecks();

  /// `done` is called once, on the loop, never from inside.
  void run(ExternalCheck check, Done done);

  std::size_t running() const { return running_.size(); }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Running;
  struct Waiting {
    ExternalCheck check;
    Done done;
  };

  void begin_next();
  void start(const std::shared_ptr<Running>& running);
  void ended(const std::shared_ptr<Running>& running, const net::ChildEnd& end);

  net::Loop& loop_;
  std::deque<Waiting> waiting_;
  std::list<std::shared_ptr<Running>> running_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace taproot::server
