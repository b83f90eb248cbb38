#pragma once

#include "dns/name.hpp"
#include "monitor/board.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "pushers/pusher.hpp"
#include "server/config.hpp"
#include "zonestore/zone_version.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taproot::server {

/// What the providers of lower stages have come to with a version.
struct StageView {
  enum class Kind {
    served,   ///< all of them serve it
    pending,  ///< not yet
    failed    ///< one of them will not come to it by itself
  };
  Kind kind = Kind::served;
  std::string provider;  ///< the first one that does not serve it
  unsigned stage = 0;    ///< its stage
  std::string words;     ///< what it waits for, or what went wrong
};

/// Looks at those of `providers` that have a lower stage than `stage`. One with nameservers serves
/// the version when they were seen with it; of one without, the push has to do.
StageView view_stages(const monitor::ZoneRow& zone,
                      const std::vector<const ProviderConfig*>& providers, unsigned stage,
                      std::uint64_t version);

/// Holds versions back from providers of higher stages until all lower ones have served them for a
/// while. Of each zone and provider only the newest version waits. Belongs to the control loop.
class Stages {
 public:
  using View =
      std::function<StageView(const dns::Name& apex, unsigned stage, std::uint64_t version)>;
  /// May go there now.
  using Release = std::function<void(const std::string& provider,
                                     std::shared_ptr<const zonestore::ZoneVersion> version,
                                     pushers::PushOptions options)>;
  /// What a provider waits for, each time it changes; `error` is not empty when a stage failed.
  using Tell = std::function<void(const dns::Name& apex, const std::string& provider,
                                  const std::string& words, const std::string& error)>;

  Stages(net::Loop& loop, View view, Release release, Tell tell);

  void hold_back(const ProviderConfig& provider,
                 std::shared_ptr<const zonestore::ZoneVersion> version,
                 pushers::PushOptions options);
  /// Whether this version was let through to the provider once.
  bool was_released(const dns::Name& apex, const std::string& provider,
                    std::uint64_t version) const;

  /// Something was seen of a zone.
  void look(const dns::Name& apex);
  void drop(const dns::Name& apex);
  /// Forgets what waits, and what was let through.
  void clear();

 private:
  using Key = std::pair<dns::Name, std::string>;
  struct Waiting {
    std::shared_ptr<const zonestore::ZoneVersion> version;
    pushers::PushOptions options;
    unsigned stage = 1;
    std::chrono::milliseconds hold{0};
    std::optional<net::Instant> served_since;
    std::string words;
  };

  bool look_at(const Key& key, Waiting& waiting);
  void tell(const Key& key, Waiting& waiting, std::string words, const std::string& error);
  void schedule();
  void on_time();

  View view_;
  Release release_;
  Tell tell_;
  std::map<Key, Waiting> waiting_;
  std::map<Key, std::uint64_t> released_;
  bool looks_soon_ = false;
  net::Timer timer_;
};

}  // namespace taproot::server
