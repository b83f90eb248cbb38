#include "zonestore/sources/source_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

namespace fs = std::filesystem;

std::string words(int error) {
  return std::system_category().message(error);
}

std::string kind_of_file(mode_t mode) {
  if (S_ISDIR(mode)) return "is a directory";
  if (S_ISFIFO(mode)) return "is a FIFO";
  if (S_ISSOCK(mode)) return "is a socket";
  return "is a device";
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto [f, p] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  (void)p;
  return f == folder.end();
}

tl::unexpected<Error> outside() {
  return fail(Errc::refused, "lies outside of the zone file's folder");
}

/// Where the open file really is. Asked of the descriptor, not of the path again: that may be
/// something else by now.
Result<fs::path> path_of(int fd) {
  std::error_code error;
  auto path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  if (error) return fail(Errc::io, "cannot tell where it is: " + error.message());
  return path;
}

/// No file of people or programs has such a line: it is a hole, or no text at all.
constexpr std::size_t longest_line = std::size_t{64} << 20;

/// Tells as early as it can be told, so that rubbish does not cost the memory of a large zone.
class LineWatch {
 public:
  /// False once a line is too long.
  bool takes(std::string_view part) {
    const auto end = part.rfind('\n');
    octets_ = end == std::string_view::npos ? octets_ + part.size() : part.size() - end - 1;
    return octets_ <= longest_line;
  }

 private:
  std::size_t octets_ = 0;
};

/// Whether the file was written to since `before`: then what was read of it may be half of what
/// it is to be, and look whole.
bool is_changed(int fd, const struct stat& before, std::size_t octets_read) {
  struct stat after{};
  if (::fstat(fd, &after) != 0) return true;
  return static_cast<std::uint64_t>(after.st_size) != octets_read ||
         after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
         after.st_mtim.tv_nsec != before.st_mtim.tv_nsec;
}

struct Opened {
  OpenSourceFile file;
  struct stat status;
};

Result<Opened> open_and_look(const fs::path& path, std::size_t limit_octets,
                             const fs::path* inside) {
  if (inside != nullptr) {
    // Before anything is opened, because opening alone can do something to a device.
    std::error_code error;
    const auto would_be = fs::weakly_canonical(path, error);
    if (!error && !is_inside(would_be, *inside)) return outside();
  }
  // O_NONBLOCK: opening a FIFO without a writer must not wait for one.
  OpenSourceFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.descriptor() < 0) return fail(Errc::io, "cannot be opened: " + words(errno));
  struct stat status{};
  if (::fstat(file.descriptor(), &status) != 0) return fail(Errc::io, words(errno));
  if (inside != nullptr) {
    const auto real = path_of(file.descriptor());
    if (!real) return tl::unexpected(real.error());
    if (!is_inside(*real, *inside)) return outside();
  }
  if (!S_ISREG(status.st_mode)) return fail(Errc::io, kind_of_file(status.st_mode));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit_octets) {
    return fail(Errc::too_large, "has " + std::to_string(size) + " octets, more than the " +
                                     std::to_string(limit_octets) + " allowed");
  }
  return Opened{std::move(file), status};
}

Result<std::string> read_all(const OpenSourceFile& file, std::size_t expected, std::size_t limit) {
  LineWatch lines;
  std::string text;
  text.reserve(std::min(expected, limit));
  // One octet more than it has shows its end; most files are small, and very many.
  std::vector<char> chunk(std::min(expected + 1, std::size_t{256} << 10));
  for (;;) {
    const auto octets = file.read(chunk, text.size());
    if (!octets) return tl::unexpected(octets.error());
    if (*octets == 0) return text;
    if (*octets > limit - text.size()) {
      return fail(Errc::too_large, "is larger than " + std::to_string(limit) + " octets");
    }
    if (!lines.takes({chunk.data(), *octets})) {
      return fail(Errc::too_large,
                  "has a line of more than " + std::to_string(longest_line) + " octets");
    }
    text.append(chunk.data(), *octets);
  }
}

}  // namespace

OpenSourceFile::~OpenSourceFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> OpenSourceFile::read(std::span<char> room, std::uint64_t offset) const {
  std::size_t filled = 0;
  while (filled < room.size()) {
    const ssize_t got = ::pread(fd_, room.data() + filled, room.size() - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::io, "cannot be read: " + words(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<OpenSourceFile> open_source_file(const fs::path& path, std::size_t limit_octets,
                                        const fs::path* inside) {
  auto opened = open_and_look(path, limit_octets, inside);
  if (!opened) return tl::unexpected(opened.error());
  return std::move(opened->file);
}

Result<SourceFile> read_source_file(const fs::path& path, std::size_t limit_octets,
                                    const fs::path* inside) {
  auto opened = open_and_look(path, limit_octets, inside);
  if (!opened) return tl::unexpected(opened.error());
  auto text =
      read_all(opened->file, static_cast<std::size_t>(opened->status.st_size), limit_octets);
  if (!text) return tl::unexpected(text.error());
  if (is_changed(opened->file.descriptor(), opened->status, text->size())) {
    return fail(Errc::io, "was changed while it was read: write it aside and rename it");
  }
  return SourceFile{std::make_shared<const std::string>(std::move(*text)),
                    {opened->status.st_dev, opened->status.st_ino}};
}

}  // namespace taproot::zonestore
