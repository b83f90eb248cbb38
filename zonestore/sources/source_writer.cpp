#include "zonestore/sources/source_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace taproot::zonestore {

namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> failure(const fs::path& file, const char* what) {
  const int error = errno;
  return fail(Errc::io, file.string() + ": " + what + ": " + std::system_category().message(error));
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileStamp stamp_from(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

Result<void> write_all(int fd, std::string_view text, const fs::path& file) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure(file, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// Everything that is to be in the new file: its text, then its owner and mode, then on disk.
Result<void> fill(int fd, std::string_view text, const struct stat& old, const fs::path& file) {
  if (auto written = write_all(fd, text, file); !written) return written;
  if ((old.st_uid != ::geteuid() || old.st_gid != ::getegid()) &&
      ::fchown(fd, old.st_uid, old.st_gid) != 0) {
    return fail(Errc::refused, file.string() +
                                   ": belongs to somebody else, which would not stay so: let "
                                   "taproot's user own it");
  }
  if (::fchmod(fd, old.st_mode & 07777) != 0) return failure(file, "its mode cannot be kept");
  if (::fsync(fd) != 0) return failure(file, "cannot be written to disk");
  return {};
}

}  // namespace

Result<FileStamp> stamp_of(const fs::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return failure(file, "cannot be looked at");
  return stamp_from(status);
}

Result<FileReplacement> FileReplacement::prepare(const fs::path& file, std::string_view text,
                                                 const FileStamp& stamp) {
  struct stat old{};
  if (::lstat(file.c_str(), &old) != 0) return failure(file, "cannot be looked at");
  if (!S_ISREG(old.st_mode)) return fail(Errc::refused, file.string() + ": is no regular file");
  if (old.st_nlink > 1) {
    return fail(Errc::refused, file.string() +
                                   ": has other names (hard links), which would keep "
                                   "the old text: make the change by hand");
  }
  std::string name = (file.parent_path() / ("." + file.filename().string() + ".XXXXXX")).string();
  const Descriptor beside(::mkostemp(name.data(), O_CLOEXEC));
  if (beside.get() < 0) return failure(file, "no new file can be made beside it");
  FileReplacement replacement(file, name, stamp);
  if (auto filled = fill(beside.get(), text, old, file); !filled) {
    return tl::unexpected(filled.error());
  }
  return replacement;
}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : file_(std::move(other.file_)),
      beside_(std::exchange(other.beside_, fs::path())),
      stamp_(other.stamp_) {}

FileReplacement::~FileReplacement() {
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

Result<void> FileReplacement::put() {
  const auto now = stamp_of(file_);
  if (!now) return tl::unexpected(now.error());
  if (*now != stamp_) {
    return fail(Errc::conflict,
                file_.string() + ": somebody has changed it meanwhile, so it was left alone");
  }
  if (::rename(beside_.c_str(), file_.c_str()) != 0) return failure(file_, "cannot be replaced");
  beside_.clear();
  const Descriptor folder(::open(file_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
    return failure(file_, "its folder cannot be written to disk");
  }
  return {};
}

}  // namespace taproot::zonestore
