#include "server/sarif.hpp"

#include "zonestore/rule_table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace taproot::server {

namespace {

using zonestore::Finding;
using zonestore::Severity;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

std::string_view level_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "none";
}

/// RFC 3986 section 2.1: octets that a path may not have as they are.
std::string percent_encoded(std::string_view path) {
  constexpr std::string_view plain = "-._~/!$&'()*+,;=@";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : path) {
    const std::size_t octet = static_cast<unsigned char>(c);
    const bool is_plain = (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z') ||
                          (octet >= 'A' && octet <= 'Z') || plain.find(c) != std::string_view::npos;
    if (is_plain) {
      text += c;
    } else {
      text += {'%', digits[octet >> 4], digits[octet & 0x0f]};
    }
  }
  return text;
}

/// Characters in UTF-8 text: what columnKind unicodeCodePoints counts.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

/// A line may be shown in part only: then nothing is said about places behind.
void add_columns(Json& region, std::string_view line, std::size_t column, std::size_t length) {
  if (column == 0 || column > line.size() + 1) return;
  const std::size_t start = characters(line.substr(0, column - 1)) + 1;
  region["startColumn"] = start;
  if (length == 0 || column - 1 + length > line.size()) return;
  region["endColumn"] = start + characters(line.substr(column - 1, length));
}

class Sarif {
 public:
  Sarif(const CheckReport& report, fs::path root) : report_(report), root_(std::move(root)) {
    for (const auto& rule : zonestore::all_rules()) add_rule(rule);
  }

  Json document() {
    Json results = Json::array();
    for (const auto& finding : report_.findings) results.push_back(result_of(finding));
    Json run = {
        {"tool",
         {{"driver",
           {{"name", "taproot"}, {"version", TAPROOT_VERSION}, {"rules", std::move(rules_)}}}}},
        {"columnKind", "unicodeCodePoints"},
        {"results", std::move(results)}};
    return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
            {"version", "2.1.0"},
            {"runs", Json::array({std::move(run)})}};
  }

 private:
  void add_rule(const zonestore::Rule& rule) {
    index_.emplace(rule.name, rules_.size());
    const std::string summary(rule.summary);
    const std::string more = "See docs/rules.md, " + std::string(rule.name) + ".";
    rules_.push_back(
        {{"id", rule.name},
         {"shortDescription", {{"text", summary}}},
         {"help",
          {{"text", summary + ". " + more},
           {"markdown", "**" + std::string(rule.name) + "**: " + summary + ". " + more}}},
         {"defaultConfiguration",
          {{"enabled", rule.severity.has_value()},
           {"level", level_of(rule.severity.value_or(Severity::note))}}}});
  }

  /// Rules of the configuration stand in no table: they are told as they are met.
  std::size_t index_of(const std::string& rule) {
    const auto [at, is_new] = index_.emplace(rule, rules_.size());
    if (is_new) {
      rules_.push_back({{"id", rule},
                        {"shortDescription", {{"text", "a mistake in the configuration"}}},
                        {"help", {{"text", "See docs/configuration.md."}}},
                        {"defaultConfiguration", {{"enabled", true}, {"level", "error"}}}});
    }
    return at->second;
  }

  Json artifact_of(const std::string& file) const {
    std::error_code error;
    fs::path path = file;
    if (path.is_relative()) {
      const auto beside = fs::absolute(report_.config, error).parent_path() / path;
      path = !report_.config.empty() && fs::exists(beside, error) ? beside : root_ / path;
    }
    const auto from_root = path.lexically_normal().lexically_relative(root_.lexically_normal());
    const bool is_inside = !from_root.empty() && *from_root.begin() != "..";
    if (is_inside) {
      return {{"uri", percent_encoded(from_root.generic_string())}, {"uriBaseId", "%SRCROOT%"}};
    }
    return {{"uri", "file://" + percent_encoded(path.lexically_normal().generic_string())}};
  }

  Json place_of(const std::string& file, std::size_t line, std::size_t column, std::size_t length,
                std::string_view excerpt) const {
    Json place = {{"artifactLocation", artifact_of(file)}};
    if (line > 0) {
      place["region"] = {{"startLine", line}};
      add_columns(place["region"], excerpt, column, length);
    }
    return {{"physicalLocation", std::move(place)}};
  }

  /// The same for a finding that only moved with its line.
  std::string fingerprint_of(const Finding& finding) {
    std::string text = finding.rule + '\n' + finding.file + '\n';
    for (const char c : finding.excerpt) {
      if (c != ' ' && c != '\t') text += c;
    }
    text += '\n' + finding.message;
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325u;  // FNV-1a
    for (const char c : text)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01b3u;
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[hash >> shift & 0xf];
    return digits + ":" + std::to_string(++fingerprints_[digits]);
  }

  Json result_of(const Finding& finding) {
    std::string text = finding.message;
    if (!finding.cure.empty()) text += "\ncure: " + finding.cure;
    Json result = {{"ruleId", finding.rule},
                   {"ruleIndex", index_of(finding.rule)},
                   {"level", level_of(finding.severity)},
                   {"message", {{"text", text}}},
                   {"locations", Json::array()},
                   {"partialFingerprints", {{"taproot/v1", fingerprint_of(finding)}}}};
    if (!finding.file.empty()) {
      result["locations"].push_back(place_of(finding.file, finding.line, finding.column,
                                             zonestore::length_of(finding), finding.excerpt));
    }
    Json related = Json::array();
    for (const auto& one : finding.related) {
      Json place = place_of(one.file, one.line, one.column, 0, one.excerpt);
      place["id"] = related.size() + 1;
      place["message"] = {{"text", one.message}};
      related.push_back(std::move(place));
    }
    if (!related.empty()) result["relatedLocations"] = std::move(related);
    return result;
  }

  const CheckReport& report_;
  fs::path root_;
  Json rules_ = Json::array();
  std::map<std::string, std::size_t, std::less<>> index_;
  std::map<std::string, unsigned> fingerprints_;
};

}  // namespace

std::string to_sarif(const CheckReport& report, const fs::path& root) {
  return Sarif(report, root).document().dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace taproot::server
