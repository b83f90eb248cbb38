// How fast zone file text is cut and read, on one core. Not a test: built when asked for, with
// the release preset. Usage: load_bench FILE APEX
#include "zonestore/sources/fast_records.hpp"
#include "zonestore/sources/zone_pieces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <limits>

using namespace taproot;
using namespace taproot::zonestore;

namespace {

/// Of this process: what others do on the machine is not counted.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Run {
  double seconds = 0;
  std::uint64_t octets = 0;
  std::uint64_t pieces = 0;
  std::uint64_t records = 0;
  std::uint64_t largest = 0;
  bool plain = true;
};

Run run(const char* path, const dns::Name& apex, bool only_cut) {
  const double begin = cpu_seconds();
  auto reader = PieceReader::open(path, std::numeric_limits<std::size_t>::max()).value();
  Run run;
  PieceRecords records;
  records.end.origin = apex;
  while (const auto piece = reader.next().value()) {
    ++run.pieces;
    run.octets += piece->text.size();
    run.largest = std::max<std::uint64_t>(run.largest, piece->text.size());
    if (only_cut) continue;
    const ReadingContext start = records.end;
    if (!read_piece(apex, piece->text, start, records)) {
      run.plain = false;
      break;
    }
    run.records += records.records.size();
  }
  run.seconds = cpu_seconds() - begin;
  return run;
}

void show(const char* what, const Run& run) {
  fmt::print("{}: {:.3f} s of processor, {} pieces of {} octets, the largest of {}, {:.0f} MB/s",
             what, run.seconds, run.pieces, run.octets / std::max<std::uint64_t>(run.pieces, 1),
             run.largest, static_cast<double>(run.octets) / run.seconds / 1e6);
  if (run.records > 0) {
    fmt::print(", {} records, {:.1f} ns each", run.records,
               run.seconds * 1e9 / static_cast<double>(run.records));
  }
  fmt::print("{}\n", run.plain ? "" : ", not plain");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return EXIT_FAILURE;
  const auto apex = dns::Name::from_text(arguments[2]).value();
  for (int round = 0; round < 3; ++round) {
    show("cut", run(arguments[1], apex, true));
    show("read", run(arguments[1], apex, false));
  }
}
