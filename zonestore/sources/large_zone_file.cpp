#include "zonestore/sources/large_zone_file.hpp"

#include "dns/rdata.hpp"
#include "zonestore/sources/fast_records.hpp"
#include "zonestore/sources/packed_text.hpp"
#include "zonestore/sources/piece_crew.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace taproot::zonestore {

namespace {

/// Changes of more text than this, or than a quarter of the file, are read as a whole.
constexpr std::size_t much_text = std::size_t{4} << 20;
/// Where more names than this are not plain, the check of the whole is the shorter way.
constexpr std::size_t few_names = 20'000;

std::size_t thread_count() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
}

}  // namespace

/// Records that are in the text no more, and those that are new.
struct LargeZoneFile::Delta {
  struct Record {
    dns::Name owner;
    dns::RRType type;
    std::uint32_t ttl;
    dns::Rdata rdata;

    auto key() const {
      const Octets name = owner.wire();
      const std::string_view text(reinterpret_cast<const char*>(name.data()), name.size());
      return std::tuple(text, type, ttl, std::cref(rdata));
    }
    friend bool operator<(const Record& a, const Record& b) { return a.key() < b.key(); }
  };
  struct Sides {
    std::vector<Record> gone;
    std::vector<Record> come;
  };

  std::vector<Record> gone;
  std::vector<Record> come;

  static void append(const PieceRecords& records, std::vector<Record>& to) {
    for (const auto& record : records.records) {
      to.push_back({dns::Name::from_trusted(records.owner_of(record)), record.type, record.ttl,
                    dns::Rdata(records.rdata_of(record))});
    }
  }

  /// By owner and type, without what is on both sides.
  std::map<std::pair<dns::Name, dns::RRType>, Sides> by_rrset() {
    std::sort(gone.begin(), gone.end());
    std::sort(come.begin(), come.end());
    std::map<std::pair<dns::Name, dns::RRType>, Sides> sets;
    std::vector<Record> left;
    std::set_difference(gone.begin(), gone.end(), come.begin(), come.end(),
                        std::back_inserter(left));
    for (auto& record : left) sets[{record.owner, record.type}].gone.push_back(std::move(record));
    left.clear();
    std::set_difference(come.begin(), come.end(), gone.begin(), gone.end(),
                        std::back_inserter(left));
    for (auto& record : left) sets[{record.owner, record.type}].come.push_back(std::move(record));
    return sets;
  }

  /// The RRset after the change: nothing if the text would have doubles or several TTLs now, or if
  /// what is gone was never there. An RRset without records: none is left.
  static std::optional<dns::RRset> changed(const dns::Name& owner, dns::RRType type,
                                           std::optional<dns::RRset> base, const Sides& sides) {
    dns::RRset rrset = base ? std::move(*base) : dns::RRset{owner, type, 0, {}};
    const auto find = [&](const dns::Rdata& rdata) {
      return std::find_if(rrset.rdata.begin(), rrset.rdata.end(), [&](const dns::Rdata& other) {
        return dns::compare_canonical(type, other.wire(), rdata.wire()) == 0;
      });
    };
    for (const auto& record : sides.gone) {
      const auto at = find(record.rdata);
      if (at == rrset.rdata.end() || record.ttl != rrset.ttl) return std::nullopt;
      rrset.rdata.erase(at);
    }
    for (const auto& record : sides.come) {
      if (rrset.rdata.empty()) rrset.ttl = record.ttl;
      if (record.ttl != rrset.ttl || find(record.rdata) != rrset.rdata.end()) return std::nullopt;
      rrset.rdata.push_back(record.rdata);
    }
    return rrset;
  }
};

std::optional<Candidate> LargeZoneFile::load(const std::filesystem::path& path,
                                             const std::string& shown, const SourceLimits& limits,
                                             const RulePolicy& policy) {
  if (version_ != nullptr) {
    auto pieces = PieceReader::open(path, limits.file_octets, sizes_);
    if (!pieces) return std::nullopt;  // what was read stays the last that was good to read
    pieces->tell(limits.progress);
    if (auto candidate = read_changes(*pieces, shown, policy)) return candidate;
  }
  forget();
  auto pieces = PieceReader::open(path, limits.file_octets, sizes_);
  if (!pieces) return std::nullopt;
  pieces->tell(limits.progress);
  auto candidate = read_whole(*pieces, shown, policy);
  if (!candidate) forget();
  return candidate;
}

void LargeZoneFile::installed(std::shared_ptr<const ZoneVersion> version) {
  if (version_ != nullptr) version_ = std::move(version);
}

std::size_t LargeZoneFile::packed_octets() const {
  std::size_t octets = 0;
  for (const auto& piece : pieces_) octets += piece.packed->size();
  return octets;
}

void LargeZoneFile::forget() {
  pieces_.clear();
  last_context_.reset();
  version_.reset();
  soa_.reset();
  targets_.reset();
  uneven_.clear();
  complained_.clear();
}

// --- The whole file ----------------------------------------------------------------------------

