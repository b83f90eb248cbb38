#include "pushers/carrier.hpp"
#include "server/cli_client.hpp"
#include "server/cli_verbs.hpp"
#include "server/held_providers.hpp"
#include "server/provider_driver.hpp"
#include "server/render.hpp"
#include "server/render_capabilities.hpp"
#include "server/render_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace taproot::server {

namespace {

using nlohmann::ordered_json;

std::string text_of(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<Config> config_of(const CommonFlags& common, const Terminal& terminal) {
  const auto file = find_config(common);
  if (!file) {
    return fail(Errc::not_found,
                "there is no configuration that could name a provider: say where with --config");
  }
  auto read = read_config(*file, terminal.world);
  if (!read.config) return tl::unexpected(to_error(read.findings));
  return std::move(*read.config);
}

/// A provider of the configuration, and what speaks with it.
struct Chosen {
  Config config;
  ProviderConfig provider;
  std::unique_ptr<pushers::Driver> driver;
};

Result<Chosen> choose(const CommonFlags& common, const std::string& name,
                      const Terminal& terminal) {
  auto config = config_of(common, terminal);
  if (!config) return tl::unexpected(config.error());
  const auto* found = config->find_provider(name);
  if (found == nullptr) {
    return fail(Errc::not_found, "there is no provider " + name +
                                     " in the configuration: taproot provider list shows them");
  }
  Chosen chosen{{}, *found, make_driver(*found, config->keys)};
  chosen.config = std::move(*config);
  if (chosen.driver == nullptr) {
    return fail(Errc::bad_config, "provider " + name +
                                      " takes transfers and has no API: taproot status shows what "
                                      "it serves");
  }
  return chosen;
}

std::vector<dns::Name> zones_of(const Config& config, const std::string& provider) {
  std::vector<dns::Name> zones;
  for (const auto& zone : config.zones) {
    const auto& its = zone->providers;
    if (std::find(its.begin(), its.end(), provider) != its.end()) zones.push_back(zone->name);
  }
  std::sort(zones.begin(), zones.end());
  return zones;
}

/// Where a provider is reached, without anything secret.
std::string address_of(const ProviderConfig& provider) {
  if (provider.server) return provider.server->to_text();
  if (!provider.url.empty()) return provider.url;
  if (provider.exec) return provider.exec->command.front();
  if (provider.kind != ProviderKind::transfer) return "the provider's own address";
  std::string text;
  for (const auto& target : provider.notify) {
    text += (text.empty() ? "" : ", ") + target.endpoint.to_text();
  }
  return text;
}

/// What was found of one zone.
struct ZoneTest {
  std::string zone;
  std::string trouble;  ///< empty: it could be read
  std::size_t rrsets = 0;
  std::vector<std::string> notes;
};

ZoneTest test_zone(const pushers::Driver& driver, const dns::Name& apex,
                   std::chrono::seconds deadline) {
  ZoneTest test;
  test.zone = apex.to_text();
  auto live = read_live_zone(driver, apex, deadline);
  if (!live) {
    test.trouble = live.error().detail;
    return test;
  }
  test.rrsets = live->rrsets.size();
  test.notes = std::move(live->notes);
  return test;
}

ordered_json json_of(const ZoneTest& test) {
  return {{"zone", test.zone},
          {"ok", test.trouble.empty()},
          {"rrsets", test.rrsets},
          {"error", test.trouble},
          {"notes", test.notes}};
}

void print(const ZoneTest& test, Terminal& terminal) {
  terminal.out << test.zone << "  ";
  if (test.trouble.empty()) {
    terminal.out << painted("ok", Paint::good, terminal.colour) << ": "
                 << counted(test.rrsets, "RRset") << " read\n";
  } else {
    terminal.out << painted("failed", Paint::bad, terminal.colour) << ": " << harmless(test.trouble)
                 << "\n";
  }
  for (const auto& note : test.notes) terminal.out << "  note: " << harmless(note) << "\n";
  terminal.out << std::flush;
}

/// What the provider gives us to speak with it; empty where a key in each request does.
Result<std::string> session_with(const pushers::Driver& driver) {
  const pushers::Call call{std::chrono::system_clock::now(), ""};
  auto login = driver.login(call);
  if (!login) return std::string();
  const auto response = pushers::carry_and_wait(std::move(*login));
  if (!response) return tl::unexpected(response.error());
  const auto seen = driver.parse_login(call, *response);
  if (seen.trouble() != nullptr) return fail(Errc::unauthorized, seen.trouble()->words);
  if (seen.value() == nullptr) return fail(Errc::unauthorized, "the provider gave no session");
  return *seen.value();
}

constexpr std::size_t max_pages = 10'000;

using Names = std::vector<dns::Name>;

Result<std::optional<Names>> zones_in(const pushers::Driver& driver, const std::string& session) {
  Names names;
  std::string cursor;
  for (std::size_t page = 0; page < max_pages; ++page) {
    const pushers::Call call{std::chrono::system_clock::now(), session, false, cursor};
    auto request = driver.zones(call, cursor);
    if (!request) return std::optional<Names>();
    const auto response = pushers::carry_and_wait(std::move(*request));
    if (!response) return tl::unexpected(response.error());
    const auto seen = driver.parse_zones(call, *response);
    if (seen.trouble() != nullptr) return fail(Errc::bad_answer, seen.trouble()->words);
    if (seen.value() == nullptr) return std::optional<Names>();
    for (const auto& zone : seen.value()->zones) names.push_back(zone.apex);
    const auto& next = seen.value()->next;
    if (!next) return std::optional(std::move(names));
    if (next->empty() || *next == cursor) break;
    cursor = *next;
  }
  return fail(Errc::bad_answer, "its list of zones does not come to an end");
}

/// All zones that a provider lists; nothing if nobody can tell there.
Result<std::optional<Names>> listed_zones(const pushers::Driver& driver) {
  const auto session = session_with(driver);
  if (!session) return tl::unexpected(session.error());
  auto names = zones_in(driver, *session);
  auto logout = session->empty() ? std::nullopt : driver.logout(*session);
  if (logout) (void)pushers::carry_and_wait(std::move(*logout));  // they end by themselves, too
  return names;
}

/// "retired" and the like, of a driver that is not as good as others; else empty.
std::string warning_of(const ProviderConfig& provider, const Config& config) {
  const auto driver = make_driver(provider, config.keys);
  if (driver == nullptr) return "";
  const auto status = driver->capabilities().status;
  return status == pushers::DriverStatus::stable ? "" : word_of(status);
}

}  // namespace

int run_provider_list(const CommonFlags& common, Terminal& terminal) {
  auto config = config_of(common, terminal);
  if (!config) return report_error(terminal, config.error());
  HeldProviders(config->state).apply(*config);
  ordered_json list = ordered_json::array();
  Table table;
  for (const auto& provider : config->providers) {
    const auto zones = zones_of(*config, provider.name).size();
    const std::string kind(to_text(provider.kind));
    const std::string warning = warning_of(provider, *config);
    list.push_back({{"name", provider.name},
                    {"kind", kind},
                    {"address", address_of(provider)},
                    {"zones", zones},
                    {"held", provider.hold},
                    {"warning", warning}});
    table.row({{provider.name, Paint::bold},
               {kind, Paint::plain},
               {warning, Paint::waiting},
               {counted(zones, "zone"), Paint::plain},
               {provider.hold ? "held" : "", Paint::waiting},
               {harmless(address_of(provider)), Paint::plain}});
  }
  terminal.out << (common.json ? text_of({{"providers", list}}) : table.to_text(terminal.colour))
               << std::flush;
  return static_cast<int>(Exit::done);
}

int run_provider_test(const CommonFlags& common, const ProviderFlags& flags, Terminal& terminal) {
  const auto chosen = choose(common, flags.name, terminal);
  if (!chosen) return report_error(terminal, chosen.error());
  auto zones = zones_of(chosen->config, flags.name);
  if (!flags.zones.empty()) zones.clear();
  for (const auto& text : flags.zones) {
    const auto zone = dns::Name::from_text(text);
    if (!zone) return usage_error(terminal, "--zone " + text + ": " + zone.error().detail);
    zones.push_back(*zone);
  }
  if (zones.empty()) {
    return report_error(terminal, {Errc::not_found, "provider " + flags.name +
                                                        " has no zones in the configuration: name "
                                                        "one with --zone"});
  }
  ordered_json tests = ordered_json::array();
  bool is_good = true;
  for (const auto& zone : zones) {
    const auto test = test_zone(*chosen->driver, zone, std::chrono::seconds(flags.timeout_seconds));
    is_good = is_good && test.trouble.empty();
    tests.push_back(json_of(test));
    if (!common.json) print(test, terminal);
  }
  if (common.json) {
    terminal.out << text_of({{"provider", flags.name}, {"ok", is_good}, {"zones", tests}});
  }
  return static_cast<int>(is_good ? Exit::done : Exit::error);
}

int run_provider_zones(const CommonFlags& common, const ProviderFlags& flags, Terminal& terminal) {
  const auto chosen = choose(common, flags.name, terminal);
  if (!chosen) return report_error(terminal, chosen.error());
  const auto listed = listed_zones(*chosen->driver);
  if (!listed) {
    return report_error(
        terminal, {listed.error().code, "provider " + flags.name + ": " + listed.error().detail});
  }
  if (!*listed) {
    return report_error(terminal, {Errc::not_found,
                                   "nobody can ask a provider of this kind for all its zones: "
                                   "taproot provider test " +
                                       flags.name + " looks for those of the configuration"});
  }
  const std::set<dns::Name> there((*listed)->begin(), (*listed)->end());
  const auto ours = zones_of(chosen->config, flags.name);
  std::set<dns::Name> all = there;
  all.insert(ours.begin(), ours.end());
  ordered_json list = ordered_json::array();
  Table table;
  for (const auto& zone : all) {
    const bool is_ours = std::binary_search(ours.begin(), ours.end(), zone);
    const bool is_there = there.contains(zone);
    list.push_back({{"zone", zone.to_text()}, {"there", is_there}, {"configured", is_ours}});
    table.row({{zone.to_text(), Paint::plain},
               {!is_there  ? "missing there"
                : !is_ours ? "not in the configuration"
                           : "",
                is_there ? Paint::dim : Paint::bad}});
  }
  terminal.out << (common.json ? text_of({{"provider", flags.name}, {"zones", list}})
                               : table.to_text(terminal.colour))
               << std::flush;
  return static_cast<int>(Exit::done);
}

int run_provider_capabilities(const CommonFlags& common, const ProviderFlags& flags,
                              Terminal& terminal) {
  const auto chosen = choose(common, flags.name, terminal);
  if (!chosen) return report_error(terminal, chosen.error());
  const auto& capabilities = chosen->driver->capabilities();
  terminal.out << (common.json ? capabilities_json(capabilities)
                               : render_capabilities(capabilities))
               << std::flush;
  return static_cast<int>(Exit::done);
}

int run_provider_hold(const CommonFlags& common, const ProviderFlags& flags, bool hold,
                      Terminal& terminal) {
  const auto client = DaemonClient::find(common, terminal.world);
  if (!client) return report_error(terminal, client.error());
  const ordered_json body{{"who", user_name(terminal.world)}, {"why", flags.why}};
  const auto json = client->post(
      "/v1/providers/" + url_text(flags.name) + (hold ? "/hold" : "/resume"), text_of(body));
  if (!json) return report_error(terminal, json.error());
  const auto text = common.json ? *json : render_hold(*json, terminal.colour);
  if (!text) return report_error(terminal, text.error());
  terminal.out << *text << std::flush;
  return static_cast<int>(Exit::done);
}

}  // namespace taproot::server
