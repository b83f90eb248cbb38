#pragma once

#include "dns/name.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "server/config.hpp"
#include "server/remote_fetch.hpp"
#include "server/reports.hpp"
#include "server/zone_loader.hpp"

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace taproot::server {

/// The documents on servers that zones are made of: looks at each from time to time, and keeps on
/// disk the last good one. Belongs to the control loop; hashing and writing is done on the work
/// pool.
///
/// What was fetched and found genuine waits beside the good copy until a zone was made of it
/// without an error; only then it takes the copy's place. So after a restart without the server
/// the zone is what it was.
class RemoteSources {
 public:
  /// Something about a zone's documents changed: it is to be read again.
  using OnChanged = std::function<void(const dns::Name& zone)>;

  /// Keeps copies in `folder`, which is this object's alone.
  RemoteSources(net::Loop& loop, std::filesystem::path folder, OnChanged on_changed);
  RemoteSources(const RemoteSources&) = delete;
  RemoteSources& operator=(const RemoteSources&) = delete;
  ~RemoteSources();

  /// Begins to look at a zone's documents, or takes their new configuration.
  void set_zone(const ZoneConfig& zone);
  void drop_zone(const dns::Name& zone);
  /// Removes copies that no zone has any more: call it when all zones are set.
  void tidy();

  /// Looks at all documents of these zones now; `done` is called once, when each was fetched or
  /// failed.
  void refresh(const std::vector<dns::Name>& zones, const std::function<void()>& done);

  /// Whether there is something to read for every document, or a reason why not.
  bool is_ready(const dns::Name& zone) const;
  /// Fills in where a zone's documents stand and what is wrong with them.
  void fill(SharedZoneConfig& zone) const;
  /// A zone was read with these documents, and is good or not.
  void on_read(const std::vector<ReadDocument>& documents, bool is_good);

  /// How a zone's documents stand, in the order of the configuration.
  std::vector<SourceRow> rows(const dns::Name& zone) const;
  /// The same for all zones that have any.
  std::map<dns::Name, std::vector<SourceRow>> all_rows() const;

 private:
  struct Remote;
  struct Stored;
  using Shared = std::shared_ptr<Remote>;

  Shared find(const std::string& id) const;
  void drop(const Shared& remote);
  void open(const Shared& remote);
  void start(const Shared& remote);
  void run(const Shared& remote);
  void ask(const Shared& remote, net::HttpRequest request);
  void on_outcome(const Shared& remote);
  void store(const Shared& remote);
  void on_stored(const Shared& remote, const Stored& stored);
  void succeed(const Shared& remote, bool is_new);
  void fail_with(const Shared& remote, RemoteTrouble trouble);
  void finish(const Shared& remote, std::chrono::milliseconds wait, bool is_changed);
  void leave_line();
  void tell(const dns::Name& zone);
  std::filesystem::path copy_of(const Remote& remote) const;
  std::filesystem::path candidate_of(const Remote& remote, const std::string& sha256) const;
  double chance();

  net::Loop& loop_;
  std::filesystem::path folder_;
  OnChanged on_changed_;
  std::mt19937 random_;
  std::map<dns::Name, std::vector<Shared>> zones_;
  std::map<std::string, Shared> remotes_;
  std::deque<std::weak_ptr<Remote>> line_;  ///< waiting for one of those that run to end
  std::size_t running_ = 0;
  net::HttpClient client_;
};

}  // namespace taproot::server
