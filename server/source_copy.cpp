#include "server/source_copy.hpp"

#include "server/remote_proof.hpp"
#include "zonestore/sources/source_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace taproot::server {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using std::chrono::milliseconds;
using Wall = std::chrono::system_clock::time_point;

/// The first line, with all that is not text.
constexpr std::size_t max_head_octets = std::size_t{64} << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string words(int error) {
  return std::generic_category().message(error);
}

std::string head_of(const CopyInfo& info) {
  const auto fetched =
      std::chrono::duration_cast<milliseconds>(info.fetched.time_since_epoch()).count();
  const Json head = {{"etag", info.validators.etag},
                     {"last_modified", info.validators.last_modified},
                     {"fetched_ms", fetched},
                     {"sha256", info.sha256}};
  // A validator is any octets: what is not UTF-8 must not throw, and a wrong one only costs a
  // download.
  return head.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

Result<CopyInfo> info_in(std::string_view head) {
  const auto json = Json::parse(head, nullptr, false);
  CopyInfo info;
  const auto text = [&](const char* key, std::string& value) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    if (!json.is_object() || found == json.end() || !found->is_string()) return false;
    value = found->get<std::string>();
    return true;
  };
  const bool is_whole = text("etag", info.validators.etag) &&
                        text("last_modified", info.validators.last_modified) &&
                        text("sha256", info.sha256) && json.contains("fetched_ms") &&
                        json["fetched_ms"].is_number_integer();
  if (!is_whole) return fail(Errc::bad_text, "is damaged");
  info.fetched = Wall(milliseconds(json["fetched_ms"].get<std::int64_t>()));
  return info;
}

bool write_all(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Wall changed(const fs::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  return std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec) +
         std::chrono::duration_cast<Wall::duration>(
             std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

}  // namespace

Result<void> write_copy(const fs::path& file, const CopyInfo& info, const std::string& text) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  ::chmod(file.parent_path().c_str(), 0700);  // documents may be private
  const fs::path beside = file.string() + ".tmp";
  {
    const Descriptor fd(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.get() < 0 || !write_all(fd.get(), head_of(info)) || !write_all(fd.get(), text) ||
        ::fsync(fd.get()) != 0) {
      const int why = errno;
      ::unlink(beside.c_str());
      return fail(Errc::io, words(why));
    }
  }
  if (::rename(beside.c_str(), file.c_str()) != 0) {
    const int why = errno;
    ::unlink(beside.c_str());
    return fail(Errc::io, words(why));
  }
  sync_folder(file.parent_path());
  return {};
}

Result<SourceCopy> read_copy(const fs::path& file, std::size_t max_octets) {
  std::error_code error;
  if (!fs::exists(file, error)) return fail(Errc::not_found, "there is no copy");
  const auto read = zonestore::read_source_file(file, max_octets + max_head_octets);
  if (!read) return tl::unexpected(read.error());
  const std::string& all = *read->text;
  const auto end = all.find('\n');
  if (end == std::string::npos || end > max_head_octets) return fail(Errc::bad_text, "is damaged");
  auto info = info_in(std::string_view(all).substr(0, end));
  if (!info) return tl::unexpected(info.error());
  const auto text = std::string_view(all).substr(end + 1);
  if (sha256_of(text) != info->sha256) return fail(Errc::bad_text, "is damaged");
  SourceCopy copy;
  copy.confirmed = std::max(info->fetched, changed(file));
  copy.info = std::move(*info);
  copy.text = std::make_shared<const std::string>(text);
  return copy;
}

void confirm_copy(const fs::path& file, Wall when) noexcept {
  const auto since = when.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  timespec time{};
  time.tv_sec = seconds.count();
  time.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count();
  const timespec times[2] = {time, time};
  ::utimensat(AT_FDCWD, file.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void sync_folder(const fs::path& folder) noexcept {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());
}

}  // namespace taproot::server
