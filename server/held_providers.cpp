#include "server/held_providers.hpp"

#include "server/write_file.hpp"

#include <spdlog/spdlog.h>

#include <fstream>
#include <system_error>

namespace taproot::server {

HeldProviders::HeldProviders(const std::filesystem::path& state) : file_(state / "held-providers") {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return;
  std::ifstream lines(file_);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) names_.insert(line);
  }
  if (!lines.eof()) spdlog::error("{}: cannot be read: no provider is held", file_.string());
}

Result<void> HeldProviders::set(const std::string& provider, bool held) {
  auto names = names_;
  if (held) {
    names.insert(provider);
  } else {
    names.erase(provider);
  }
  std::string text;
  for (const auto& name : names) text += name + "\n";
  auto written = write_whole_file(file_, text, Replace::yes);
  if (written) names_ = std::move(names);
  return written;
}

void HeldProviders::apply(Config& config) const {
  for (auto& provider : config.providers) provider.hold = provider.hold || has(provider.name);
}

}  // namespace taproot::server
