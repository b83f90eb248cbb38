// taproot whose state lies on a simulated disk: TAPROOT_SYNCED_FOLDER has what was synced of it,
// which is all that a power cut would leave. For tests/peers/power_cut_test.py.

#include "../zonestore/journal_faulty_disk.hpp"
#include "server/cli.hpp"
#include "server/serve.hpp"

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  using namespace taproot;
  samples::FaultyDisk disk;
  if (const char* folder = std::getenv("TAPROOT_SYNCED_FOLDER")) disk.keep_synced_in(folder);
  server::Terminal terminal{std::cout, std::cerr};
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return server::run_command(arguments, terminal, server::run_daemon);
}
