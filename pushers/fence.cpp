#include "pushers/fence.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace taproot::pushers {

namespace {

constexpr std::string_view before_serial = "taproot-fence=1 serial=";
constexpr std::string_view before_holder = " holder=";
constexpr std::uint32_t fence_ttl = 60;
constexpr std::size_t max_holder = 63;

}  // namespace

bool is_holder_name(std::string_view name) {
  return !name.empty() && name.size() <= max_holder &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-';
         });
}

RRsetKey fence_key(const dns::Name& apex) {
  const auto owner = dns::Name::from_text("_taproot-fence", apex);
  return {owner.value_or(apex), dns::RRType::TXT};  // an apex without room has none
}

dns::RRset to_rrset(const Fence& fence, const dns::Name& apex) {
  std::string text(before_serial);
  text += std::to_string(fence.serial.value());
  text += before_holder;
  text += fence.holder;
  const auto key = fence_key(apex);
  return {key.owner,
          key.type,
          fence_ttl,
          {dns::Rdata(static_cast<char>(static_cast<unsigned char>(text.size())) + text)}};
}

std::optional<Fence> fence_from(const dns::RRset& rrset) {
  if (rrset.type != dns::RRType::TXT || rrset.rdata.size() != 1) return std::nullopt;
  const auto wire = rrset.rdata.front().wire();
  if (wire.empty() || wire.size() != std::size_t{1} + wire[0]) return std::nullopt;
  std::string text(wire.begin() + 1, wire.end());
  std::string_view rest(text);
  if (!rest.starts_with(before_serial)) return std::nullopt;
  rest.remove_prefix(before_serial.size());
  std::uint32_t serial = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), serial);
  if (error != std::errc()) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
  if (!rest.starts_with(before_holder)) return std::nullopt;
  rest.remove_prefix(before_holder.size());
  if (!is_holder_name(rest)) return std::nullopt;
  return Fence{std::string(rest), dns::Serial(serial)};
}

}  // namespace taproot::pushers
