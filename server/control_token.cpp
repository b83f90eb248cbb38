#include "server/control_token.hpp"

#include "dns/octets.hpp"
#include "dns/tsig.hpp"
#include "server/config_secret.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace taproot::server {

namespace {

constexpr std::size_t token_octets = 32;
constexpr std::size_t least_token_size = 32;  ///< characters; ours have 43

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// Writes the file whole or not at all: a start that is cut off must not leave half a token.
Result<void> write_new(const std::filesystem::path& file, const Secret& token) {
  const auto beside = file.string() + ".new";
  ::unlink(beside.c_str());  // of a start that was cut off; what matters is told by open()
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(Errc::io, file.string() + ": cannot be made: " + reason(errno));
  const auto text = token.reveal();
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::write(fd, "\n", 1) == 1 && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!written || ::rename(beside.c_str(), file.c_str()) != 0) {
    const int why = written ? errno : error;
    ::unlink(beside.c_str());
    return fail(Errc::io, file.string() + ": cannot be written: " + reason(why));
  }
  return {};
}

}  // namespace

Result<Secret> read_token(const std::filesystem::path& file) {
  auto read = read_secret_file(file);
  if (!read) return fail_in(file.string(), read.error());
  if (read->exposed) {
    return fail(Errc::refused,
                file.string() + ": others can read this token: chmod 600 " + file.string());
  }
  if (read->secret.reveal().size() < least_token_size) {
    return fail(Errc::bad_text, file.string() +
                                    ": this is not a whole token: remove the file and restart "
                                    "taproot, which makes a new one");
  }
  return std::move(read->secret);
}

Result<Secret> make_token() {
  std::array<std::uint8_t, token_octets> octets{};
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) {
    return fail(Errc::io, "the system gives no random octets");
  }
  std::string text = dns::base64_encode(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return Secret(std::move(text));
}

Result<Secret> read_or_make_token(const std::filesystem::path& file) {
  auto token = read_token(file);
  if (token || token.error().code != Errc::not_found) return token;
  token = make_token();
  if (!token) return token;
  const auto written = write_new(file, *token);
  if (!written) return tl::unexpected(written.error());
  return token;
}

}  // namespace taproot::server