std::optional<Candidate> LargeZoneFile::read_whole(PieceReader& pieces, const std::string& shown,
                                                   const RulePolicy& policy) {
  ZoneBuilder builder(apex_);
  if (!build(pieces, builder)) return std::nullopt;
  auto version = builder.finish();
  if (!version) return std::nullopt;  // no SOA
  version_ = std::move(*version);
  const auto soa = version_->find(apex_, dns::RRType::SOA);
  if (soa->rdata.size() != 1) return std::nullopt;
  soa_ = soa->rdata.front();
  auto names = names_not_plain(*version_, policy);
  if (names.size() > few_names) return std::nullopt;
  names.insert(uneven_.begin(), uneven_.end());
  return checked(shown, names, policy);
}

bool LargeZoneFile::build(PieceReader& pieces, ZoneBuilder& builder) {
  PieceCrew crew(apex_, pieces, thread_count());
  for (;;) {
    auto piece = crew.next();
    if (!piece) return false;
    if (*piece == nullptr) return true;
    const ReadPiece& read = **piece;
    if (!read.is_plain || !add_records(read, builder)) return false;
    pieces_.push_back({read.hash,
                       read.octets,
                       read.newlines,
                       std::make_shared<const std::string>(read.packed),
                       shared(read.from),
                       shared(read.records.end),
                       {}});
    pieces_.back().note_owners(read.records);
  }
}

std::size_t LargeZoneFile::Owners::place(Octets owner) {
  std::uint32_t value = 0x811c'9dc5u;
  for (const auto octet : owner) value = (value ^ dns::lower(octet)) * 0x0100'0193u;
  return (value ^ value >> 15) % 2048;
}

void LargeZoneFile::Kept::note_owners(const PieceRecords& all) {
  std::uint32_t last = 0;
  for (const auto& record : all.records) {
    if (&record == all.records.data() || record.owner != last) owners.add(all.owner_of(record));
    last = record.owner;
  }
}

bool LargeZoneFile::add_records(const ReadPiece& piece, ZoneBuilder& builder) {
  const auto& records = piece.records.records;
  std::vector<RecordView> of_owner;
  for (std::size_t i = 0; i < records.size();) {
    const auto& first = records[i];
    const Octets owner = piece.records.owner_of(first);
    of_owner.clear();
    for (; i < records.size() && records[i].owner == first.owner; ++i) {
      of_owner.push_back({records[i].type, records[i].ttl, piece.records.rdata_of(records[i])});
    }
    switch (builder.add(owner.first(owner.size() - apex_.size()), of_owner)) {
      case ZoneBuilder::Added::evenly:
        break;
      case ZoneBuilder::Added::unevenly:
        uneven_.insert(dns::Name::from_trusted(owner));
        if (uneven_.size() > few_names) return false;
        break;
      case ZoneBuilder::Added::not_at_all:
        return false;
    }
  }
  return true;
}

/// Nearly all pieces of a file stand in the same context.
std::shared_ptr<const ReadingContext> LargeZoneFile::shared(const ReadingContext& context) {
  if (!last_context_ || !(*last_context_ == context)) {
    last_context_ = std::make_shared<const ReadingContext>(context);
  }
  return last_context_;
}

// --- What changed ------------------------------------------------------------------------------

std::optional<Candidate> LargeZoneFile::read_changes(PieceReader& pieces, const std::string& shown,
                                                     const RulePolicy& policy) {
  std::vector<Kept> next;
  Delta delta;
  if (!find_changes(pieces, next, delta)) return std::nullopt;
  auto after = apply(delta);
  if (!after) return std::nullopt;
  const auto before = std::exchange(version_, std::move(after));
  pieces_ = std::move(next);
  const auto changes = changes_between(*before, *version_);
  if (!targets_) targets_.emplace(*before);
  targets_->apply(apex_, changes);
  auto names = names_touched(*before, *version_, changes, &*targets_);
  if (!names) names = names_not_plain(*version_, policy);
  names->insert(complained_.begin(), complained_.end());
  if (names->size() > few_names) return std::nullopt;
  return checked(shown, *names, policy);
}

/// False if too much changed, or something that needs to be read in another way.
bool LargeZoneFile::find_changes(PieceReader& pieces, std::vector<Kept>& next, Delta& delta) {
  std::unordered_multimap<std::uint64_t, std::size_t> known;
  std::size_t all_octets = 0;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    known.emplace(pieces_[i].hash.low, i);
    all_octets += pieces_[i].octets;
  }
  const std::size_t most = std::max(much_text, all_octets / 4);
  std::size_t changed = 0;
  TextPacker packer;
  PieceRecords records;
  auto context = shared(ReadingContext{apex_, {}, {}});
  const auto take_known = [&](const PieceHash& hash) {
    const auto [begin, end] = known.equal_range(hash.low);
    const auto same = std::find_if(begin, end, [&](const auto& entry) {
      return pieces_[entry.second].hash == hash && *pieces_[entry.second].from == *context;
    });
    if (same == end) return false;
    next.push_back(pieces_[same->second]);
    known.erase(same);
    return true;
  };
  for (;;) {
    const auto piece = pieces.next();
    if (!piece) return false;
    if (!*piece) break;
    if (!take_known((*piece)->hash)) {
      const auto text = (*piece)->text;
      changed += text.size();
      if (changed > most || !read_piece(apex_, text, *context, records)) return false;
      Delta::append(records, delta.come);
      next.push_back({(*piece)->hash,
                      static_cast<std::uint32_t>(text.size()),
                      (*piece)->newlines,
                      std::make_shared<const std::string>(packer.pack(text)),
                      context,
                      shared(records.end),
                      {}});
      next.back().note_owners(records);
    }
    context = next.back().end;
  }
  for (const auto& [hash, i] : known) {
    changed += pieces_[i].octets;
    if (changed > most) return false;
    const auto text = packer.unpack(*pieces_[i].packed, pieces_[i].octets);
    if (!text || !read_piece(apex_, *text, *pieces_[i].from, records)) return false;
    Delta::append(records, delta.gone);
  }
  return true;
}

