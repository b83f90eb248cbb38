#pragma once

#include "dns/name.hpp"
#include "pushers/batches.hpp"
#include "pushers/capabilities.hpp"
#include "pushers/exchange.hpp"
#include "pushers/live_zone.hpp"
#include "pushers/trouble.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace taproot::pushers {

/// What a driver needs to know of the moment to make or read a message: it has no clock.
struct Call {
  WallTime now{};
  std::string session;  ///< what parse_login() returned in this push; a secret
  /// Nothing was written since the zone was read: its state there should be what was read.
  bool untouched = false;
  std::string cursor = {};  ///< of the page that is asked for, for providers that do not repeat it
};

/// The provider has done what was asked.
struct Accepted {
  std::string state_token = {};  ///< of the zone as it is now, where the answer tells it
};
/// The provider has begun to do what was asked; ask poll() with the cursor after a while.
struct Working {
  std::string cursor;
  std::chrono::milliseconds wait = std::chrono::seconds(1);
};
using Outcome = std::variant<Accepted, Working, Trouble>;

/// How little of a zone a provider can be asked for.
enum class Looks { none, owners, rrsets };

/// Speaks one vendor's API: turns our values into requests and its responses into our values. No
/// sockets, no clock, no retries, no state: Push has all of these. Every response is judged by
/// exact status and shape; what is not documented is trouble with one clear line, never a value.
/// Requests carry secrets, results and troubles never do.
class Driver {
 public:
  virtual ~Driver() = default;

  virtual const Capabilities& capabilities() const = 0;

  /// Stands for the credential that requests carry now, where others replace it while we run: it
  /// changes when that does.
  virtual std::uint64_t credential_mark() const { return 0; }

  /// Asks for a session, once at the start of each push; nothing if a key in every request does.
  virtual std::optional<Request> login(const Call&) const { return std::nullopt; }
  virtual Seen<std::string> parse_login(const Call&, const Response&) const { return Absent{}; }

  /// Gives a session back at the end of a push; nothing where they end by themselves. What comes
  /// back is not looked at.
  virtual std::optional<Request> logout(const std::string&) const { return std::nullopt; }

  /// Where a zone is, if the provider need not be asked for that: then find_zone() is not used.
  virtual std::optional<ZoneRef> known_zone(const dns::Name&) const { return std::nullopt; }

  /// Asks where a zone is. One zone is the value, none is Absent, several are permanent trouble.
  virtual Request find_zone(const Call& call, const dns::Name& apex) const = 0;
  virtual Seen<ZoneRef> parse_find(const Call& call, const dns::Name& apex,
                                   const Response& response) const = 0;

  /// Asks for one page of a zone; an empty `cursor` is the first.
  virtual Request list(const Call& call, const ZoneRef& zone, const std::string& cursor) const = 0;
  virtual Seen<Page> parse_list(const Call& call, const ZoneRef& zone,
                                const Response& response) const = 0;

  /// Whether there is less to ask for than a page: look() is of owners, look_at() of RRsets.
  virtual Looks looks() const { return Looks::none; }
  /// Some cannot be asked for every owner; only where looks() says that they can be asked at all.
  virtual bool can_look(const ZoneRef&, const dns::Name&) const { return true; }

  /// A list does not show all that would be lost with an RRset, and look_at() does: what is to be
  /// changed or to go is looked at before.
  virtual bool list_hides() const { return false; }

  /// Asks for all RRsets of one owner. What comes may have other owners, too.
  virtual Request look(const Call&, const ZoneRef&, const dns::Name&) const { return {}; }
  /// As parse_list(); the page is complete if nothing of this owner is missing.
  virtual Seen<Page> parse_look(const Call&, const ZoneRef&, const dns::Name&,
                                const Response&) const {
    return Absent{};
  }

  /// As look(), for providers that show single RRsets only: asks for this one.
  virtual Request look_at(const Call&, const ZoneRef&, const RRsetKey&) const { return {}; }
  /// As parse_look(); nothing there is a complete page with nothing on it.
  virtual Seen<Page> parse_look_at(const Call&, const ZoneRef&, const RRsetKey&,
                                   const Response&) const {
    return Absent{};
  }

  /// The requests that carry out a batch, in the order to send them; `live` is what the plan was
  /// made from, with ids and token. If they may be more than one, the batch is not atomic.
  virtual std::vector<Request> apply(const Call& call, const LiveZone& live,
                                     const Batch& batch) const = 0;
  /// The requests that put staged changes in force, after the last batch; most have none.
  virtual std::vector<Request> commit(const Call&, const LiveZone&) const { return {}; }
  virtual Outcome parse_apply(const Call& call, const ZoneRef& zone,
                              const Response& response) const = 0;

  /// Asks how far Working has come. Read by parse_poll().
  virtual Request poll(const Call&, const ZoneRef&, const std::string&) const { return {}; }
  virtual Outcome parse_poll(const Call&, const ZoneRef&, const Response&) const {
    return Accepted{};
  }

  /// About what a change takes in a request, in octets or whatever BatchLimits::max_octets counts;
  /// nothing where only their number is limited.
  virtual std::size_t octets_of(const PlannedChange&) const { return 0; }
  /// What a change counts against BatchLimits::max_changes.
  virtual std::size_t weight_of(const PlannedChange& change) const {
    return change.is_update() ? capabilities().batch.update_weight : 1;
  }

  /// Asks for one page of all zones that this access reaches; nothing where nobody can tell.
  virtual std::optional<Request> zones(const Call&, const std::string&) const {
    return std::nullopt;
  }
  virtual Seen<ZonesPage> parse_zones(const Call&, const Response&) const { return Absent{}; }
};

}  // namespace taproot::pushers
