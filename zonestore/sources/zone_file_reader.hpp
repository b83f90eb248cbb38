#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/finding_list.hpp"
#include "zonestore/sources/generate.hpp"
#include "zonestore/sources/source_file.hpp"
#include "zonestore/sources/zone_scanner.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taproot::zonestore {

/// The same word in any case; `capitals` has no small letters.
bool same_word(std::string_view written, std::string_view capitals);

/// What stands between the owner and the rdata of a record.
struct RecordFields {
  std::optional<std::uint32_t> ttl;
  dns::RRType type = dns::RRType::none;
  std::size_t type_token = 0;
};

/// Reads the files of one zone, one after the other.
class ZoneFileReader {
 public:
  ZoneFileReader(const dns::Name& apex, const SourceLimits& limits)
      : limits_(limits),
        findings_(limits.findings),
        octets_left_(limits.file_octets),
        origin_(apex) {}

  void read_file(const std::filesystem::path& path, const std::string& shown);
  void read_text(std::string_view text, const std::string& shown);
  SourceRecords finish();

 private:
  /// The file that is being read.
  struct Reading {
    ZoneScanner scanner;
    std::uint32_t file;
    std::filesystem::path folder;
    std::string shown;
  };

  void read_opened(SourceFile file, const std::filesystem::path& path, const std::string& shown);
  void read_entries(std::string_view text, Reading& reading);
  void read_entry(const Entry& entry);

  void directive(const Entry& entry);
  void set_origin(const Entry& entry);
  void set_default_ttl(const Entry& entry);
  void include(const Entry& entry);
  void include_file(const Entry& entry, const std::filesystem::path& path, const std::string& shown,
                    const dns::Name& origin);
  void generate(const Entry& entry);
  void generate_records(const Entry& entry, const GenerateRange& range, const RecordFields& fields);
  bool has_arguments(const Entry& entry, std::size_t least, std::size_t most, const char* usage);

  bool read_owner(const Entry& entry);
  std::optional<dns::Name> read_name(const Token& token, const char* rule);
  std::optional<RecordFields> read_fields(const Entry& entry, std::size_t first);
  bool read_type(const Token& token, RecordFields& fields);
  bool add_record(const Entry& entry, const dns::Name& owner, const RecordFields& fields,
                  std::string_view rdata_text);
  std::optional<std::uint32_t> ttl_of(const RecordFields& fields, const dns::Rdata& rdata,
                                      const Token& place);

  void report(Severity severity, const char* rule, const Token& token, std::string message,
              std::string cure);
  void error(const char* rule, const Token& token, std::string message, std::string cure) {
    report(Severity::error, rule, token, std::move(message), std::move(cure));
  }
  void report_trouble();
  void report_file(const char* rule, const std::string& shown, const Error& error,
                   const char* cure);
  void report_no_final_newline(std::string_view text);
  void report_rdata(const Entry& entry, const RecordFields& fields, const Error& error);

  const SourceLimits& limits_;
  SourceRecords records_;
  FindingList findings_;
  Reading* reading_ = nullptr;
  std::size_t octets_left_;
  std::size_t includes_ = 0;
  std::size_t generated_ = 0;
  std::optional<std::filesystem::path> folder_;  // of the zone's file; nothing: no includes
  std::optional<std::filesystem::path> root_;    // what it really is: included files lie below
  std::vector<std::pair<std::uint64_t, std::uint64_t>> open_;  // identities of files being read
  dns::Name origin_;
  std::optional<dns::Name> owner_;
  std::string owner_text_;  // what owner_ was read from, "" if that is not known
  std::string type_text_;   // as above for type_
  dns::RRType type_ = dns::RRType::none;
  std::optional<std::uint32_t> default_ttl_;  // of $TTL
  std::optional<std::uint32_t> last_ttl_;     // RFC 1035 section 5.1
  std::string room_;
};

}  // namespace taproot::zonestore
