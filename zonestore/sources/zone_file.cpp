#include "zonestore/sources/zone_file.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "zonestore/sources/suggestion.hpp"
#include "zonestore/sources/zone_file_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 24> usual_types = {
    "A",      "AAAA",  "CAA", "CDNSKEY", "CDS",   "CNAME", "DNAME",      "DNSKEY",
    "DS",     "HTTPS", "LOC", "MX",      "NAPTR", "NS",    "OPENPGPKEY", "PTR",
    "SMIMEA", "SOA",   "SRV", "SSHFP",   "SVCB",  "TLSA",  "TXT",        "URI"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_class(std::string_view text) {
  if (text.size() == 2) {
    return same_word(text, "IN") || same_word(text, "CH") || same_word(text, "HS") ||
           same_word(text, "CS");
  }
  return text.size() > 5 && same_word(text.substr(0, 5), "CLASS") &&
         std::all_of(text.begin() + 5, text.end(), is_digit);
}

bool is_class_in(std::string_view text) {
  return same_word(text, "IN") || same_word(text, "CLASS1");
}

}  // namespace

bool same_word(std::string_view written, std::string_view capitals) {
  return written.size() == capitals.size() &&
         std::equal(written.begin(), written.end(), capitals.begin(), [](char x, char y) {
           return std::toupper(static_cast<unsigned char>(x)) == y;
         });
}

void ZoneFileReader::read_file(const fs::path& path, const std::string& shown) {
  folder_ = path.has_parent_path() ? path.parent_path() : fs::path(".");
  auto file = read_source_file(path, octets_left_);
  if (!file) {
    const bool large = file.error().code == Errc::too_large;
    return report_file(large ? "file-too-large" : "unreadable", shown, file.error(),
                       large ? "split the zone, or allow larger files"
                             : "name a regular file that taproot may read");
  }
  read_opened(std::move(*file), path, shown);
}

void ZoneFileReader::read_opened(SourceFile file, const fs::path& path, const std::string& shown) {
  octets_left_ -= file.text->size();
  records_.texts.resize(records_.files.size());
  records_.texts.push_back(file.text);
  open_.push_back(file.identity);
  constexpr std::size_t usual_record = 40;  // octets of text
  if (records_.items.empty()) records_.items.reserve(file.text->size() / usual_record);
  Reading reading{ZoneScanner("", 0), 0, path.parent_path(), shown};
  read_entries(*file.text, reading);
  open_.pop_back();
}

void ZoneFileReader::read_text(std::string_view text, const std::string& shown) {
  Reading reading{ZoneScanner("", 0), 0, {}, shown};
  read_entries(text, reading);
}

void ZoneFileReader::read_entries(std::string_view text, Reading& reading) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.substr(0, byte_order_mark.size()) == byte_order_mark) {
    text.remove_prefix(byte_order_mark.size());
  }
  reading.scanner = ZoneScanner(text, limits_.line_octets);
  reading.file = static_cast<std::uint32_t>(records_.files.size());
  records_.files.push_back(reading.shown);
  Reading* const before = std::exchange(reading_, &reading);
  Entry entry;
  for (;;) {
    const auto outcome = reading.scanner.next(entry);
    if (outcome == ZoneScanner::Outcome::end) break;
    if (outcome == ZoneScanner::Outcome::entry)
      read_entry(entry);
    else
      report_trouble();
    if (limits_.progress != nullptr && before == nullptr) {  // included files are not counted
      limits_.progress->octets.store(reading.scanner.position(), std::memory_order_relaxed);
    }
  }
  report_no_final_newline(text);
  reading_ = before;
}

void ZoneFileReader::read_entry(const Entry& entry) {
  const Token& first = entry.tokens[0];
  if (!first.quoted && first.text[0] == '$') return directive(entry);
  if (!read_owner(entry)) return;
  const auto fields = read_fields(entry, entry.blank_owner ? 0 : 1);
  if (!fields) return;
  add_record(entry, *owner_, *fields, entry.text_from(fields->type_token + 1, room_));
}

SourceRecords ZoneFileReader::finish() {
  records_.findings = findings_.take();
  return std::move(records_);
}

// Records

bool ZoneFileReader::read_owner(const Entry& entry) {
  const Token& token = entry.tokens[0];
  if (entry.blank_owner) {
    if (owner_) return true;
    error("no-owner", token, "the first record begins with a blank, so it has no owner",
          "write the owner, or \"@\" for the origin, at the beginning of the line");
    return false;
  }
  if (owner_ && !owner_text_.empty() && token.text == owner_text_) return true;
  auto name = read_name(token, "bad-name");
  if (!name) {
    // What follows with a blank owner belongs to a name that is not known.
    owner_.reset();
    return false;
  }
  owner_ = std::move(*name);
  owner_text_ = token.text;
  return true;
}

std::optional<dns::Name> ZoneFileReader::read_name(const Token& token, const char* rule) {
  auto name = dns::Name::from_text(token.text, origin_);
  if (name && !token.quoted) return std::move(*name);
  error(rule, token, name ? "a name stands in quotes" : name.error().detail,
        "write labels of 1 to 63 letters, digits and hyphens, with dots between them");
  return std::nullopt;
}

