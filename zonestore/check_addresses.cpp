#include "dns/presentation.hpp"
#include "zonestore/check_practice.hpp"
#include "zonestore/check_text.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace taproot::zonestore {

namespace {

using dns::RRType;

/// What an address is for, if not for the public: RFC 6890 and the registries that it began.
enum class Use { everyone, elsewhere, documentation };

struct Block {
  std::uint32_t first;
  unsigned length;
  Use use;
  const char* name;
};

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c) {
  return a << 24 | b << 16 | c << 8;
}

constexpr std::array<Block, 14> blocks4 = {{
    {v4(0, 0, 0), 8, Use::elsewhere, "stands for \"this host\""},
    {v4(10, 0, 0), 8, Use::elsewhere, "is private (RFC 1918)"},
    {v4(100, 64, 0), 10, Use::elsewhere, "is for carriers' NAT (RFC 6598)"},
    {v4(127, 0, 0), 8, Use::elsewhere, "is loopback"},
    {v4(169, 254, 0), 16, Use::elsewhere, "is link-local"},
    {v4(172, 16, 0), 12, Use::elsewhere, "is private (RFC 1918)"},
    {v4(192, 168, 0), 16, Use::elsewhere, "is private (RFC 1918)"},
    {v4(198, 18, 0), 15, Use::elsewhere, "is for benchmarks (RFC 2544)"},
    {v4(224, 0, 0), 4, Use::elsewhere, "is multicast"},
    {v4(240, 0, 0), 4, Use::elsewhere, "is reserved"},
    {v4(192, 0, 2), 24, Use::documentation, "is for documentation (RFC 5737)"},
    {v4(198, 51, 100), 24, Use::documentation, "is for documentation (RFC 5737)"},
    {v4(203, 0, 113), 24, Use::documentation, "is for documentation (RFC 5737)"},
    {v4(192, 0, 0), 24, Use::elsewhere, "is for protocols (RFC 6890)"},
}};

/// By the first 32 bits.
constexpr std::array<Block, 5> blocks6 = {{
    {0xfc00'0000u, 7, Use::elsewhere, "is private (a unique local address, RFC 4193)"},
    {0xfe80'0000u, 10, Use::elsewhere, "is link-local"},
    {0xff00'0000u, 8, Use::elsewhere, "is multicast"},
    {0x2001'0db8u, 32, Use::documentation, "is for documentation (RFC 3849)"},
    {0x3fff'0000u, 20, Use::documentation, "is for documentation (RFC 9637)"},
}};

constexpr Block loopback6 = {0, 0, Use::elsewhere, "is loopback"};
constexpr Block nothing6 = {0, 0, Use::elsewhere, "is the unspecified address"};
constexpr Block mapped6 = {0, 0, Use::elsewhere, "is an IPv4 address in IPv6 clothes"};

std::uint32_t first_bits(Octets rdata) {
  return std::uint32_t{rdata[0]} << 24 | std::uint32_t{rdata[1]} << 16 |
         std::uint32_t{rdata[2]} << 8 | rdata[3];
}

template <std::size_t N>
const Block* block_of(std::uint32_t bits, const std::array<Block, N>& blocks) {
  for (const auto& block : blocks) {
    if (((bits ^ block.first) >> (32 - block.length)) == 0) return &block;
  }
  return nullptr;
}

/// Addresses whose first 80 bits are 0.
const Block* low_block_of(Octets rdata) {
  for (std::size_t i = 4; i < 10; ++i) {
    if (rdata[i] != 0) return nullptr;
  }
  if (rdata[10] == 0xff && rdata[11] == 0xff) return &mapped6;
  for (std::size_t i = 10; i < 15; ++i) {
    if (rdata[i] != 0) return nullptr;
  }
  return rdata[15] == 1 ? &loopback6 : rdata[15] == 0 ? &nothing6 : nullptr;
}

/// The block of an address that the public cannot use, or null. Most addresses leave here fast.
const Block* block_of(RRType type, Octets rdata) {
  if (type == RRType::A) return rdata.size() == 4 ? block_of(first_bits(rdata), blocks4) : nullptr;
  if (rdata.size() != 16) return nullptr;
  const auto bits = first_bits(rdata);
  return bits == 0 ? low_block_of(rdata) : block_of(bits, blocks6);
}

/// Zones that are not for the public by their names (RFC 6761, RFC 6762, RFC 8375 and .internal),
/// and names that mean this host.
bool may_be_private(const CheckIndex& index, const CheckIndex::Owner& owner) {
  const auto first = first_labels(owner.wire, 1);
  if (!first.empty() && first[0] == "localhost") return true;
  static constexpr std::array<std::string_view, 7> endings = {
      "internal", "local", "localhost", "test", "invalid", "lan", "home.arpa"};
  std::string apex = index.apex().lowered().to_text();
  apex.pop_back();
  for (const auto ending : endings) {
    if (apex == ending || apex.ends_with("." + std::string(ending))) return true;
  }
  return false;
}

}  // namespace

void check_addresses(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& index = zone.index();
  for (const auto at : set.items) {
    const auto& item = index.item(at);
    const auto* block = block_of(set.type, item.rdata.wire());
    if (block == nullptr) continue;
    if (block->use == Use::documentation && !zone.is_on("documentation-address")) continue;
    const auto text = dns::rdata_to_text(set.type, item.rdata.wire());
    const std::string says =
        item.owner.to_text() + " " + dns::to_text(set.type) + " " + text + " " + block->name;
    if (block->use == Use::documentation) {
      zone.on_wish("documentation-address", item, says, "write the host's real address");
    } else if (!may_be_private(index, index.owner(set.owner))) {
      zone.warning("private-address", item, says + " and cannot be reached by the public",
                   "write a public address; if the zone is not for the public, turn this rule off",
                   {text, {}});
    }
  }
}

}  // namespace taproot::zonestore
