#include "zonestore/sources/scalar_text.hpp"

#include "dns/presentation.hpp"
#include "zonestore/sources/document.hpp"
#include "zonestore/sources/record_values.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace taproot::zonestore {

namespace {

/// Words that YAML readers take for something else than text, in any case.
constexpr std::array<std::string_view, 9> words = {"null", "true", "false", "yes", "no",
                                                   "on",   "off",  "y",     "n"};

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

/// Numbers, times and dates: text for us, but not for every reader of YAML. Four numbers with dots
/// between them are an address.
bool looks_like_number(std::string_view text) {
  return text.find_first_not_of("0123456789._:-+eE") == std::string_view::npos &&
         std::count(text.begin(), text.end(), '.') != 3;
}

bool is_plain(std::string_view text) {
  if (text.empty() || std::find(words.begin(), words.end(), lowered(text)) != words.end()) {
    return false;
  }
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  if (!is_word(static_cast<unsigned char>(text.front())) || text.back() == ' ') return false;
  if (looks_like_number(text) || text.back() == ':' || text.find("  ") != std::string_view::npos)
    return false;
  return std::all_of(text.begin(), text.end(),
                     [&](unsigned char c) {
                       return is_word(c) ||
                              std::string_view(" .-/+=@:;()~").find(static_cast<char>(c)) !=
                                  std::string_view::npos;
                     }) &&
         text.find(": ") == std::string_view::npos;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The strings of TXT rdata as one text.
std::string joined(const dns::Rdata& rdata) {
  std::string text;
  const auto wire = rdata.wire();
  for (std::size_t at = 0; at < wire.size(); at += 1u + wire[at]) {
    text.append(reinterpret_cast<const char*>(wire.data()) + at + 1,
                std::min<std::size_t>(wire[at], wire.size() - at - 1));
  }
  return text;
}

}  // namespace

std::string scalar_text(std::string_view text, bool is_json) {
  if (is_json || !is_printable(text)) return json_text(text);  // YAML's double quotes, too
  if (is_plain(text)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

std::string record_value_text(dns::RRType type, const dns::Rdata& rdata, const dns::Name& apex) {
  if (type == dns::RRType::TXT || type == dns::RRType::SPF) {
    DocumentNode node;
    node.kind = DocumentNode::Kind::scalar;
    node.text = joined(rdata);
    const bool is_ascii = std::all_of(node.text.begin(), node.text.end(),
                                      [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
    const auto read = rdata_from_value(type, node, apex);
    if (is_ascii && read && *read == rdata) return node.text;
  }
  return dns::rdata_to_text(type, rdata.wire());
}

}  // namespace taproot::zonestore
