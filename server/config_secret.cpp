#include "server/config_secret.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>

extern char** environ;

namespace taproot::server {

namespace {

constexpr std::size_t max_secret_octets = std::size_t{64} << 10;
constexpr std::chrono::seconds max_command_time{10};
constexpr std::string_view blanks = " \t\r\n";

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// A file descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Everything until the end, or what went wrong; waits for more until `deadline`, if there is one.
Result<Secret> read_all(int fd,
                        std::optional<std::chrono::steady_clock::time_point> deadline = {}) {
  std::string all;
  std::array<char, 4096> part{};
  for (;;) {
    if (deadline) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          *deadline - std::chrono::steady_clock::now());
      pollfd waiting{fd, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0) {
        return fail(Errc::timed_out, "gave no end within 10 s");
      }
    }
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::io, reason(errno));
    if (got == 0) break;
    if (static_cast<std::size_t>(got) > max_secret_octets - all.size()) {
      return fail(Errc::too_large, "is longer than 64 KiB");
    }
    all.append(part.data(), static_cast<std::size_t>(got));
  }
  Secret whole(std::move(all));
  return Secret(std::string(trimmed(whole.reveal())));
}

/// Starts /bin/sh -c with its output to `output`, in a process group of its own.
Result<pid_t> start_shell(const std::string& command, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::string shell = "sh";
  std::string flag = "-c";
  std::string line = command;
  std::array<char*, 4> arguments{shell.data(), flag.data(), line.data(), nullptr};
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(Errc::io, "cannot be started: " + reason(error));
  return child;
}

/// The exit status of a child that has ended or is made to end.
int end_of(pid_t child, bool kill) {
  if (kill) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Result<Secret> run_shell(const std::string& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Errc::io, reason(errno));
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  const auto child = start_shell(command, theirs.get());
  theirs.close();
  if (!child) return tl::unexpected(child.error());
  auto output = read_all(ours.get(), std::chrono::steady_clock::now() + max_command_time);
  const int status = end_of(*child, !output.has_value());
  if (!output) return output;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Errc::io, WIFEXITED(status)
                              ? "ended with exit code " + std::to_string(WEXITSTATUS(status))
                              : "was ended by a signal");
  }
  return output;
}

/// The word after `keyword` in BIND's key statement, without quotes.
std::optional<std::string_view> bind_word(std::string_view text, std::string_view keyword) {
  const auto at = text.find(keyword);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + keyword.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n\""), text.size()));
  return text.substr(0, text.find_first_of(" \t\r\n\";{"));
}

/// A TSIG key as its file has it: what is not there is nothing.
struct WrittenKey {
  std::optional<dns::Name> name;
  std::optional<dns::TsigAlgorithm> algorithm;
  Secret secret;  ///< octets
};

Result<WrittenKey> written_key_from_bind(std::string_view text) {
  const auto name = bind_word(text, "key");
  const auto algorithm = bind_word(text, "algorithm");
  const auto secret = bind_word(text, "secret");
  if (!name || !algorithm || !secret) {
    return fail(Errc::bad_text, "is not a whole key statement (key, algorithm, secret)");
  }
  const auto key = dns::TsigKey::from_text(
      std::string(*name) + ":" + std::string(*algorithm) + ":" + std::string(*secret),
      dns::WeakAlgorithms::allowed);
  if (!key) return tl::unexpected(key.error());
  return WrittenKey{key->name, key->algorithm, key->secret};
}

Result<WrittenKey> written_key(std::string_view text) {
  if (text.starts_with("key") && text.find('{') != std::string_view::npos) {
    return written_key_from_bind(text);
  }
  if (text.find(':') != std::string_view::npos) {
    auto key = dns::TsigKey::from_text(text, dns::WeakAlgorithms::allowed);
    if (!key) return tl::unexpected(key.error());
    return WrittenKey{key->name, key->algorithm, std::move(key->secret)};
  }
  auto octets = dns::base64_decode(text);
  if (!octets) return fail(Errc::bad_text, "is not base64");
  return WrittenKey{std::nullopt, std::nullopt, Secret(std::move(*octets))};
}

}  // namespace

Result<SecretRead> read_secret_file(const std::filesystem::path& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) {
    const int error = errno;
    return fail(error == ENOENT ? Errc::not_found : Errc::io, reason(error));
  }
  if (!S_ISREG(status.st_mode)) return fail(Errc::io, "is not a file");
  auto secret = read_all(opened.get());
  if (!secret) return tl::unexpected(secret.error());
  return SecretRead{std::move(*secret), (status.st_mode & 077u) != 0};
}

bool is_secret_reference(std::string_view text) {
  return text.starts_with("env:") || text.starts_with("exec:");
}

Result<Secret> follow_secret_reference(std::string_view text, const ConfigWorld& world) {
  if (text.starts_with("env:")) {
    const std::string name(text.substr(4));
    const auto value = world.environment(name);
    if (!value) {
      return fail(Errc::not_found, "the environment variable " + name + " is not set");
    }
    return Secret(std::string(trimmed(*value)));
  }
  auto output = world.run(std::string(trimmed(text.substr(5))));
  if (!output) return fail(output.error().code, "the command " + output.error().detail);
  return output;
}

Result<Secret> tsig_secret_from_text(const Secret& text, const dns::Name& name,
                                     dns::TsigAlgorithm algorithm) {
  auto key = written_key(trimmed(text.reveal()));
  if (!key) return tl::unexpected(key.error());
  if (key->name && !(*key->name == name)) {
    return fail(Errc::conflict, "holds the key " + key->name->to_text());
  }
  if (key->algorithm && *key->algorithm != algorithm) {
    return fail(Errc::conflict, "holds a key for " + to_text(*key->algorithm));
  }
  if (key->secret.empty()) return fail(Errc::bad_text, "is empty");
  return std::move(key->secret);
}

ConfigWorld ConfigWorld::real() {
  ConfigWorld world;
  world.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  world.run = run_shell;
  return world;
}

Result<dns::TsigKey> tsig_key_from_text(const Secret& text) {
  auto key = written_key(text.reveal());
  if (!key) return tl::unexpected(key.error());
  if (!key->name || !key->algorithm) {
    return fail(Errc::bad_text, "has no name and algorithm: write NAME:ALGORITHM:BASE64");
  }
  if (dns::is_weak(*key->algorithm)) {
    return fail(Errc::bad_text, "is for " + to_text(*key->algorithm) + ", which is too weak");
  }
  return dns::TsigKey{std::move(*key->name), *key->algorithm, std::move(key->secret)};
}

}  // namespace taproot::server
