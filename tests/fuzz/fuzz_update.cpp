#include "dns/update.hpp"

#include <cstdlib>

using namespace taproot;

/// What parses lies in its zone and says what its kind must say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto update = dns::Update::parse({data, size});
  if (!update) {
    if (update.error().why.empty()) std::abort();
    return 0;
  }
  for (const auto& one : update->prerequisites) {
    if (!one.owner.is_subdomain_of(update->zone)) std::abort();
    if (one.values.empty() != (one.kind != dns::Prerequisite::Kind::rrset_has_values)) std::abort();
  }
  for (const auto& change : update->changes) {
    if (!change.owner.is_subdomain_of(update->zone) || change.ttl > dns::max_ttl) std::abort();
    const bool is_name = change.kind == dns::UpdateChange::Kind::remove_name;
    if (is_name != (change.type == dns::RRType::none)) std::abort();
  }
  return 0;
}
