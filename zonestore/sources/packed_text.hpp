#pragma once

#include "dns/result.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace taproot::zonestore {

/// Makes text small and large again (zstd at its fastest). Keeps its working memory; belongs to
/// one thread.
class TextPacker {
 public:
  TextPacker();
  ~TextPacker();
  TextPacker(const TextPacker&) = delete;
  TextPacker& operator=(const TextPacker&) = delete;

  std::string pack(std::string_view text);
  /// The text that was packed, `octets` long. Fails with Errc::bad_message.
  Result<std::string> unpack(const std::string& packed, std::size_t octets);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace taproot::zonestore
