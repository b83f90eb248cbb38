#pragma once

#include "server/cli.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace taproot::server {

/// What every verb takes.
struct CommonFlags {
  std::optional<std::string> config;
  std::optional<std::string> state;    ///< of a taproot without a configuration file
  std::optional<std::string> control;  ///< where it is spoken to
  bool json = false;
};

struct CheckFlags {
  std::vector<std::string> files;
  std::vector<std::string> zones;  ///< NAME=FILE
  bool strict = false;
  std::string format = "text";  ///< or "json" or "sarif"
  bool rules = false;           ///< list the rules, and check nothing
  bool no_external = false;     ///< leave the operator's own commands out
};

struct ApplyFlags {
  std::vector<std::string> zones;
  std::optional<std::string> plan;
  std::optional<std::string> force;
  std::string why;
  bool wait = false;
  std::uint64_t timeout_seconds = 300;
};

struct RollbackFlags {
  std::string zone;
  std::optional<std::string> to;
  std::string why;
};

struct ReloadFlags {
  std::vector<std::string> zones;
  std::optional<std::string> force;
  std::string why;
};

struct SerialFlags {
  std::string zone;
  bool above_secondaries = false;
  std::string why;
};

struct DropFlags {
  std::string zone;
  std::string why;
};

struct EditFlags {
  std::string zone;
  std::vector<std::string> put;     ///< "www 300 A 192.0.2.1"
  std::vector<std::string> add;     ///< the same
  std::vector<std::string> remove;  ///< "www A 192.0.2.1"
  std::vector<std::string> drop;    ///< "www A" or "www"
  std::optional<std::string> file;  ///< {"changes": […]} or the list alone; "-" is standard input
  std::optional<std::uint64_t> based_on;
  std::string why;
  bool write_back = false;
  bool discard = false;
  bool dry_run = false;
};

struct KeyFlags {
  std::string name;
  std::string algorithm = "hmac-sha256";
  std::optional<std::string> file;
};

struct ImportFlags {
  std::string zone;
  /// A file, axfr://HOST[:PORT], axfr+tls://HOST[:PORT], or a provider's name.
  std::string from;
  std::string output = "-";  ///< standard output
  std::string format = "yaml";
  std::optional<std::string> key;  ///< NAME:ALGORITHM:BASE64, or the file that has it
  /// For axfr+tls: the name in the server's certificate, who vouches for it, its key's pins, and
  /// the files that show who we are.
  std::optional<std::string> tls_hostname;
  std::optional<std::string> tls_ca;
  std::vector<std::string> tls_pins;
  std::optional<std::string> tls_certificate;
  std::optional<std::string> tls_key;
  bool force = false;
  bool keep_serial = false;
  bool keep_dnssec = false;
  std::uint64_t timeout_seconds = 300;
};

struct ProviderFlags {
  std::string name;
  std::vector<std::string> zones;
  std::string why;
  std::uint64_t timeout_seconds = 60;
};

/// The configuration file that was named, or the first of the usual ones that is there.
std::optional<std::filesystem::path> find_config(const CommonFlags& common);

/// One line, "taproot: what, where: how to mend"; control characters do not reach the terminal.
int report_error(Terminal& terminal, const Error& error);
int usage_error(Terminal& terminal, const std::string& text);

// One function per verb, each returns the exit code.

int run_serve(const CommonFlags& common, const ServeFlags& flags, Terminal& terminal,
              const std::function<int(Config, Reread)>& serve);
int run_check(const CommonFlags& common, const CheckFlags& flags, Terminal& terminal);
int run_status(const CommonFlags& common, const std::vector<std::string>& zones, bool watch,
               Terminal& terminal);
int run_plan(const CommonFlags& common, const std::vector<std::string>& zones, bool markdown,
             Terminal& terminal);
int run_apply(const CommonFlags& common, const ApplyFlags& flags, Terminal& terminal);
int run_verify(const CommonFlags& common, const std::vector<std::string>& zones,
               Terminal& terminal);
int run_history(const CommonFlags& common, const std::string& zone, std::uint64_t limit,
                Terminal& terminal);
int run_show(const CommonFlags& common, const std::string& zone,
             const std::optional<std::string>& at, Terminal& terminal);
int run_diff(const CommonFlags& common, const std::string& zone, const std::string& a,
             const std::optional<std::string>& b, Terminal& terminal);
int run_rollback(const CommonFlags& common, const RollbackFlags& flags, Terminal& terminal);
int run_edit(const CommonFlags& common, const EditFlags& flags, Terminal& terminal);
int run_serial(const CommonFlags& common, const SerialFlags& flags, Terminal& terminal);
int run_drop(const CommonFlags& common, const DropFlags& flags, Terminal& terminal);
int run_reload(const CommonFlags& common, const ReloadFlags& flags, Terminal& terminal);
int run_notify(const CommonFlags& common, const std::vector<std::string>& zones,
               Terminal& terminal);
int run_import(const CommonFlags& common, const ImportFlags& flags, Terminal& terminal);
int run_provider_list(const CommonFlags& common, Terminal& terminal);
int run_provider_test(const CommonFlags& common, const ProviderFlags& flags, Terminal& terminal);
int run_provider_zones(const CommonFlags& common, const ProviderFlags& flags, Terminal& terminal);
int run_provider_capabilities(const CommonFlags& common, const ProviderFlags& flags,
                              Terminal& terminal);
int run_provider_hold(const CommonFlags& common, const ProviderFlags& flags, bool hold,
                      Terminal& terminal);
int run_key_generate(const CommonFlags& common, const KeyFlags& flags, Terminal& terminal);

}  // namespace taproot::server
