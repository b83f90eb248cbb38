#include "server/config_reader.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace taproot::server {

namespace {

/// Levenshtein distance. Both words are short: keys of a configuration.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, change});
    }
  }
  return row.back();
}

std::string quoted(std::string_view text) {
  constexpr std::size_t most = 80;
  return '"' + std::string(text.substr(0, most)) + (text.size() > most ? "…\"" : "\"");
}

/// A number and the unit behind it: "30s" is 30 and "s".
std::optional<std::pair<std::uint64_t, std::string_view>> number_and_unit(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return std::pair{number, text};
}

std::optional<std::uint64_t> milliseconds_in(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit.empty() || unit == "s") return 1000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  if (unit == "d") return 86'400'000;
  return std::nullopt;
}

std::optional<std::uint64_t> octets_in(std::string_view unit) {
  if (unit.empty()) return 1;
  if (unit == "KiB") return std::uint64_t{1} << 10;
  if (unit == "MiB") return std::uint64_t{1} << 20;
  if (unit == "GiB") return std::uint64_t{1} << 30;
  return std::nullopt;
}

/// Number times unit, or nothing if there is no such unit or number.
template <class UnitOf>
std::optional<std::uint64_t> measured(std::string_view text, UnitOf unit_of) {
  const auto parts = number_and_unit(text);
  const auto unit = parts ? unit_of(parts->second) : std::nullopt;
  if (!unit || parts->first > std::numeric_limits<std::uint64_t>::max() / *unit) {
    return std::nullopt;
  }
  return parts->first * *unit;
}

std::string in_words(std::chrono::milliseconds time) {
  if (time.count() % 1000 != 0) return std::to_string(time.count()) + "ms";
  return std::to_string(time.count() / 1000) + "s";
}

}  // namespace

std::string one_of(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& words) {
  constexpr std::size_t longest = 60;
  if (typed.size() > longest) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const auto& word : words) {
    const std::size_t distance = edit_distance(typed, word);
    if (distance < best_distance) {
      best_distance = distance;
      best = word;
    }
  }
  if (best || typed.size() < 3) return best;
  const auto begun = std::find_if(words.begin(), words.end(), [&](const std::string& word) {
    return word.starts_with(std::string(typed) + "-");  // "token" for "token-file"
  });
  return begun == words.end() ? best : *begun;
}

MapReader::MapReader(const ConfigNode& node, ConfigFindings& findings, std::string what)
    : findings_(findings), what_(std::move(what)), place_(node.place) {
  if (node.kind == ConfigNode::Kind::map) {
    map_ = &node;
  } else {
    findings.error(node.place, "config-type",
                   what_ + " must be a map, not " + std::string(kind_text(node.kind)),
                   "write \"key: value\" lines");
  }
}

const ConfigNode* MapReader::find(std::string_view key) {
  known_.emplace_back(key);
  if (map_ == nullptr) return nullptr;
  const ConfigNode* found = nullptr;
  for (const auto& entry : map_->entries) {
    if (entry.key != key) continue;
    if (found != nullptr) {
      findings_.error(entry.place, "config-duplicate-key",
                      std::string(key) + " stands twice in this " + what_, "keep one of the two");
      continue;
    }
    found = &entry.value;
  }
  return found != nullptr && found->kind == ConfigNode::Kind::nothing ? nullptr : found;
}

const ConfigNode* MapReader::need(std::string_view key, std::string cure) {
  const ConfigNode* found = find(key);
  if (found == nullptr && map_ != nullptr) {
    findings_.error(place_, "config-missing-key", what_ + " has no " + std::string(key),
                    std::move(cure));
  }
  return found;
}

bool MapReader::has(std::string_view key) const {
  return map_ != nullptr && std::any_of(map_->entries.begin(), map_->entries.end(),
                                        [&](const auto& entry) { return entry.key == key; });
}

void MapReader::finish() {
  if (map_ == nullptr) return;
  for (const auto& entry : map_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    findings_.hide(entry.value.place);  // it may be a misspelt secret
    const auto meant = nearest(entry.key, known_);
    std::vector<std::string_view> words(known_.begin(), known_.end());
    findings_.error(entry.place, "config-unknown-key",
                    quoted(entry.key) + " is not a key of " + what_,
                    meant ? "did you mean \"" + *meant + "\"?" : "keys here are " + one_of(words));
  }
}

std::optional<std::string> read_text(const ConfigNode& node, std::string_view what,
                                     ConfigFindings& findings) {
  if (node.kind == ConfigNode::Kind::text && !node.text.empty()) return node.text;
  const bool bracket = node.kind == ConfigNode::Kind::list || node.kind == ConfigNode::Kind::map;
  findings.error(node.place, "config-type",
                 std::string(what) + " must be text, not " +
                     (bracket ? std::string(kind_text(node.kind)) : "empty"),
                 bracket ? "text that begins with [ or { needs quotes: \"[::1]:53\""
                         : "write a value or remove the key");
  return std::nullopt;
}

