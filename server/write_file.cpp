#include "server/write_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>

namespace taproot::server {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(const fs::path& file, const char* what) {
  return fail(Errc::io,
              file.string() + ": " + what + ": " + std::generic_category().message(errno));
}

/// A new file in the folder of the one that is meant. It goes when it was not put in place.
class Draft {
 public:
  explicit Draft(const fs::path& file) : path_(file.string() + ".XXXXXX") {
    fd_ = ::mkostemp(path_.data(), O_CLOEXEC);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    const bool made = fd_ >= 0;
    if (made) ::close(fd_);
    if (made && !placed_) ::unlink(path_.c_str());
  }

  bool is_open() const { return fd_ >= 0; }
  bool set_mode(mode_t mode) { return ::fchmod(fd_, mode) == 0; }

  bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::fsync(fd_) == 0;
  }

  /// Without `replace` a file that has come meanwhile makes it fail with EEXIST.
  bool place(const fs::path& file, Replace replace) {
    if (replace == Replace::no) return ::link(path_.c_str(), file.c_str()) == 0;
    placed_ = ::rename(path_.c_str(), file.c_str()) == 0;
    return placed_;
  }

 private:
  std::string path_;
  int fd_ = -1;
  bool placed_ = false;
};

mode_t usual_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

bool sync_folder(const fs::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

}  // namespace

Result<void> write_whole_file(const fs::path& named, std::string_view text, Replace replace) {
  std::error_code error;
  auto file = replace == Replace::yes ? fs::canonical(named, error) : named;
  if (error) file = named;  // it is not there yet
  struct stat status{};
  const bool exists = ::lstat(file.c_str(), &status) == 0;
  const auto in_use = [&] { return fail(Errc::in_use, named.string() + ": is there already"); };
  if (exists && replace == Replace::no) return in_use();
  if (exists && !S_ISREG(status.st_mode)) {
    return fail(Errc::io, named.string() + ": is not a regular file");
  }
  Draft draft(file);
  if (!draft.is_open()) return failed(named, "cannot be made");
  if (!draft.set_mode(exists ? status.st_mode & 07777 : usual_mode()) || !draft.write(text)) {
    return failed(named, "cannot be written");
  }
  if (!draft.place(file, replace)) {
    if (errno == EEXIST) return in_use();
    return failed(named, "cannot be put in place");
  }
  if (!sync_folder(file)) return failed(named, "its folder cannot be synced");
  return {};
}

}  // namespace taproot::server
