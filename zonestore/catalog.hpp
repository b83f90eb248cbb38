#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/zone_version.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

// Catalog zones (RFC 9432, version 2): a zone that lists zones, so that a secondary serves what its
// primary serves without anybody telling it.
//
//   version.CATALOG      TXT "2"
//   ID.zones.CATALOG     PTR a member
//   group.ID.zones…      TXT the groups it belongs to
//   coo.ID.zones…        PTR the catalog that may take it over

/// One zone that a catalog lists.
struct CatalogMember {
  std::string id;  ///< one label, unique in the catalog
  dns::Name zone;
  std::vector<std::string> groups;  ///< each at most 255 octets
  std::optional<dns::Name> coo;     ///< change of ownership

  friend bool operator==(const CatalogMember&, const CatalogMember&) = default;
};

/// The apex of a catalog is at most this long, so that all names of its members fit.
constexpr std::size_t max_catalog_name = 180;

/// The catalog `apex` with these members. Shares its memory with `current` (may be null) and costs
/// what differs, and a look at each member; the serial is that of `current`. Ids must be valid
/// labels of at most 63 octets, and unique.
std::shared_ptr<const ZoneVersion> make_catalog(const dns::Name& apex, const ZoneVersion* current,
                                                const std::vector<CatalogMember>& members);

/// The members that a catalog lists, in canonical order of their ids. Fails with Errc::bad_zone if
/// it is broken (RFC 9432 section 5.1): no version or another one than 2, a member node with more
/// than one PTR, two nodes of one zone, a coo that is not one name, or the catalog as its own
/// member. Properties that it does not know are no error.
Result<std::vector<CatalogMember>> read_catalog(const ZoneVersion& catalog);

}  // namespace taproot::zonestore
