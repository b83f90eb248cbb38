#include "dns/tsig.hpp"

#include <algorithm>
#include <array>

namespace taproot::dns {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_value = 0xff;

constexpr std::array<std::uint8_t, 256> values_of_alphabet() {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_value);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr auto values = values_of_alphabet();

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The text may be a secret: it is never shown.
tl::unexpected<Error> bad_base64(const char* why) {
  return fail(Errc::bad_text, std::string("base64 ") + why);
}

}  // namespace

Result<std::string> base64_decode(std::string_view text) {
  std::string octets;
  octets.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  std::size_t digits = 0;  // in this group, padding included
  std::size_t padding = 0;
  for (const char c : text) {
    if (is_blank(c)) continue;
    const std::uint8_t value = values[static_cast<std::uint8_t>(c)];
    if (value == no_value && c != '=') return bad_base64("has a character outside its alphabet");
    if (c == '=' ? digits < 2 : padding > 0) return bad_base64("has padding in the wrong place");
    if (c == '=') ++padding;
    group = group << 6 | (c == '=' ? 0u : value);
    if (++digits < 4) continue;
    for (std::size_t i = 0; i < 3 - padding; ++i) {
      octets += static_cast<char>(group >> (16 - 8 * i) & 0xff);
    }
    // Bits that the padding cuts off must be zero, or two texts would mean the same octets.
    if (padding > 0 && (group & (padding == 1 ? 0xffu : 0xffffu)) != 0) {
      return bad_base64("has bits left over at its end");
    }
    // With padding the text ends here: `padding` stays and refuses what follows.
    digits = 0;
    group = 0;
  }
  if (digits != 0) return bad_base64("is cut off; its length is not a multiple of four");
  return octets;
}

std::string base64_encode(Octets octets) {
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  for (; !octets.empty(); octets = octets.subspan(std::min<std::size_t>(3, octets.size()))) {
    const std::size_t count = std::min<std::size_t>(3, octets.size());
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? octets[i] : 0u);
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= count ? alphabet[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

}  // namespace taproot::dns
