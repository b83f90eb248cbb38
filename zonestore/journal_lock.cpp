#include "zonestore/journal_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace taproot::zonestore {

namespace {

tl::unexpected<Error> fail_errno(const std::filesystem::path& path, const std::string& doing) {
  return fail(Errc::io,
              path.string() + ": " + doing + ": " + std::generic_category().message(errno));
}

/// So that a new entry of the folder is there after a power cut. Best effort: some file systems
/// cannot sync a folder, and those that lose entries can.
void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)::fsync(descriptor);
  ::close(descriptor);
}

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const auto size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string pid;
  for (std::size_t i = 0; size > 0 && i < static_cast<std::size_t>(size); ++i) {
    if (text[i] < '0' || text[i] > '9') break;
    pid += text[i];
  }
  return pid.empty() ? "another process" : "process " + pid;
}

/// Only words for the next one who asks: the lock itself does not depend on it, so a full disk
/// is no reason to fail.
void write_holder(int descriptor) {
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) == 0) (void)!::pwrite(descriptor, pid.data(), pid.size(), 0);
}

}  // namespace

Result<void> make_state_folder(const std::filesystem::path& folder) {
  std::error_code code;
  if (std::filesystem::is_directory(folder, code)) return {};
  const auto above = std::filesystem::absolute(folder, code).parent_path();
  if (!code) std::filesystem::create_directories(above, code);
  if (code) return fail(Errc::io, above.string() + ": cannot make the folder: " + code.message());
  if (::mkdir(folder.c_str(), 0700) != 0) return fail_errno(folder, "cannot make the folder");
  sync_folder(above);
  return {};
}

Result<void> make_private_file(const std::filesystem::path& file) {
  // Never opened if it exists: closing it would drop the locks that SQLite holds on it for this
  // process (fcntl(2) belongs to the process, not to the descriptor).
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    ::close(descriptor);
    sync_folder(file.parent_path());
    return {};
  }
  if (errno != EEXIST) return fail_errno(file, "cannot make the file");
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return fail_errno(file, "cannot look at the file");
  if (!S_ISREG(info.st_mode)) return fail(Errc::io, file.string() + ": is not a regular file");
  if ((info.st_mode & 07777) != 0600 && ::chmod(file.c_str(), 0600) != 0) {
    return fail_errno(file, "cannot make it private (mode 0600)");
  }
  return {};
}

Result<std::unique_ptr<FolderLock>> FolderLock::take(const std::filesystem::path& folder) {
  const auto file = folder / "lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail_errno(file, "cannot open the lock");
  auto lock = std::unique_ptr<FolderLock>(new FolderLock(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(file, "cannot lock");
    return fail(Errc::in_use, folder.string() + ": in use by " + holder_of(descriptor) +
                                  ": stop it, or choose another state folder");
  }
  write_holder(descriptor);
  return lock;
}

FolderLock::~FolderLock() {
  ::close(descriptor_);
}

}  // namespace taproot::zonestore
