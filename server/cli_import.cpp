#include "server/cli_verbs.hpp"
#include "server/config_secret.hpp"
#include "server/import_report.hpp"
#include "server/import_source.hpp"
#include "server/render_text.hpp"
#include "server/reports_json.hpp"
#include "server/write_file.hpp"
#include "zonestore/canonical_zone.hpp"
#include "zonestore/check.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace taproot::server {

namespace {

using zonestore::Finding;
using zonestore::SourceRecords;

std::string line_of(const SourceRecords& records, const std::string& file, std::size_t number) {
  const auto at = std::find(records.files.begin(), records.files.end(), file);
  const auto index = static_cast<std::size_t>(at - records.files.begin());
  if (index >= records.texts.size() || !records.texts[index] || number == 0) return "";
  std::string_view text = *records.texts[index];
  for (std::size_t line = 1; line < number; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  constexpr std::size_t enough = 4096;
  auto line = text.substr(0, std::min(text.find('\n'), enough));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

/// The findings of reading and of `taproot check`, on what is written.
std::vector<Finding> check(const dns::Name& apex, const SourceRecords& records) {
  const auto lines = [&](const std::string& file, std::size_t number) {
    return line_of(records, file, number);
  };
  return zonestore::check_zone(apex, records, lines).findings;
}

std::string counts_text(const std::map<dns::RRType, std::size_t>& counts) {
  std::string text;
  for (const auto& [type, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + dns::to_text(type);
  }
  return text;
}

bool has_soa_with_serial(const SourceRecords& records) {
  return !records.serial_is_ours &&
         std::any_of(records.items.begin(), records.items.end(),
                     [](const auto& item) { return item.type == dns::RRType::SOA; });
}

void count(const zonestore::CanonicalZone& zone, ImportReport& report) {
  report.names = zone.owners.size();
  for (const auto& owner : zone.owners) {
    report.rrsets += owner.sets.size();
    for (const auto& set : owner.sets) report.records += set.records.size();
  }
}

std::string document_of(const zonestore::CanonicalZone& zone, const std::string& format) {
  if (format == "json") return to_json(zone);
  return format == "zone" ? to_zone_file(zone) : to_yaml(zone);
}

void tell(const ImportReport& report, const CommonFlags& common, Terminal& terminal) {
  if (common.json) {
    terminal.out << to_json(report) << std::flush;
    return;
  }
  for (const auto& finding : report.findings) {
    terminal.err << zonestore::to_text(finding, false) << "\n";
  }
  for (const auto& note : report.notes) {
    terminal.err << "taproot: note: " << harmless(note) << "\n";
  }
  if (!report.written) return;
  terminal.err << "taproot: " << report.zone << " from " << harmless(report.source) << ": "
               << counted(report.records, "record") << " at " << counted(report.names, "name");
  if (report.output != "-") terminal.err << " written to " << harmless(report.output);
  terminal.err << std::endl;
}

Result<void> write(const std::string& document, const ImportFlags& flags, Terminal& terminal) {
  if (flags.output != "-") {
    return write_whole_file(flags.output, document, flags.force ? Replace::yes : Replace::no);
  }
  terminal.out << document << std::flush;
  if (!terminal.out) return fail(Errc::io, "standard output cannot be written");
  return {};
}

/// What is known before anybody is asked.
std::optional<std::string> why_wrong(const CommonFlags& common, const ImportFlags& flags) {
  static constexpr std::array<std::string_view, 3> formats{"yaml", "json", "zone"};
  if (std::find(formats.begin(), formats.end(), flags.format) == formats.end()) {
    return "--format " + flags.format + ": write yaml, json or zone";
  }
  if (common.json && flags.output == "-") {
    return "--json prints a report in the place of the zone: say with --output FILE where the zone "
           "goes";
  }
  return std::nullopt;
}

/// A source with records that cannot be read is not written: they would be lost.
int refuse(ImportedZone zone, ImportReport report, const CommonFlags& common, Terminal& terminal) {
  report.findings = std::move(zone.records.findings);
  for (auto& finding : report.findings) {
    if (!finding.excerpt.empty()) continue;
    zonestore::add_excerpt(finding, line_of(zone.records, finding.file, finding.line));
  }
  tell(report, common, terminal);
  return report_error(terminal,
                      {Errc::bad_zone, zone.source + " could not be read as a whole, so nothing is "
                                                     "written: mend what is named above"});
}

/// Leaves out what is not wanted, and says so.
void leave_out(ImportedZone& zone, const ImportFlags& flags, ImportReport& report) {
  if (!flags.keep_dnssec) {
    report.left_out = zonestore::remove_generated_dnssec(zone.records, zone.comments);
  }
  if (!report.left_out.empty()) {
    report.notes.push_back("left out what the signer made: " + counts_text(report.left_out) +
                           " (--keep-dnssec keeps them)");
  }
  const bool is_zone_file = flags.format == "zone";
  if (is_zone_file) zone.records.serial_is_ours = false;  // it must have a SOA with a serial
  if (!flags.keep_serial && !is_zone_file && has_soa_with_serial(zone.records)) {
    report.notes.emplace_back(
        "the SOA is written without its serial, which taproot counts itself; if servers hold the "
        "zone already and taproot is new to it, --keep-serial makes it go on from theirs");
  }
  if (flags.format == "json" && !zone.comments.empty()) {
    report.notes.emplace_back("JSON has no comments: those of the source are left out");
  }
}

int import_zone(const CommonFlags& common, const ImportFlags& flags, ImportedZone zone,
                const dns::Name& apex, Terminal& terminal) {
  ImportReport report;
  report.zone = apex.to_text();
  report.source = zone.source;
  report.output = flags.output;
  report.notes = std::move(zone.left_behind);
  if (zonestore::has_errors(zone.records.findings)) {
    return refuse(std::move(zone), std::move(report), common, terminal);
  }
  leave_out(zone, flags, report);
  report.findings = check(apex, zone.records);
  const bool with_serial = flags.keep_serial && !zone.records.serial_is_ours;
  const auto canonical =
      zonestore::canonical_zone(apex, zone.records, std::move(zone.comments), with_serial);
  count(canonical, report);
  const auto written = write(document_of(canonical, flags.format), flags, terminal);
  report.written = written.has_value();
  tell(report, common, terminal);
  if (!written) {
    const char* cure = written.error().code == Errc::in_use ? ": --force replaces it" : "";
    return report_error(terminal, {written.error().code, written.error().detail + cure});
  }
  return static_cast<int>(zonestore::has_errors(report.findings) ? Exit::pending : Exit::done);
}

Result<dns::TsigKey> key_of(const std::string& words) {
  std::error_code error;
  if (!std::filesystem::exists(words, error)) {
    auto key = dns::TsigKey::from_text(words);
    if (!key) return fail(key.error().code, "--key: no such file, and " + key.error().detail);
    return key;
  }
  const auto read = read_secret_file(words);
  if (!read) return fail_in("--key " + words, read.error());
  auto key = tsig_key_from_text(read->secret);
  if (!key) return fail_in("--key " + words, key.error());
  return key;
}

/// A provider of the configuration, by its name.
Result<ImportedZone> read_provider(const CommonFlags& common, const ImportFlags& flags,
                                   const dns::Name& apex, const Terminal& terminal) {
  const auto file = find_config(common);
  const auto unknown = [&](const std::string& where) {
    return fail(Errc::not_found, "--from " + flags.from + ": there is no such file, and " + where);
  };
  if (!file) return unknown("no configuration that could name a provider");
  const auto read = read_config(*file, terminal.world);
  if (!read.config) return tl::unexpected(to_error(read.findings));
  const auto* provider = read.config->find_provider(flags.from);
  if (provider == nullptr) return unknown("no provider of this name in " + file->string());
  return import_from_provider(apex, *provider, read.config->keys,
                              std::chrono::seconds(flags.timeout_seconds));
}

bool has_tls_flags(const ImportFlags& flags) {
  return flags.tls_hostname || flags.tls_ca || !flags.tls_pins.empty() || flags.tls_certificate ||
         flags.tls_key;
}

Result<net::TlsClientSettings> tls_settings(const ImportFlags& flags) {
  net::TlsClientSettings settings;
  settings.hostname = flags.tls_hostname.value_or("");
  settings.ca_file = flags.tls_ca;
  settings.certificate = flags.tls_certificate;
  settings.key = flags.tls_key;
  if (flags.tls_certificate.has_value() != flags.tls_key.has_value()) {
    return fail(Errc::bad_text, "--tls-certificate and --tls-key belong together");
  }
  for (const auto& text : flags.tls_pins) {
    const auto pin = net::SpkiPin::from_text(text);
    if (!pin) return fail_in("--tls-pin " + text, pin.error());
    settings.pins.push_back(*pin);
  }
  return settings;
}

Result<ImportedZone> read_server(const ImportFlags& flags, const dns::Name& apex) {
  ImportTransfer transfer{{}, std::chrono::seconds(flags.timeout_seconds)};
  if (flags.key) {
    auto key = key_of(*flags.key);
    if (!key) return tl::unexpected(key.error());
    transfer.key = std::move(*key);
  }
  std::string_view from = flags.from;
  if (!from.starts_with(axfr_tls_scheme)) {
    if (has_tls_flags(flags)) {
      return fail(Errc::bad_text, "the --tls flags belong to --from axfr+tls://HOST");
    }
    return import_by_axfr(apex, from.substr(axfr_scheme.size()), transfer);
  }
  auto settings = tls_settings(flags);
  if (!settings) return tl::unexpected(settings.error());
  transfer.tls = std::move(*settings);
  return import_by_axfr(apex, from.substr(axfr_tls_scheme.size()), transfer);
}

Result<ImportedZone> read_zone(const CommonFlags& common, const ImportFlags& flags,
                               const dns::Name& apex, const Terminal& terminal) {
  if (flags.from.starts_with(axfr_scheme) || flags.from.starts_with(axfr_tls_scheme)) {
    return read_server(flags, apex);
  }
  if (has_tls_flags(flags)) {
    return fail(Errc::bad_text, "the --tls flags belong to --from axfr+tls://HOST");
  }
  if (flags.key) return fail(Errc::bad_text, "--key belongs to --from axfr://HOST");
  std::error_code error;
  const bool is_path = flags.from.find('/') != std::string::npos ||
                       (std::filesystem::exists(flags.from, error) &&
                        !std::filesystem::is_directory(flags.from, error));
  if (is_path) {
    return import_from_file(apex, flags.from, flags.from);
  }
  return read_provider(common, flags, apex, terminal);
}

}  // namespace

int run_import(const CommonFlags& common, const ImportFlags& flags, Terminal& terminal) {
  const auto apex = dns::Name::from_text(flags.zone);
  if (!apex) return usage_error(terminal, flags.zone + ": " + apex.error().detail);
  if (const auto why = why_wrong(common, flags)) return usage_error(terminal, *why);
  std::error_code error;
  if (flags.output != "-" && !flags.force && std::filesystem::exists(flags.output, error)) {
    return report_error(terminal,
                        {Errc::in_use, flags.output + ": is there already: --force replaces it"});
  }
  auto zone = read_zone(common, flags, *apex, terminal);
  if (!zone) return report_error(terminal, zone.error());
  return import_zone(common, flags, std::move(*zone), *apex, terminal);
}

}  // namespace taproot::server
