#include "server/cli_client.hpp"
#include "server/cli_verbs.hpp"
#include "server/render.hpp"
#include "server/render_document.hpp"

#include <nlohmann/json.hpp>

#include <cctype>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

namespace taproot::server {

namespace {

using Json = nlohmann::ordered_json;

/// As the daemon takes at most (docs/control-api.md).
constexpr std::size_t max_body = std::size_t{1} << 20;

/// The words of "www 300 IN A 192.0.2.1"; what is behind the type is one value.
struct Words {
  std::string owner;
  std::optional<std::string> ttl;
  std::string type;
  std::string value;
};

std::string take_word(std::string_view& rest) {
  const auto start = rest.find_first_not_of(" \t");
  if (start == std::string_view::npos) {
    rest = {};
    return {};
  }
  const auto end = std::min(rest.find_first_of(" \t", start), rest.size());
  const auto word = rest.substr(start, end - start);
  rest.remove_prefix(end);
  return std::string(word);
}

bool is_class_in(const std::string& word) {
  return word == "IN" || word == "in";
}

Words words_of(std::string_view text) {
  Words words;
  words.owner = take_word(text);
  words.type = take_word(text);
  while (is_class_in(words.type) ||
         (!words.type.empty() && std::isdigit(static_cast<unsigned char>(words.type[0])) != 0)) {
    if (!is_class_in(words.type)) words.ttl = words.type;
    words.type = take_word(text);
  }
  const auto start = text.find_first_not_of(" \t");
  if (start != std::string_view::npos) words.value = text.substr(start);
  return words;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// The changes that the options stand for, in the order deletes, removes, puts, adds: so what is
/// put stays whatever else was said.
class ChangeList {
 public:
  Result<void> add(const char* op, const std::string& text);
  Result<void> read_file(const std::string& path);
  Json take() { return std::move(changes_); }
  bool empty() const { return changes_.empty(); }

 private:
  Json changes_ = Json::array();
  std::map<std::string, std::size_t> sets_;  ///< where the change of an op, owner and type is
};

Result<void> ChangeList::add(const char* op, const std::string& text) {
  const std::string verb = op;
  const auto words = words_of(text);
  const bool takes_all = verb == "delete";
  const bool whole =
      takes_all ? words.value.empty() && !words.ttl : !words.type.empty() && !words.value.empty();
  if (words.owner.empty() || !whole) {
    const std::string shape = takes_all          ? "'OWNER [TYPE]'"
                              : verb == "remove" ? "'OWNER TYPE VALUE'"
                                                 : "'OWNER [TTL] TYPE VALUE'";
    return fail(Errc::bad_text, "--" + verb + " '" + text + "': write " + shape);
  }
  const auto key = verb + " " + upper(words.owner) + " " + upper(words.type);
  const auto [at, is_new] = sets_.emplace(key, changes_.size());
  if (is_new) {
    Json change{{"op", verb}, {"owner", words.owner}};
    if (!words.type.empty()) change["type"] = words.type;
    if (!takes_all) change["values"] = Json::array();
    changes_.push_back(std::move(change));
  }
  Json& change = changes_[at->second];
  if (words.ttl) {
    if (change.contains("ttl") && change["ttl"] != *words.ttl) {
      return fail(Errc::bad_text, "--" + verb + " '" + text + "': all records of an RRset have " +
                                      "one TTL, and it had " + change["ttl"].get<std::string>());
    }
    change["ttl"] = *words.ttl;
  }
  if (!takes_all) change["values"].push_back(words.value);
  return {};
}

Result<std::string> read_input(const std::string& path) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) return fail(Errc::io, path + ": cannot be opened");
  std::string text;
  std::array<char, 65'536> part{};
  while (in.read(part.data(), part.size()) || in.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_body) return fail(Errc::too_large, path + ": is larger than 1 MiB");
  }
  return text;
}

Result<void> ChangeList::read_file(const std::string& path) {
  const auto text = read_input(path);
  if (!text) return tl::unexpected(text.error());
  Json json = Json::parse(*text, nullptr, false);
  if (json.is_discarded()) return fail(Errc::bad_text, path + ": is not JSON");
  if (json.is_object()) json = json.contains("changes") ? json["changes"] : Json();
  if (!json.is_array()) {
    return fail(Errc::bad_text, path + ": write {\"changes\": […]}, or the list alone");
  }
  for (auto& change : json) changes_.push_back(std::move(change));
  return {};
}

Result<Json> changes_of(const EditFlags& flags) {
  ChangeList list;
  if (flags.file) {
    if (auto read = list.read_file(*flags.file); !read) return tl::unexpected(read.error());
  }
  const std::pair<const char*, const std::vector<std::string>*> all[] = {
      {"delete", &flags.drop}, {"remove", &flags.remove}, {"put", &flags.put}, {"add", &flags.add}};
  for (const auto& [op, texts] : all) {
    for (const auto& text : *texts) {
      if (auto added = list.add(op, text); !added) return tl::unexpected(added.error());
    }
  }
  return list.take();
}

std::string body_of(const EditFlags& flags, Json changes, const Terminal& terminal) {
  Json body{{"who", user_name(terminal.world)}, {"why", flags.why}};
  if (!changes.empty()) body["changes"] = std::move(changes);
  if (flags.write_back) body["write_back"] = true;
  if (flags.discard) body["discard"] = true;
  if (flags.dry_run) body["dry_run"] = true;
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Exit verdict_of(const Document& report, const EditFlags& flags, bool refused) {
  if (refused) return Exit::error;
  if (flags.dry_run) return report.flag("changed") ? Exit::pending : Exit::done;
  for (const auto& finding : report.list("findings")) {
    if (finding.text("rule") == "not-written-back") return Exit::partial;
  }
  return Exit::done;
}

}  // namespace

int run_edit(const CommonFlags& common, const EditFlags& flags, Terminal& terminal) {
  auto changes = changes_of(flags);
  if (!changes && changes.error().code == Errc::bad_text) {
    return usage_error(terminal, changes.error().detail);
  }
  if (!changes) return report_error(terminal, changes.error());
  if (changes->empty() && !flags.write_back && !flags.discard) {
    return usage_error(terminal, "nothing to do: say --put, --add, --remove, --delete or --file");
  }
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return report_error(terminal, client.error());
  const auto answer =
      client->post_for_findings("/v1/zones/" + url_text(flags.zone) + "/edit",
                                body_of(flags, std::move(*changes), terminal), flags.based_on);
  if (!answer) return report_error(terminal, answer.error());
  const auto report = Document::parse(answer->body);
  if (!report) return report_error(terminal, report.error());
  const auto text = common.json ? answer->body : render_edit(answer->body, terminal.colour);
  if (!text) return report_error(terminal, text.error());
  terminal.out << *text << std::flush;
  return static_cast<int>(verdict_of(*report, flags, answer->status != 200));
}

}  // namespace taproot::server
