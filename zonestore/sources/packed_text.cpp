#include "zonestore/sources/packed_text.hpp"

#include <zstd.h>

#include <new>

namespace taproot::zonestore {

namespace {

constexpr int fastest = 1;

}  // namespace

struct TextPacker::Contexts {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> in{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> out{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  std::string room;
};

TextPacker::TextPacker() : contexts_(std::make_unique<Contexts>()) {
  if (!contexts_->in || !contexts_->out) throw std::bad_alloc();
}

TextPacker::~TextPacker() = default;

std::string TextPacker::pack(std::string_view text) {
  auto& room = contexts_->room;
  room.resize(ZSTD_compressBound(text.size()));
  const std::size_t size = ZSTD_compressCCtx(contexts_->in.get(), room.data(), room.size(),
                                             text.data(), text.size(), fastest);
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // the room is enough, so nothing else
  return room.substr(0, size);
}

Result<std::string> TextPacker::unpack(const std::string& packed, std::size_t octets) {
  std::string text(octets, '\0');
  const std::size_t size = ZSTD_decompressDCtx(contexts_->out.get(), text.data(), text.size(),
                                               packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != octets) {
    return fail(Errc::bad_message, "packed text that cannot be unpacked");
  }
  return text;
}

}  // namespace taproot::zonestore
