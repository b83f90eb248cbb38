#include "server/external_check.hpp"

#include "dns/presentation.hpp"
#include "zonestore/finding_list.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace taproot::server {

using zonestore::Finding;
using zonestore::Severity;

namespace {

constexpr const char* rule = "external-check";
constexpr std::size_t max_findings = 200;
constexpr std::size_t longest_message = 500;
constexpr std::string_view placeholder = "{file}";

std::string in_seconds(std::chrono::milliseconds time) {
  if (time.count() % 1000 != 0) return std::to_string(time.count()) + " ms";
  return std::to_string(time.count() / 1000) + " s";
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The number that begins `text`, with the ':' behind it taken off.
std::optional<std::size_t> take_number(std::string_view& text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto size = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || size == text.size() || text[size] != ':') return std::nullopt;
  text.remove_prefix(size + 1);
  return value;
}

std::optional<Severity> take_severity(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  constexpr std::array<std::pair<std::string_view, Severity>, 4> words{
      {{"error:", Severity::error},
       {"warning:", Severity::warning},
       {"note:", Severity::note},
       {"info:", Severity::note}}};
  for (const auto& [word, severity] : words) {
    if (!text.starts_with(word)) continue;
    text.remove_prefix(word.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    return severity;
  }
  return std::nullopt;
}

/// "FILE:LINE: SEVERITY: MESSAGE" or "FILE:LINE:COLUMN: SEVERITY: MESSAGE".
std::optional<Finding> placed_finding(std::string_view line) {
  for (auto colon = line.find(':'); colon != std::string_view::npos;
       colon = line.find(':', colon + 1)) {
    auto rest = line.substr(colon + 1);
    const auto number = take_number(rest);
    if (!number || colon == 0) continue;
    const auto column = take_number(rest);
    const auto severity = take_severity(rest);
    if (!severity || rest.empty()) continue;
    return Finding{*severity,
                   rule,
                   std::string(line.substr(0, colon)),
                   *number,
                   column.value_or(0),
                   std::string(rest.substr(0, longest_message)),
                   "",
                   ""};
  }
  return std::nullopt;
}

Finding refusal(const std::string& shown, std::string message, std::string cure) {
  return {Severity::error, rule, shown, 0, 0, std::move(message), std::move(cure), ""};
}

/// The last lines of what a command has to complain about.
std::string last_words(const net::ChildEnd& end) {
  constexpr std::size_t enough = 3;
  const auto lines = lines_of(end.errors);
  std::string text;
  for (std::size_t i = lines.size() > enough ? lines.size() - enough : 0; i < lines.size(); ++i) {
    text += (text.empty() ? ": " : " / ") + std::string(lines[i].substr(0, longest_message));
  }
  return text;
}

std::string how_it_ended(const net::ChildEnd& end, const CheckConfig& config) {
  using Kind = net::ChildEnd::Kind;
  const std::string name = "the check " + config.command[0];
  switch (end.kind) {
    case Kind::exited:
      return name + " ended with exit code " + std::to_string(end.code);
    case Kind::killed:
      return name + " was ended by signal " + std::to_string(end.code);
    case Kind::timed_out:
      return name + " took longer than " + in_seconds(config.timeout);
    case Kind::flooded:
      return name + " wrote more than 1 MiB";
    case Kind::not_started:
      return name + " cannot be run: " + end.why;
  }
  return name + " ended in an unknown way";
}

const char* cure_of(const net::ChildEnd& end) {
  using Kind = net::ChildEnd::Kind;
  switch (end.kind) {
    case Kind::timed_out:
      return "make it faster, or raise check.timeout";
    case Kind::not_started:
      return "mend check.command: a path, and a program that taproot may run";
    case Kind::exited:
      return "mend the command: 0 accepts, 1 refuses the zone";
    case Kind::killed:
    case Kind::flooded:
      return "mend the command, or run it by hand to see more";
  }
  return "";
}

/// The candidate as a zone file: SOA first, then the other records in canonical order.
std::string zone_text(const zonestore::ZoneVersion& version) {
  std::string text = dns::to_text(*version.find(version.apex(), dns::RRType::SOA));
  for (auto at = version.walk(); at.leaf() != nullptr; at.next()) {
    const auto owner = at.leaf()->owner(version.apex());
    for (const auto rrset : at.leaf()->rrsets()) {
      if (rrset.type() != dns::RRType::SOA) text += dns::to_text(rrset.to_rrset(owner));
    }
  }
  return text;
}

/// A file that only we may read, and that goes with its owner.
class ZoneTextFile {
 public:
  explicit ZoneTextFile(std::string_view text) {
    std::error_code error;
    path_ = (std::filesystem::temp_directory_path(error) / "taproot-check-XXXXXX").string();
    const int file = ::mkostemp(path_.data(), O_CLOEXEC);
    if (file < 0) return;
    is_made_ = true;
    is_whole_ = true;
    while (!text.empty() && is_whole_) {
      const ssize_t put = ::write(file, text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      is_whole_ = put > 0;
      if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
    }
    ::close(file);
  }
  ZoneTextFile(const ZoneTextFile&) = delete;
  ZoneTextFile& operator=(const ZoneTextFile&) = delete;
  ~ZoneTextFile() {
    if (is_made_) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  bool is_whole() const { return is_whole_; }

 private:
  std::string path_;
  bool is_made_ = false;
  bool is_whole_ = false;
};

bool wants_file(const CheckConfig& config) {
  return std::any_of(config.command.begin(), config.command.end(), [](const std::string& word) {
    return word.find(placeholder) != std::string::npos;
  });
}

std::vector<std::string> command_with(const CheckConfig& config, const std::string& path) {
  auto command = config.command;
  for (auto& word : command) {
    for (auto at = word.find(placeholder); at != std::string::npos;
         at = word.find(placeholder, at + path.size())) {
      word.replace(at, placeholder.size(), path);
    }
  }
  return command;
}

std::vector<std::string> environment_of(const ExternalCheck& check) {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
          "TAPROOT_ZONE=" + check.candidate->apex().to_text(),
          "TAPROOT_SERIAL=" + std::to_string(check.candidate->serial().value()),
          "TAPROOT_CURRENT_VERSION=" + std::to_string(check.current_version)};
}

}  // namespace

std::vector<Finding> findings_of(const net::ChildEnd& end, const CheckConfig& config,
                                 const std::string& shown) {
  const bool ended = end.kind == net::ChildEnd::Kind::exited;
  const bool accepts = ended && end.code == 0;
  const bool refuses = ended && end.code == 1;
  zonestore::FindingList findings(max_findings);
  const char* cure = "mend the zone as the check wants it";
  for (const auto line : lines_of(end.output)) {
    auto finding = placed_finding(line);
    if (!finding && !refuses) continue;
    if (!finding) finding = refusal(shown, std::string(line.substr(0, longest_message)), cure);
    // Who accepts a zone does not mean errors.
    if (accepts) finding->severity = std::max(finding->severity, Severity::warning);
    findings.add(std::move(*finding));
  }
  if (end.is_output_cut && refuses) {
    findings.add(refusal(shown, "the check wrote more than is shown", cure));
  }
  if (refuses && !findings.has_errors()) {
    findings.add(refusal(
        shown, "the check " + config.command[0] + " refuses the zone" + last_words(end), cure));
  }
  if (!accepts && !refuses) {
    findings.add(refusal(shown, how_it_ended(end, config) + last_words(end), cure_of(end)));
  }
  return findings.take();
}

/// One check that has its turn.
struct ExternalChecks::Running {
  ExternalCheck check;
  Done done;
  std::string text;
  std::unique_ptr<ZoneTextFile> file;
  std::unique_ptr<net::ChildProcess> child;
};

ExternalChecks::~ExternalChecks() {
  *is_alive_ = false;
}

void ExternalChecks::run(ExternalCheck check, Done done) {
  waiting_.push_back({std::move(check), std::move(done)});
  loop_.post([this, alive = is_alive_] {
    if (*alive) begin_next();
  });
}

void ExternalChecks::begin_next() {
  if (waiting_.empty() || running_.size() >= max_running) return;
  auto running = std::make_shared<Running>();
  running->check = std::move(waiting_.front().check);
  running->done = std::move(waiting_.front().done);
  waiting_.pop_front();
  running_.push_back(running);
  // The text of a large zone takes its time: not on this thread.
  loop_.work(
      [running] {
        running->text = zone_text(*running->check.candidate);
        if (!wants_file(*running->check.config)) return;
        running->file = std::make_unique<ZoneTextFile>(running->text);
        running->text = {};
      },
      [this, running, alive = is_alive_] {
        if (*alive) start(running);
      });
  begin_next();
}

void ExternalChecks::start(const std::shared_ptr<Running>& running) {
  const auto& config = *running->check.config;
  if (running->file && !running->file->is_whole()) {
    net::ChildEnd end;
    end.why = "no temporary file for the zone can be written";
    return ended(running, end);
  }
  net::ChildOrder order;
  order.command = command_with(config, running->file ? running->file->path() : "");
  order.environment = environment_of(running->check);
  order.input = std::move(running->text);
  order.timeout = config.timeout;
  running->child = std::make_unique<net::ChildProcess>(
      loop_, std::move(order), [this, mine = running.get()](const net::ChildEnd& end) {
        const auto found = std::find_if(running_.begin(), running_.end(),
                                        [&](const auto& one) { return one.get() == mine; });
        if (found != running_.end()) ended(std::shared_ptr(*found), end);
      });
}

void ExternalChecks::ended(const std::shared_ptr<Running>& running, const net::ChildEnd& end) {
  auto findings = findings_of(end, *running->check.config, running->check.shown);
  const auto done = std::move(running->done);
  running_.remove(running);
  begin_next();
  done(std::move(findings));
}

}  // namespace taproot::server
