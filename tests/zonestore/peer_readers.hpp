#pragma once

#include "dns/name.hpp"
#include "zonestore/candidate.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore::samples {

struct Ran {
  int status = -1;
  std::string output;
};

/// Runs a command of the shell to its end; what it writes, errors too.
Ran run(const std::string& command);

/// Says so if `tool` is not there.
bool is_missing(const char* tool);

/// "owner ttl type rdata" for each record, sorted: the owner in small letters, the type as a
/// number, the rdata as hexadecimal digits of their wire format.
using WireLines = std::vector<std::string>;

WireLines wire_lines(const SourceRecords& records);

/// The zone of example.com as another program reads it, or nothing if it refuses it; its words
/// are in `words`. Neither goes through our own reading of rdata: ldns prints all of them as
/// unknown types, BIND writes its raw format.
std::optional<WireLines> read_with_ldns(const std::filesystem::path& zone, std::string& words);
std::optional<WireLines> read_with_bind(const std::filesystem::path& zone, std::string& words);

/// Knot's kzonecheck prints no records: only whether it takes the zone.
bool accepted_by_knot(const std::filesystem::path& zone, std::string& words);

}  // namespace taproot::zonestore::samples