std::optional<bool> read_flag(const ConfigNode& node, std::string_view what,
                              ConfigFindings& findings) {
  static constexpr std::string_view choices[] = {"true", "false"};
  const auto chosen = read_choice(node, what, choices, findings);
  if (!chosen) return std::nullopt;
  return *chosen == 0;
}

std::optional<std::uint64_t> read_count(const ConfigNode& node, std::string_view what,
                                        std::uint64_t least, std::uint64_t most,
                                        ConfigFindings& findings) {
  const auto text = read_text(node, what, findings);
  if (!text) return std::nullopt;
  const auto parts = number_and_unit(*text);
  if (parts && parts->second.empty() && parts->first >= least && parts->first <= most) {
    return parts->first;
  }
  findings.error(node.place, "config-bad-value",
                 std::string(what) + ": " + quoted(*text) + " is not a number from " +
                     std::to_string(least) + " to " + std::to_string(most),
                 "write a whole number in this range");
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> read_duration(const ConfigNode& node,
                                                       std::string_view what,
                                                       std::chrono::milliseconds least,
                                                       std::chrono::milliseconds most,
                                                       ConfigFindings& findings) {
  const auto text = read_text(node, what, findings);
  if (!text) return std::nullopt;
  const auto count = measured(*text, milliseconds_in);
  const auto in_range = [&](std::uint64_t ms) {
    return ms >= static_cast<std::uint64_t>(least.count()) &&
           ms <= static_cast<std::uint64_t>(most.count());
  };
  if (count && in_range(*count)) return std::chrono::milliseconds(*count);
  findings.error(node.place, "config-bad-value",
                 std::string(what) + ": " + quoted(*text) + " is not a time from " +
                     in_words(least) + " to " + in_words(most),
                 "write a number and ms, s, m, h or d: 30s");
  return std::nullopt;
}

std::optional<std::size_t> read_size(const ConfigNode& node, std::string_view what,
                                     ConfigFindings& findings) {
  const auto text = read_text(node, what, findings);
  if (!text) return std::nullopt;
  const auto octets = measured(*text, octets_in);
  if (octets) return *octets;
  findings.error(node.place, "config-bad-value",
                 std::string(what) + ": " + quoted(*text) + " is not a size",
                 "write octets, or a number and KiB, MiB or GiB: 4MiB");
  return std::nullopt;
}

std::optional<std::size_t> read_choice(const ConfigNode& node, std::string_view what,
                                       std::span<const std::string_view> choices,
                                       ConfigFindings& findings) {
  const auto text = read_text(node, what, findings);
  if (!text) return std::nullopt;
  const auto found = std::find(choices.begin(), choices.end(), *text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  findings.error(node.place, "config-bad-value",
                 std::string(what) + ": " + quoted(*text) + " is not " + one_of(choices),
                 "write " + one_of(choices));
  return std::nullopt;
}

std::optional<dns::Name> read_name(const ConfigNode& node, std::string_view what,
                                   ConfigFindings& findings) {
  const auto text = read_text(node, what, findings);
  if (!text) return std::nullopt;
  const auto name = dns::Name::from_text(*text);
  if (name) return *name;
  findings.error(
      node.place, "config-bad-name",
      std::string(what) + ": " + quoted(*text) + " is not a domain name: " + name.error().detail,
      "write a name like example.com.");
  return std::nullopt;
}

std::optional<net::Endpoint> read_endpoint(const ConfigNode& node, std::string_view what,
                                           std::optional<std::uint16_t> default_port,
                                           ConfigFindings& findings) {
  const auto text = read_text(node, what, findings);
  if (!text) return std::nullopt;
  const auto endpoint = net::Endpoint::from_text(*text, default_port);
  if (endpoint) return *endpoint;
  findings.error(node.place, "config-bad-address",
                 std::string(what) + ": " + quoted(*text) + " is not an address" +
                     (default_port ? "" : " with a port"),
                 default_port ? "write an IP address, with a port if needed: 192.0.2.1 or "
                                "\"[2001:db8::1]:53\""
                              : "write address and port: 127.0.0.1:5300 or \"[::1]:5300\"");
  return std::nullopt;
}

std::vector<const ConfigNode*> read_items(const ConfigNode& node, std::string_view what,
                                          ConfigFindings& findings) {
  std::vector<const ConfigNode*> items;
  if (node.kind == ConfigNode::Kind::text) {
    items.push_back(&node);
  } else if (node.kind == ConfigNode::Kind::list) {
    for (const auto& item : node.items) items.push_back(&item);
  } else {
    findings.error(node.place, "config-type",
                   std::string(what) + " must be a list, not " + std::string(kind_text(node.kind)),
                   "write [one, two] or one line with \"- \" for each");
  }
  return items;
}

}  // namespace taproot::server
