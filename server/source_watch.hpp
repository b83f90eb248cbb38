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
  std::set<dns::Name> changed;                ///< their sources are to be read again
  std::map<dns::Name, ZoneConfig> appeared;   ///< folders have a file of these now
  std::map<dns::Name, std::string> vanished;  ///< folders have no file of these any more: why
};

/// Watches the files of all zones and the folders that zones come from.
///
/// Files of folders come and go: by the events of the folder, and by a look into it once a minute,
/// on the work pool, for what had no event (a network file system, a queue that ran over).
/// Decides nothing about zones. Belongs to the control loop.
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
    std::map<dns::Name, std::filesystem::path> files;  ///< of its zones
    std::string trouble;                               ///< why it cannot be read
    bool looking = false;
    bool look_again = false;
  };
  using ByFile = std::map<std::filesystem::path, std::vector<dns::Name>>;

  void watch_files(const Config& config);
  void watch_folders(const Config& config);
  void on_change(const std::filesystem::path& path);
  void on_entries(const std::filesystem::path& directory, const std::vector<std::string>& names);
  void look(const std::filesystem::path& directory);
  void patrol();
  void take(Folder& folder, const FolderLook& look);
  std::string appear(Folder& folder, const dns::Name& zone, const std::filesystem::path& file);
  void vanish(Folder& folder, const dns::Name& zone);
  void send_soon();

  net::Loop& loop_;
  OnNews on_news_;
  net::FileWatch watch_;
  net::Timer patrol_;
  std::map<std::filesystem::path, Folder> folders_;
  ByFile zones_by_file_;
  std::unordered_map<dns::Name, std::filesystem::path, dns::NameHash> file_of_;
  SourceNews news_;
  bool will_send_ = false;
  std::shared_ptr<SourceWatch*> self_;  ///< for what comes back to the loop later
};

}  // namespace taproot::server
