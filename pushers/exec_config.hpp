#pragma once

#include "pushers/capabilities.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace taproot::pushers {

/// A program that speaks with a provider for us, and what it said that it can do.
struct ExecConfig {
  std::vector<std::string> command;  ///< the program and its arguments; no shell reads them
  std::chrono::milliseconds timeout = std::chrono::seconds(60);  ///< of each run
  bool looks = false;                                            ///< it knows the operation `look`
  Capabilities capabilities;

  friend bool operator==(const ExecConfig&, const ExecConfig&) = default;
};

/// What a program can do that says nothing of it: the types that everybody has, one change a run.
Capabilities exec_capabilities();

}  // namespace taproot::pushers