/// The version with the changes and the serial of the text; null if they do not fit to it.
std::shared_ptr<const ZoneVersion> LargeZoneFile::apply(Delta& delta) {
  ZoneBuilder builder(*version_);
  auto soa = *version_->find(apex_, dns::RRType::SOA);
  soa.rdata = {*soa_};  // the version may have a serial of ours
  for (const auto& [key, sides] : delta.by_rrset()) {
    const auto& [owner, type] = key;
    if (uneven_.contains(owner)) return nullptr;
    const bool is_soa = type == dns::RRType::SOA && owner == apex_;
    auto base = is_soa ? std::optional(soa) : builder.find(owner, type);
    auto rrset = Delta::changed(owner, type, std::move(base), sides);
    if (!rrset || (is_soa && rrset->rdata.size() != 1)) return nullptr;
    if (is_soa) {
      soa = std::move(*rrset);
    } else if (rrset->rdata.empty()) {
      builder.remove(owner, type);
    } else {
      builder.put(std::move(*rrset));
    }
  }
  auto rdata = soa.rdata.front();
  builder.put(std::move(soa));
  auto version = builder.finish();
  if (!version) return nullptr;
  soa_ = std::move(rdata);
  return std::move(*version);
}

// --- Checking ----------------------------------------------------------------------------------

/// Checks these names of version_. Most often there is nothing to say; only else are they looked
/// for in the text, for their places and for what the version does not show.
std::optional<Candidate> LargeZoneFile::checked(const std::string& shown, const Names& names,
                                                const RulePolicy& policy) {
  Candidate candidate;
  complained_.clear();
  const bool is_silent =
      uneven_.empty() &&
      check_part(*version_, records_of(*version_, names), nullptr, policy).empty();
  if (!is_silent) {
    auto records = gather(names, shown);
    if (!records) return std::nullopt;
    candidate.findings = check_part(
        *version_, *records, [this](const auto&, std::size_t n) { return line_at(n); }, policy);
    std::set<std::size_t> lines;
    for (const auto& finding : candidate.findings) lines.insert(finding.line);
    for (const auto& item : records->items) {
      if (lines.contains(item.place.line)) complained_.insert(item.owner);
    }
  }
  if (!has_errors(candidate.findings)) candidate.version = version_;
  return candidate;
}

/// All records of these names in the order of the text.
std::optional<SourceRecords> LargeZoneFile::gather(const Names& names,
                                                   const std::string& shown) const {
  const std::unordered_set<dns::Name, dns::NameHash> wanted(names.begin(), names.end());
  std::array<bool, 256> sizes{};
  for (const auto& name : names) sizes[name.size()] = true;
  SourceRecords found;
  found.files = {shown};
  TextPacker packer;
  PieceRecords read;
  std::uint32_t line = 0;
  for (const auto& piece : pieces_) {
    const auto before = line;
    line += piece.newlines;
    const bool may_have = std::any_of(names.begin(), names.end(), [&](const dns::Name& name) {
      return piece.owners.may_have(name.wire());
    });
    if (!may_have) continue;
    const auto text = packer.unpack(*piece.packed, piece.octets);
    if (!text || !read_piece(apex_, *text, *piece.from, read)) return std::nullopt;
    for (const auto& record : read.records) {
      if (!sizes[record.owner_size]) continue;
      auto owner = dns::Name::from_trusted(read.owner_of(record));
      if (!wanted.contains(owner)) continue;
      found.items.push_back({std::move(owner), record.type, record.ttl,
                             dns::Rdata(read.rdata_of(record)),
                             Place{0, before + record.line, record.column}});
    }
  }
  return found;
}

std::string LargeZoneFile::line_at(std::size_t number) const {
  std::size_t before = 0;
  for (const auto& piece : pieces_) {
    if (number > before + piece.newlines) {
      before += piece.newlines;
      continue;
    }
    const auto text = TextPacker().unpack(*piece.packed, piece.octets);
    if (!text) return "";
    std::string_view rest = *text;
    for (; number > before + 1; --number) rest.remove_prefix(rest.find('\n') + 1);
    constexpr std::size_t enough = 4096;
    rest = rest.substr(0, std::min(rest.find('\n'), enough));
    if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
    return std::string(rest);
  }
  return "";
}

}  // namespace taproot::zonestore
