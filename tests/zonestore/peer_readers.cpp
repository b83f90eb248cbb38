#include "tests/zonestore/peer_readers.hpp"

#include "dns/text_fields.hpp"
#include "dns/types.hpp"
#include "dns/wire.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace taproot::zonestore::samples {

namespace {

std::string wire_line(const dns::Name& owner, std::uint32_t ttl, unsigned type,
                      const std::string& hex) {
  return owner.lowered().to_text() + " " + std::to_string(ttl) + " " + std::to_string(type) + " " +
         hex;
}

std::string hex_of(Octets octets) {
  std::string hex;
  dns::append_hex(hex, octets);
  return hex;
}

/// "owner\tttl\tIN\tTYPEn\t\\# size hex", one record a line.
WireLines lines_of_ldns(const std::string& output) {
  WireLines lines;
  std::istringstream text(output);
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    std::string owner, in, type, mark, size, hex;
    std::uint32_t ttl = 0;
    if (!(fields >> owner >> ttl >> in >> type >> mark >> size) || mark != "\\#") continue;
    fields >> hex;
    lines.push_back(wire_line(dns::Name::from_text(owner).value(), ttl,
                              static_cast<unsigned>(dns::rrtype_from_text(type).value()), hex));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// BIND's raw format, version 1: a header, then RRsets of wire format (lib/dns/masterdump.c).
WireLines lines_of_raw(const std::string& file) {
  WireLines lines;
  dns::WireReader reader({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()});
  const auto format = reader.u32().value();
  const auto version = reader.u32().value();
  if (format != 2 || version > 1) return lines;
  (void)reader.take(version == 1 ? 16 : 4).value();
  while (!reader.at_end()) {
    (void)reader.u32().value();  // octets of this RRset
    (void)reader.u16().value();  // class
    const unsigned type = reader.u16().value();
    (void)reader.u16().value();  // type covered
    const auto ttl = reader.u32().value();
    const auto count = reader.u32().value();
    const auto owner_size = reader.u16().value();
    const auto owner = dns::Name::from_trusted(reader.take(owner_size).value());
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto size = reader.u16().value();
      lines.push_back(wire_line(owner, ttl, type, hex_of(reader.take(size).value())));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string quoted(const std::filesystem::path& path) {
  return "'" + path.string() + "'";
}

}  // namespace

Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> room{};
  for (std::size_t n = 0; (n = std::fread(room.data(), 1, room.size(), pipe)) > 0;) {
    ran.output.append(room.data(), n);
  }
  ran.status = ::pclose(pipe);
  return ran;
}

bool is_missing(const char* tool) {
  if (run(std::string("command -v ") + tool).status == 0) return false;
  std::cout << "skipped: " << tool << " is not installed\n";
  return true;
}

WireLines wire_lines(const SourceRecords& records) {
  WireLines lines;
  for (const auto& item : records.items) {
    lines.push_back(wire_line(item.owner, item.ttl, static_cast<unsigned>(item.type),
                              hex_of(item.rdata.wire())));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::optional<WireLines> read_with_ldns(const std::filesystem::path& zone, std::string& words) {
  // It has no option for the origin.
  const auto ran = run("(echo '$ORIGIN example.com.'; cat " + quoted(zone) +
                       ") | ldns-read-zone -U NULL /dev/stdin");
  words = ran.output;
  if (ran.status != 0) return std::nullopt;
  return lines_of_ldns(ran.output);
}

std::optional<WireLines> read_with_bind(const std::filesystem::path& zone, std::string& words) {
  const auto out = zone.parent_path() / "raw";
  const auto ran = run("named-compilezone -k ignore -i none -n ignore -F raw -o " + quoted(out) +
                       " example.com " + quoted(zone));
  words = ran.output;
  if (ran.status != 0) return std::nullopt;
  std::ifstream file(out, std::ios::binary);
  return lines_of_raw({std::istreambuf_iterator<char>(file), {}});
}

bool accepted_by_knot(const std::filesystem::path& zone, std::string& words) {
  const auto ran = run("kzonecheck -v -d off -o example.com " + quoted(zone));
  words = ran.output;
  return ran.status == 0;
}

}  // namespace taproot::zonestore::samples
