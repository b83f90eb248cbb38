#pragma once

#include "dns/types.hpp"
#include "zonestore/finding.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace taproot::server {

/// What `taproot import` brought and what it left; made without a daemon. As JSON:
/// reports_json.hpp.
struct ImportReport {
  std::string zone;
  std::string source;  ///< "AXFR from 192.0.2.1:53"
  std::string output;  ///< the file, "-" for standard output
  bool written = false;
  std::size_t names = 0;
  std::size_t rrsets = 0;
  std::size_t records = 0;
  std::map<dns::RRType, std::size_t> left_out;  ///< records that a signer made, by type
  std::vector<std::string> notes;
  std::vector<zonestore::Finding> findings;
};

}  // namespace taproot::server
