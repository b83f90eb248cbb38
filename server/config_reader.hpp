#pragma once

#include "dns/name.hpp"
#include "dns/secret.hpp"
#include "net/endpoint.hpp"
#include "server/config_tree.hpp"
#include "zonestore/finding.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::server {

/// Gathers what is wrong with one configuration file, with the source line of each.
///
/// Lines that hold a secret, or what may be one, are shown only up to it.
class ConfigFindings {
 public:
  ConfigFindings(std::string shown, std::string_view text);

  void error(ConfigPlace place, std::string rule, std::string message, std::string cure);
  void warning(ConfigPlace place, std::string rule, std::string message, std::string cure);
  void note(ConfigPlace place, std::string rule, std::string message, std::string cure);

  /// What stands from here to the end of the line is not to be shown.
  void hide(ConfigPlace place);
  /// Shows no source line at all from now on: for text that is no tree, where nobody knows which
  /// part is a secret.
  void hide_all() { lines_.clear(); }

  /// Sorted by place; nothing is left here.
  std::vector<zonestore::Finding> take();

 private:
  void add(zonestore::Severity severity, ConfigPlace place, std::string rule, std::string message,
           std::string cure);
  std::string excerpt(ConfigPlace place) const;

  std::string shown_;
  std::vector<std::string> lines_;
  std::map<std::size_t, std::size_t> hidden_;  ///< line to the first hidden column
  std::vector<zonestore::Finding> findings_;
};

/// One map of the configuration being read. Hands out the values of the keys it is asked for;
/// finish() then reports every key that nobody asked for, with the nearest one as a suggestion.
/// Borrows the node and the findings.
class MapReader {
 public:
  /// `what` names the map in messages: "server", "provider". Anything but a map is reported, and
  /// reads as an empty one.
  MapReader(const ConfigNode& node, ConfigFindings& findings, std::string what);

  /// The value, or null if the key is missing or has no value.
  const ConfigNode* find(std::string_view key);
  /// The same, and a missing key is an error with this cure.
  const ConfigNode* need(std::string_view key, std::string cure);

  void finish();

  /// Whether the key stands there; it need not be known for that.
  bool has(std::string_view key) const;
  bool is_map() const { return map_ != nullptr; }
  ConfigPlace place() const { return place_; }

 private:
  const ConfigNode* map_ = nullptr;
  ConfigFindings& findings_;
  std::string what_;
  ConfigPlace place_;
  std::vector<std::string> known_;
};

// Leaves: each reads one value, or reports what is wrong with it and returns nothing. `what` is
// the key's path for messages: "probe.interval".

std::optional<std::string> read_text(const ConfigNode& node, std::string_view what,
                                     ConfigFindings& findings);
/// true or false.
std::optional<bool> read_flag(const ConfigNode& node, std::string_view what,
                              ConfigFindings& findings);
std::optional<std::uint64_t> read_count(const ConfigNode& node, std::string_view what,
                                        std::uint64_t least, std::uint64_t most,
                                        ConfigFindings& findings);
/// "500ms", "30s", "5m", "1h" or "1d"; a bare number is seconds.
std::optional<std::chrono::milliseconds> read_duration(const ConfigNode& node,
                                                       std::string_view what,
                                                       std::chrono::milliseconds least,
                                                       std::chrono::milliseconds most,
                                                       ConfigFindings& findings);
/// Octets: "65536", "64KiB", "4MiB" or "1GiB".
std::optional<std::size_t> read_size(const ConfigNode& node, std::string_view what,
                                     ConfigFindings& findings);
/// The place of the text among `choices`.
std::optional<std::size_t> read_choice(const ConfigNode& node, std::string_view what,
                                       std::span<const std::string_view> choices,
                                       ConfigFindings& findings);
std::optional<dns::Name> read_name(const ConfigNode& node, std::string_view what,
                                   ConfigFindings& findings);
std::optional<net::Endpoint> read_endpoint(const ConfigNode& node, std::string_view what,
                                           std::optional<std::uint16_t> default_port,
                                           ConfigFindings& findings);
/// A list's items, or the one value that stands in place of a list of one.
std::vector<const ConfigNode*> read_items(const ConfigNode& node, std::string_view what,
                                          ConfigFindings& findings);

/// The word nearest to `typed`, if it is near enough to have been meant.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& words);

/// "a, b or c"
std::string one_of(std::span<const std::string_view> words);

}  // namespace taproot::server
