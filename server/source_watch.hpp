#pragma once

#include "dns/name.hpp"
#include "net/file_watch.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "server/config.hpp"
#include "server/zone_folder.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace taproot::server {

/// What happened to the files of zones: all of one burst of changes together.
struct SourceNews {
  std::set<dns::Name> changed;                     ///< their sources are to be read again
  std::map<dns::Name, SharedZoneConfig> appeared;  ///< folders have a file of these now
  std::map<dns::Name, std::string> vanished;       ///< folders have no file of these any more: why
};

/// Watches the files of all zones and the folders that zones come from.
///
/// Files of folders come, change and go: by the events of the folder, and by a look into it once a
/// minute, on the work pool, for what had no event (a network file system, a queue that ran over).
/// Nothing is kept of a file of a folder but its zone: there may be very many. Whether a file with
/// an event is another one now is for who reads it to find. Decides nothing about zones. Belongs to
/// the control loop.
class SourceWatch {
 public:
  using OnNews = std::function<void(SourceNews news)>;

  SourceWatch(net::Loop& loop, OnNews on_news);
  SourceWatch(const SourceWatch&) = delete;
  SourceWatch& operator=(const SourceWatch&) = delete;
  ~SourceWatch();

  /// Watches what a configuration names, and nothing else.
  void configure(const Config& config);
  /// A zone is gone: its file, should it come again, is new.
  void forget(const dns::Name& zone);

  /// How often folders are looked into without an event.
  static constexpr std::chrono::seconds patrol_interval{60};

  /// What there is to say of a folder that cannot be read or has no zones, or nothing.
  std::string trouble(const std::filesystem::path& directory) const;

 private:
  struct Folder {
    DirectoryConfig config;
    std::size_t zones = 0;      ///< that have a file in it
    std::set<dns::Name> links;  ///< those of them whose files are symbolic links
    std::string trouble;        ///< why it cannot be read
    FolderStamp seen;           ///< of the last look
    bool looking = false;
    bool look_again = false;
  };
  using ByFile = std::map<std::filesystem::path, std::vector<dns::Name>>;

  void watch_files(const Config& config);
  void watch_folders(const Config& config);
  void on_change(const std::filesystem::path& path);
  void on_entries(const std::filesystem::path& directory, const std::vector<std::string>& names);
  void on_entry(Folder& folder, const std::string& name);
  void on_everything(const std::string& directory);
  void look(const std::filesystem::path& directory);
  void patrol();
  void take(Folder& folder, const FolderLook& look);
  std::string appear(Folder& folder, const dns::Name& zone, const std::string& name);
  void vanish(Folder& folder, const dns::Name& zone);
  const ZoneConfig* find_in(const Folder& folder, const dns::Name& zone) const;
  void send_soon();

  net::Loop& loop_;
  OnNews on_news_;
  net::FileWatch watch_;
  net::Timer patrol_;
  std::map<std::filesystem::path, Folder> folders_;
  ByFile zones_by_file_;  ///< of zones that are named one by one
  std::unordered_map<dns::Name, SharedZoneConfig, dns::NameHash> zones_;  ///< that have a source
  SourceNews news_;
  bool will_send_ = false;
  std::shared_ptr<SourceWatch*> self_;  ///< for what comes back to the loop later
};

}  // namespace taproot::server
