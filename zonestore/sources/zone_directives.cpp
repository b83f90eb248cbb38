#include "dns/presentation.hpp"
#include "zonestore/sources/suggestion.hpp"
#include "zonestore/sources/zone_file_reader.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace taproot::zonestore {

namespace {

namespace fs = std::filesystem;

/// $INCLUDEs of one zone in all. Their text is bounded by SourceLimits, but files may be empty.
constexpr std::size_t max_includes = 10'000;

constexpr std::array<std::string_view, 4> directives = {"$ORIGIN", "$TTL", "$INCLUDE", "$GENERATE"};

}  // namespace

void ZoneFileReader::directive(const Entry& entry) {
  const Token& name = entry.tokens[0];
  if (same_word(name.text, "$ORIGIN")) return set_origin(entry);
  if (same_word(name.text, "$TTL")) return set_default_ttl(entry);
  if (same_word(name.text, "$INCLUDE")) return include(entry);
  if (same_word(name.text, "$GENERATE")) return generate(entry);
  error("unknown-directive", name, "there is no directive " + in_quotes(name.text),
        suggestion(name.text, directives) + " (a name that begins with $ is written \\$)");
}

bool ZoneFileReader::has_arguments(const Entry& entry, std::size_t least, std::size_t most,
                                   const char* usage) {
  const std::size_t count = entry.tokens.size() - 1;
  if (count >= least && count <= most) return true;
  const Token& place = count < least ? entry.tokens[0] : entry.tokens[most + 1];
  error(
      "bad-directive", place,
      std::string(entry.tokens[0].text) + (count < least ? " lacks a field" : " ends before this"),
      std::string("write ") + usage);
  return false;
}

void ZoneFileReader::set_origin(const Entry& entry) {
  if (!has_arguments(entry, 1, 1, "$ORIGIN example.com.")) return;
  auto origin = read_name(entry.tokens[1], "bad-name");
  if (!origin) return;
  origin_ = std::move(*origin);
  owner_text_.clear();
}

void ZoneFileReader::set_default_ttl(const Entry& entry) {
  if (!has_arguments(entry, 1, 1, "$TTL 3600")) return;
  const auto ttl = dns::ttl_from_text(entry.tokens[1].text);
  if (!ttl) {
    return error("bad-ttl", entry.tokens[1], ttl.error().detail,
                 "write seconds, 3600, or units, 1h30m; at most 2147483647");
  }
  default_ttl_ = *ttl;
}

void ZoneFileReader::include(const Entry& entry) {
  if (!has_arguments(entry, 1, 2, "$INCLUDE file, and an origin for it if you like")) return;
  const Token& name = entry.tokens[1];
  if (folder_ && !root_) {
    std::error_code failed;
    auto root = fs::canonical(*folder_, failed);
    if (!failed) root_ = std::move(root);
  }
  if (!root_) {
    return error("include-refused", name, "$INCLUDE is not possible here, there is no folder",
                 "write the records themselves");
  }
  if (open_.size() > limits_.include_depth) {
    return error("include-too-deep", name,
                 "more than " + std::to_string(limits_.include_depth) + " files include each other",
                 "include the file from one further up");
  }
  if (++includes_ > max_includes) {
    return error("too-many-includes", name,
                 "more than " + std::to_string(max_includes) + " $INCLUDEs in one zone",
                 "put their records into fewer files");
  }
  auto origin = origin_;
  if (entry.tokens.size() == 3) {
    auto other = read_name(entry.tokens[2], "bad-name");
    if (!other) return;
    origin = std::move(*other);
  }
  const fs::path written(std::string(name.text));
  const auto shown = fs::path(reading_->shown).parent_path() / written;
  include_file(entry, reading_->folder / written, shown.string(), origin);
}

void ZoneFileReader::include_file(const Entry& entry, const fs::path& path,
                                  const std::string& shown, const dns::Name& origin) {
  const Token& name = entry.tokens[1];
  auto file = read_source_file(path, octets_left_, &*root_);
  if (!file) {
    const std::string message = shown + " " + file.error().detail;
    if (file.error().code == Errc::refused) {
      return error("include-outside", name, message, "move it into the zone file's folder");
    }
    if (file.error().code == Errc::too_large) {
      return error("file-too-large", name, message, "split the zone, or allow larger files");
    }
    return error("unreadable", name, message, "name a regular file that taproot may read");
  }
  if (std::find(open_.begin(), open_.end(), file->identity) != open_.end()) {
    return error("include-loop", name, shown + " includes itself", "take this $INCLUDE out");
  }
  // RFC 1035 section 5.1: the origin of the including file is what it was; so is the owner.
  const auto origin_before = std::exchange(origin_, origin);
  const auto owner_before = owner_;
  owner_text_.clear();
  read_opened(std::move(*file), path, shown);
  origin_ = origin_before;
  owner_ = owner_before;
  owner_text_.clear();
}

void ZoneFileReader::generate(const Entry& entry) {
  if (!has_arguments(entry, 4, std::numeric_limits<std::size_t>::max() - 1,
                     "$GENERATE 1-10 host-$ A 192.0.2.$")) {
    return;
  }
  const auto range = GenerateRange::from_text(entry.tokens[1].text);
  if (!range) {
    return error("bad-generate", entry.tokens[1], range.error().detail,
                 "write start-stop or start-stop/step, as in 1-10/2");
  }
  if (range->count() > limits_.generate_records - generated_) {
    return error("generate-too-large", entry.tokens[1],
                 "makes " + std::to_string(range->count()) + " records, " +
                     std::to_string(limits_.generate_records) + " are allowed in one zone",
                 "make the range smaller, or use a wildcard");
  }
  generated_ += range->count();
  const auto fields = read_fields(entry, 3);
  if (fields) generate_records(entry, *range, *fields);
}

void ZoneFileReader::generate_records(const Entry& entry, const GenerateRange& range,
                                      const RecordFields& fields) {
  const Token& owner_token = entry.tokens[2];
  const auto owners = GenerateTemplate::from_text(owner_token.text);
  if (!owners) {
    return error("bad-generate", owner_token, owners.error().detail, "write ${offset,width,base}");
  }
  const auto rdata = GenerateTemplate::from_text(entry.text_from(fields.type_token + 1, room_));
  const Token& rdata_token = entry.tokens[std::min(fields.type_token + 1, entry.tokens.size() - 1)];
  if (!rdata) {
    return error("bad-generate", rdata_token, rdata.error().detail, "write ${offset,width,base}");
  }
  for (std::uint64_t number = range.start; number <= range.stop; number += range.step) {
    const auto owner_text = owners->text_for(static_cast<std::uint32_t>(number));
    const auto rdata_text = rdata->text_for(static_cast<std::uint32_t>(number));
    if (!owner_text || !rdata_text) {
      return error("bad-generate", owner_text ? rdata_token : owner_token,
                   (owner_text ? rdata_text : owner_text).error().detail,
                   "begin the range later or make the offset smaller");
    }
    const std::size_t octets = owner_text->size() + rdata_text->size();
    if (octets > octets_left_) {
      return error("generate-too-large", entry.tokens[0], "makes more text than a zone may have",
                   "make the range smaller");
    }
    octets_left_ -= octets;
    const auto owner = dns::Name::from_text(*owner_text, origin_);
    if (!owner) {
      return error("bad-name", owner_token, owner.error().detail, "mend the owner's template");
    }
    // The first that fails speaks for all.
    if (!add_record(entry, *owner, fields, *rdata_text)) return;
  }
}

}  // namespace taproot::zonestore
