#include "server/cli.hpp"
#include "server/serve.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  const bool is_refused = no_colour != nullptr && *no_colour != '\0';
  const bool is_dumb = kind != nullptr && std::string(kind) == "dumb";
  return ::isatty(STDOUT_FILENO) == 1 && !is_refused && !is_dumb;
}

}  // namespace

int main(int argc, char** argv) {
  using taproot::server::Terminal;
  Terminal terminal{std::cout, std::cerr};
  terminal.colour = wants_colour();
  terminal.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  terminal.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return taproot::server::run_command(arguments, terminal, taproot::server::run_daemon);
}
