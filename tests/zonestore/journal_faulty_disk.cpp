#include "journal_faulty_disk.hpp"

#include <cstring>
#include <fstream>
#include <map>
#include <string>

namespace samples {

/// Counts operations and says which of them fail.
struct FaultyDisk::State {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  std::size_t left = 0;  // operations until the one that fails; 0: none does
  Mode mode = Mode::once;
  int code = SQLITE_IOERR;
  bool reads = false;
  bool failed = false;
  std::map<std::filesystem::path, std::string> synced;  // what would outlive a power cut
  std::filesystem::path kept;                           // where it is too, if anywhere

  /// Whole or not at all: this process may be killed at any time.
  void keep(const std::filesystem::path& name, const std::string& content) const {
    if (kept.empty()) return;
    const auto aside = kept / (name.filename().string() + ".new");
    std::ofstream(aside, std::ios::binary) << content;
    std::filesystem::rename(aside, kept / name.filename());
  }
  void forget(const std::filesystem::path& name) {
    synced.erase(name);
    if (!kept.empty()) std::filesystem::remove(kept / name.filename());
  }

  bool fails_now() {
    if (failed) return mode == Mode::forever;
    if (left == 0 || --left > 0) return false;
    failed = true;
    return true;
  }
};

namespace {

using State = FaultyDisk::State;

/// SQLite allocates it: ours first, the real file behind it.
struct File {
  sqlite3_file base;
  State* state;
  const char* name;  // SQLite keeps it for as long as the file is open
  void* unused;      // keeps the size a multiple of the strictest alignment
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
static_assert(sizeof(File) % alignof(std::max_align_t) == 0);

File* file_of(sqlite3_file* file) {
  return reinterpret_cast<File*>(file);
}
sqlite3_file* real_of(sqlite3_file* file) {
  return file_of(file)->real();
}
const sqlite3_io_methods& methods_of(sqlite3_file* file) {
  return *real_of(file)->pMethods;
}

int close_file(sqlite3_file* file) {
  return methods_of(file).xClose(real_of(file));
}

int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  State& state = *file_of(file)->state;
  if (state.reads && state.fails_now()) return SQLITE_IOERR_READ;
  return methods_of(file).xRead(real_of(file), to, size, at);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  State& state = *file_of(file)->state;
  if (state.fails_now()) {
    if (state.mode == FaultyDisk::Mode::half) {
      (void)methods_of(file).xWrite(real_of(file), from, size / 2, at);
    }
    return state.code;
  }
  return methods_of(file).xWrite(real_of(file), from, size, at);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (file_of(file)->state->fails_now()) return SQLITE_IOERR_TRUNCATE;
  return methods_of(file).xTruncate(real_of(file), size);
}

int sync_file(sqlite3_file* file, int) {
  File& ours = *file_of(file);
  if (ours.state->fails_now()) return SQLITE_IOERR_FSYNC;
  sqlite3_int64 size = 0;
  if (ours.name == nullptr) return SQLITE_OK;
  if (methods_of(file).xFileSize(real_of(file), &size) != SQLITE_OK) return SQLITE_IOERR_FSYNC;
  std::string content(static_cast<std::size_t>(size), '\0');
  const int code = methods_of(file).xRead(real_of(file), content.data(), static_cast<int>(size), 0);
  if (code != SQLITE_OK) return SQLITE_IOERR_FSYNC;
  ours.state->keep(ours.name, content);
  ours.state->synced[ours.name] = std::move(content);
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return methods_of(file).xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return methods_of(file).xLock(real_of(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return methods_of(file).xUnlock(real_of(file), level);
}
int is_locked(sqlite3_file* file, int* result) {
  return methods_of(file).xCheckReservedLock(real_of(file), result);
}
int control_file(sqlite3_file* file, int what, void* value) {
  return methods_of(file).xFileControl(real_of(file), what, value);
}
int sector_size(sqlite3_file* file) {
  return methods_of(file).xSectorSize(real_of(file));
}
int characteristics(sqlite3_file* file) {
  return methods_of(file).xDeviceCharacteristics(real_of(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  if (file_of(file)->state->fails_now()) return SQLITE_IOERR_SHMSIZE;
  return methods_of(file).xShmMap(real_of(file), page, size, extend, at);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return methods_of(file).xShmLock(real_of(file), offset, count, flags);
}
void barrier(sqlite3_file* file) {
  methods_of(file).xShmBarrier(real_of(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
  return methods_of(file).xShmUnmap(real_of(file), remove);
}

const sqlite3_io_methods methods = {2,
                                    close_file,
                                    read_file,
                                    write_file,
                                    truncate_file,
                                    sync_file,
                                    file_size,
                                    lock_file,
                                    unlock_file,
                                    is_locked,
                                    control_file,
                                    sector_size,
                                    characteristics,
                                    map_shared,
                                    lock_shared,
                                    barrier,
                                    unmap_shared,
                                    nullptr,
                                    nullptr};

State& state_of(sqlite3_vfs* vfs) {
  return *static_cast<State*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  State& state = state_of(vfs);
  File* ours = file_of(file);
  ours->base.pMethods = nullptr;
  ours->state = &state;
  ours->name = name;
  if (state.reads && state.fails_now()) return SQLITE_CANTOPEN;
  std::memset(static_cast<void*>(ours->real()), 0, static_cast<std::size_t>(state.real->szOsFile));
  const int code = state.real->xOpen(state.real, name, ours->real(), flags, out);
  if (ours->real()->pMethods != nullptr) ours->base.pMethods = &methods;
  return code;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync) {
  State& state = state_of(vfs);
  if (state.fails_now()) return SQLITE_IOERR_DELETE;
  if (sync != 0) state.forget(name);
  return state.real->xDelete(state.real, name, sync);
}

int access_file(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  State& state = state_of(vfs);
  return state.real->xAccess(state.real, name, flags, result);
}

int full_path(sqlite3_vfs* vfs, const char* name, int size, char* to) {
  State& state = state_of(vfs);
  return state.real->xFullPathname(state.real, name, size, to);
}

}  // namespace

FaultyDisk::FaultyDisk() : state_(std::make_unique<State>()) {
  sqlite3_initialize();
  state_->real = sqlite3_vfs_find(nullptr);
  state_->vfs = *state_->real;
  state_->vfs.zName = "faulty";
  state_->vfs.pNext = nullptr;
  state_->vfs.pAppData = state_.get();
  state_->vfs.szOsFile = state_->real->szOsFile + static_cast<int>(sizeof(File));
  state_->vfs.xOpen = open_file;
  state_->vfs.xDelete = delete_file;
  state_->vfs.xAccess = access_file;
  state_->vfs.xFullPathname = full_path;
  sqlite3_vfs_register(&state_->vfs, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&state_->vfs);
  sqlite3_vfs_register(state_->real, 1);
}

void FaultyDisk::fail_at(std::size_t n, Mode mode, int code, bool reads) {
  state_->left = n;
  state_->mode = mode;
  state_->code = code;
  state_->reads = reads;
  state_->failed = false;
}

void FaultyDisk::power_cut(const std::filesystem::path& from,
                           const std::filesystem::path& to) const {
  for (const auto& [path, content] : state_->synced) {
    if (path.parent_path() != from) continue;
    std::ofstream(to / path.filename(), std::ios::binary) << content;
  }
}

void FaultyDisk::keep_synced_in(const std::filesystem::path& folder) {
  state_->kept = folder;
}

bool FaultyDisk::failed() const {
  return state_->failed;
}

}  // namespace samples