/// TTL and class in either order, then the type (RFC 1035 section 5.1).
std::optional<RecordFields> ZoneFileReader::read_fields(const Entry& entry, std::size_t first) {
  RecordFields fields;
  bool has_class = false;
  for (std::size_t i = first; i < entry.tokens.size(); ++i) {
    const Token& token = entry.tokens[i];
    if (!fields.ttl && !token.text.empty() && is_digit(token.text[0])) {
      const auto ttl = dns::ttl_from_text(token.text);
      if (!ttl) {
        error("bad-ttl", token, ttl.error().detail,
              "write: owner, TTL in seconds or units (1h30m), class, type, data");
        return std::nullopt;
      }
      fields.ttl = *ttl;
      continue;
    }
    if (!has_class && is_class(token.text)) {
      if (!is_class_in(token.text)) {
        error("class-not-in", token, "class " + std::string(token.text) + " is not IN",
              "write IN or leave the class out");
        return std::nullopt;
      }
      has_class = true;
      continue;
    }
    fields.type_token = i;
    if (!read_type(token, fields)) return std::nullopt;
    return fields;
  }
  error("missing-type", entry.tokens.back(), "the record ends before its type",
        "write: owner, TTL, class, type, data");
  return std::nullopt;
}

bool ZoneFileReader::read_type(const Token& token, RecordFields& fields) {
  if (!token.quoted && !type_text_.empty() && token.text == type_text_) {
    fields.type = type_;
    return true;
  }
  const auto type = dns::rrtype_from_text(token.text);
  if (!type || token.quoted) {
    error("unknown-type", token, "there is no type " + in_quotes(token.text),
          suggestion(token.text, usual_types) + "; TYPE65280 \\# ... writes any type");
    return false;
  }
  if (dns::is_meta(*type)) {
    error("meta-type", token, dns::to_text(*type) + " records cannot stand in a zone",
          "take the record out");
    return false;
  }
  fields.type = type_ = *type;
  type_text_ = token.text;
  return true;
}

bool ZoneFileReader::add_record(const Entry& entry, const dns::Name& owner,
                                const RecordFields& fields, std::string_view rdata_text) {
  auto rdata = dns::rdata_from_text(fields.type, rdata_text, origin_);
  if (!rdata) {
    report_rdata(entry, fields, rdata.error());
    return false;
  }
  const Token& place = entry.tokens[0];
  const auto ttl = ttl_of(fields, *rdata, entry.tokens[fields.type_token]);
  if (!ttl) return false;
  records_.items.push_back(
      {owner, fields.type, *ttl, std::move(*rdata), {reading_->file, place.line, place.column}});
  return true;
}

std::optional<std::uint32_t> ZoneFileReader::ttl_of(const RecordFields& fields,
                                                    const dns::Rdata& rdata, const Token& place) {
  if (fields.ttl) last_ttl_ = fields.ttl;
  if (fields.ttl) return fields.ttl;
  if (default_ttl_) return default_ttl_;
  if (last_ttl_) return last_ttl_;
  if (fields.type == dns::RRType::SOA) {
    // As BIND does it, because such files are common.
    if (const auto soa = dns::Soa::from_rdata(rdata.wire())) {
      report(Severity::warning, "no-ttl", place,
             "no TTL is given, the SOA's minimum of " + std::to_string(soa->minimum) + " is used",
             "write a line $TTL 3600 at the top");
      last_ttl_ = std::min(soa->minimum, dns::max_ttl);
      return last_ttl_;
    }
  }
  error("no-ttl", place, "the record has no TTL and there is none before it",
        "write a line $TTL 3600 at the top, or a TTL before the type");
  return std::nullopt;
}

// Findings

void ZoneFileReader::report(Severity severity, const char* rule, const Token& token,
                            std::string message, std::string cure) {
  findings_.add({severity, rule, reading_->shown, token.line, token.column, std::move(message),
                 std::move(cure), std::string(reading_->scanner.line_around(token))});
}

void ZoneFileReader::report_trouble() {
  const Trouble& trouble = reading_->scanner.trouble();
  findings_.add({Severity::error, trouble.rule, reading_->shown, trouble.line, trouble.column,
                 trouble.message, trouble.cure, std::string(reading_->scanner.trouble_line())});
}

void ZoneFileReader::report_file(const char* rule, const std::string& shown, const Error& error,
                                 const char* cure) {
  records_.files.push_back(shown);
  findings_.add({Severity::error, rule, shown, 0, 0, shown + " " + error.detail, cure, ""});
}

void ZoneFileReader::report_no_final_newline(std::string_view text) {
  if (text.empty() || text.back() == '\n') return;
  findings_.add({Severity::warning, "no-final-newline", reading_->shown, reading_->scanner.line(),
                 0, "the last line does not end with a newline, so the file may be cut off",
                 "make sure that it is complete, and end its last line", ""});
}

/// Points at the field that the error quotes, if it quotes one.
void ZoneFileReader::report_rdata(const Entry& entry, const RecordFields& fields,
                                  const Error& error) {
  const std::size_t first = std::min(fields.type_token + 1, entry.tokens.size() - 1);
  const Token* place = &entry.tokens[first];
  const auto open = error.detail.find('"');
  const auto close = open == std::string::npos ? open : error.detail.find('"', open + 1);
  if (close != std::string::npos) {
    const auto named = std::string_view(error.detail).substr(open + 1, close - open - 1);
    for (std::size_t i = entry.tokens.size(); i-- > first;) {
      if (entry.tokens[i].text == named) place = &entry.tokens[i];
    }
  }
  this->error("bad-rdata", *place, error.detail,
              "write the data as the RFC of " + dns::to_text(fields.type) + " has them");
}

SourceRecords read_zone_file(const dns::Name& apex, const fs::path& path, const std::string& shown,
                             const SourceLimits& limits) {
  ZoneFileReader reader(apex, limits);
  reader.read_file(path, shown);
  return reader.finish();
}

SourceRecords read_zone_text(const dns::Name& apex, std::string_view text, const std::string& shown,
                             const SourceLimits& limits) {
  ZoneFileReader reader(apex, limits);
  reader.read_text(text, shown);
  return reader.finish();
}

}  // namespace taproot::zonestore
