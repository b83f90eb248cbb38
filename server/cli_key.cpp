#include "server/cli_verbs.hpp"

#include "dns/tsig.hpp"
#include "server/reports_json.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <system_error>

namespace taproot::server {

namespace {

Result<std::string> random_base64(std::size_t count) {
  std::array<std::uint8_t, 64> octets{};
  if (RAND_bytes(octets.data(), static_cast<int>(count)) != 1) {
    return fail(Errc::io, "the system gives no random octets");
  }
  auto text = dns::base64_encode(Octets(octets).first(count));
  OPENSSL_cleanse(octets.data(), octets.size());
  return text;
}

/// Writes a new file of mode 0600; one that is there already stays as it is.
Result<void> write_new(const std::filesystem::path& file, const std::string& text) {
  std::error_code error;
  if (file.has_parent_path() && !std::filesystem::exists(file.parent_path(), error)) {
    std::filesystem::create_directories(file.parent_path(), error);
    ::chmod(file.parent_path().c_str(), 0700);
  }
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) {
    return fail(Errc::in_use, file.string() + ": is there already: remove it first, or name " +
                                  "another with --file");
  }
  const auto reason = [] { return std::generic_category().message(errno); };
  if (fd < 0) return fail(Errc::io, file.string() + ": cannot be made: " + reason());
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  const auto why = written ? std::string() : reason();
  ::close(fd);
  if (!written) return fail(Errc::io, file.string() + ": cannot be written: " + why);
  return {};
}

/// What to put where, for everyone who may be at the other end.
std::string lines_for_all(const std::string& name, const std::string& algorithm,
                          const std::string& secret, const std::string& file) {
  const std::string bare = name.size() > 1 ? name.substr(0, name.size() - 1) : name;
  return "# taproot.yaml (the key is in " + file + ", mode 0600)\nkeys:\n  - {name: " + name +
         ", algorithm: " + algorithm + ", secret-file: " + file +
         "}\n# at the provider: key: " + name + ", or while it replaces an old one, key: [" + name +
         ", OLD]\n# (docs/transfers.md has the steps)\n\n# BIND: named.conf\nkey \"" + name +
         "\" {\n    algorithm " + algorithm + ";\n    secret \"" + secret +
         "\";\n};\n\n# Knot DNS: knot.conf\nkey:\n  - id: " + name +
         "\n    algorithm: " + algorithm + "\n    secret: " + secret +
         "\n\n# NSD: nsd.conf\nkey:\n    name: \"" + bare + "\"\n    algorithm: " + algorithm +
         "\n    secret: \"" + secret + "\"\n\n# PowerDNS\npdnsutil import-tsig-key " + bare + " " +
         algorithm + " '" + secret + "'\npdnsutil activate-tsig-key ZONE " + bare + " secondary\n";
}

std::string default_file(const std::string& name) {
  return "keys/" + (name.size() > 1 ? name.substr(0, name.size() - 1) : std::string("root"));
}

}  // namespace

int run_key_generate(const CommonFlags& common, const KeyFlags& flags, Terminal& terminal) {
  const auto name = dns::Name::from_text(flags.name);
  if (!name || flags.name.find('/') != std::string::npos) {
    return usage_error(terminal, flags.name + ": a key's name is a domain name: xfr.example.net.");
  }
  const auto algorithm = dns::tsig_algorithm_from_text(flags.algorithm);
  if (!algorithm) {
    return usage_error(terminal, "--algorithm " + flags.algorithm +
                                     ": write hmac-sha256, hmac-sha512, hmac-sha384 or "
                                     "hmac-sha224");
  }
  // As long as the hash, as RFC 8945 section 9 recommends.
  const auto secret = random_base64(dns::mac_size(*algorithm));
  if (!secret) return report_error(terminal, secret.error());
  const auto text = name->lowered().to_text();
  const auto word = dns::to_text(*algorithm);
  const auto algorithm_text = word.ends_with('.') ? word.substr(0, word.size() - 1) : word;
  const auto file = flags.file.value_or(default_file(text));
  const auto written = write_new(file, text + ":" + algorithm_text + ":" + *secret + "\n");
  if (!written) return report_error(terminal, written.error());
  if (common.json) {
    const nlohmann::ordered_json json{
        {"name", text}, {"algorithm", algorithm_text}, {"file", file}};
    terminal.out << json.dump(2) << "\n";
  } else {
    terminal.out << lines_for_all(text, algorithm_text, *secret, file);
  }
  return static_cast<int>(Exit::done);
}

}  // namespace taproot::server
