#include "server/config_sections.hpp"

#include "dns/types.hpp"

#include <array>

namespace taproot::server {

namespace {

using pushers::Capabilities;
using pushers::ExecConfig;

constexpr std::uint64_t most_changes = 100'000;
constexpr std::uint64_t most_records = 65'535;

void read_types(const ConfigNode& node, const ConfigScope& scope, Capabilities& can) {
  can.types.clear();
  for (const auto* item : read_items(node, "capabilities.types", scope.findings)) {
    const auto word = read_text(*item, "capabilities.types", scope.findings);
    if (!word) continue;
    if (*word == "any") {
      can.every_type = true;
      continue;
    }
    const auto type = dns::rrtype_from_text(*word);
    if (type) {
      can.types.push_back(*type);
    } else {
      scope.findings.error(item->place, "config-bad-value",
                           "capabilities.types: \"" + *word + "\" is not a type of records",
                           "write types as in zone files, or any");
    }
  }
}

template <class Number>
void read_number(MapReader& map, std::string_view key, std::uint64_t least, std::uint64_t most,
                 const ConfigScope& scope, Number& where) {
  const auto* node = map.find(key);
  if (node == nullptr) return;
  const auto count =
      read_count(*node, "capabilities." + std::string(key), least, most, scope.findings);
  if (count) where = static_cast<Number>(*count);
}

void read_flag_of(MapReader& map, std::string_view key, const ConfigScope& scope, bool& where) {
  const auto* node = map.find(key);
  if (node == nullptr) return;
  const auto flag = read_flag(*node, "capabilities." + std::string(key), scope.findings);
  if (flag) where = *flag;
}

void read_capabilities(const ConfigNode& node, const ConfigScope& scope, ExecConfig& exec) {
  static constexpr std::array<std::string_view, 2> soas{"provider", "pushed"};
  MapReader map(node, scope.findings, "capabilities");
  Capabilities& can = exec.capabilities;
  if (const auto* types = map.find("types")) read_types(*types, scope, can);
  if (const auto* soa = map.find("soa")) {
    const auto chosen = read_choice(*soa, "capabilities.soa", soas, scope.findings);
    if (chosen && *chosen == 1) can.soa = pushers::SoaRule::pushed;
  }
  read_number(map, "min-ttl", 0, dns::max_ttl, scope, can.ttl.min);
  read_number(map, "max-ttl", can.ttl.min, dns::max_ttl, scope, can.ttl.max);
  read_number(map, "txt-octets", 1, most_records, scope, can.txt.max_total);
  read_number(map, "records", 1, most_records, scope, can.max_records);
  read_number(map, "changes", 1, most_changes, scope, can.batch.max_changes);
  if (const auto* octets = map.find("octets")) {
    const auto size = read_size(*octets, "capabilities.octets", scope.findings);
    if (size) can.batch.max_octets = *size;
  }
  read_flag_of(map, "compares", scope, can.batch.compares);
  read_flag_of(map, "look", scope, exec.looks);
  can.batch.atomic = can.batch.max_changes > 1;
  map.finish();
}

}  // namespace

void read_exec(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  auto exec = std::make_shared<ExecConfig>();
  exec->capabilities = pushers::exec_capabilities();
  const auto* command =
      map.need("command", "write command: [PROGRAM, ARGUMENT, …]; docs/exec-driver.md has more");
  if (command != nullptr) {
    exec->command = read_command(*command, "command", scope);
    if (exec->command.empty()) {
      scope.findings.error(command->place, "config-bad-value", "command: there is no program in it",
                           "write command: [PROGRAM, ARGUMENT, …]");
    }
  }
  if (const auto* timeout = map.find("timeout")) {
    const auto time = read_duration(*timeout, "timeout", std::chrono::milliseconds(100),
                                    std::chrono::minutes(10), scope.findings);
    if (time) exec->timeout = *time;
  }
  if (const auto* can = map.find("capabilities")) read_capabilities(*can, scope, *exec);
  if (!exec->command.empty()) provider.exec = std::shared_ptr<const ExecConfig>(std::move(exec));
}

}  // namespace taproot::server
