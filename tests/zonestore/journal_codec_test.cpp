#include "zonestore/journal_codec.hpp"

#include "journal_samples.hpp"

#include <openssl/sha.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

using namespace samples;
using zonestore::ChangeSet;
using Chunk = std::vector<std::uint8_t>;

namespace {

std::vector<Chunk> chunks_of(const ChangeSet& changes) {
  std::vector<Chunk> chunks;
  auto done = zonestore::encode_changes(changes, [&](Octets chunk) -> Result<void> {
    chunks.emplace_back(chunk.begin(), chunk.end());
    return {};
  });
  REQUIRE(done);
  return chunks;
}

std::vector<Chunk> chunks_of(const zonestore::ZoneVersion& version) {
  std::vector<Chunk> chunks;
  auto done = zonestore::encode_snapshot(version, [&](Octets chunk) -> Result<void> {
    chunks.emplace_back(chunk.begin(), chunk.end());
    return {};
  });
  REQUIRE(done);
  return chunks;
}

void mend_checksum(Chunk& chunk) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(chunk.data() + 8, chunk.size() - 8, digest.data());
  std::copy_n(digest.begin(), 8, chunk.begin());
}

ChangeSet sample_changes() {
  const auto apex = name_of("example.org.");
  const auto before =
      zone_of("example.org.", 1,
              {a_of(name_of("Gone.example.org."), {1, 2}), a_of(name_of("www.example.org."), {3})});
  const auto after = zone_of(
      "example.org.", 2,
      {a_of(name_of("www.example.org."), {3, 4}, 60), txt_of(name_of("new.example.org."), {"x"})});
  auto changes = changes_between(*before, *after);
  REQUIRE(changes.changes.size() == 4);
  return changes;
}

Result<VersionPtr> decode_snapshot(const dns::Name& apex, const std::vector<Chunk>& chunks) {
  zonestore::ZoneBuilder builder(apex);
  for (const auto& chunk : chunks) {
    if (auto fed = zonestore::decode_snapshot(chunk, builder); !fed) {
      return tl::unexpected(fed.error());
    }
  }
  return builder.finish();
}

}  // namespace

TEST_CASE("changes come back as they were", "[zonestore][journal]") {
  const auto changes = sample_changes();
  const auto chunks = chunks_of(changes);
  REQUIRE(chunks.size() == 1);
  const auto back = zonestore::decode_changes(chunks.front());
  REQUIRE(back);
  CHECK(back->from == changes.from);
  CHECK(back->to == changes.to);
  CHECK(back->changes == changes.changes);
}

TEST_CASE("a damaged octet anywhere is an error", "[zonestore][journal]") {
  const auto chunk = chunks_of(sample_changes()).front();
  for (std::size_t at = 0; at < chunk.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Chunk damaged = chunk;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ 1u << bit);
      CAPTURE(at, bit);
      REQUIRE_FALSE(zonestore::decode_changes(damaged));
    }
  }
  for (std::size_t size = 0; size < chunk.size(); ++size) {
    REQUIRE_FALSE(zonestore::decode_changes(Octets(chunk).first(size)));
  }
}

TEST_CASE("no octets behind a right checksum do harm", "[zonestore][journal]") {
  const auto changes = sample_changes();
  const auto chunk = chunks_of(changes).front();
  std::size_t accepted = 0;
  for (std::size_t at = 8; at < chunk.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      Chunk crafted = chunk;
      crafted[at] = static_cast<std::uint8_t>(value);
      mend_checksum(crafted);
      const auto back = zonestore::decode_changes(crafted);
      if (!back) continue;
      ++accepted;
      for (const auto& change : back->changes) {
        REQUIRE((change.before || change.after));
        if (change.before) REQUIRE_FALSE(change.before->rdata.empty());
        if (change.after) REQUIRE_FALSE(change.after->rdata.empty());
      }
    }
  }
  CHECK(accepted > chunk.size());  // at least the octets that stayed as they were
  for (std::size_t size = 10; size < chunk.size(); ++size) {
    Chunk cut(chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(size));
    mend_checksum(cut);
    const auto back = zonestore::decode_changes(cut);
    if (back) CHECK(back->changes.size() < changes.changes.size());
  }
}

TEST_CASE("large changes are cut into chunks", "[zonestore][journal]") {
  std::vector<dns::RRset> rrsets;
  for (int i = 0; i < 20000; ++i) {
    rrsets.push_back(
        txt_of(name_of("n" + std::to_string(i) + ".example."), {std::string(100, 'x')}));
  }
  const auto changes = changes_between(*zone_of("example.", 1), *zone_of("example.", 2, rrsets));
  const auto chunks = chunks_of(changes);
  CHECK(chunks.size() > 1);
  std::vector<zonestore::Change> back;
  for (const auto& chunk : chunks) {
    CHECK(chunk.size() < std::size_t{1} << 20);
    auto part = zonestore::decode_changes(chunk).value();
    CHECK(part.to == changes.to);
    back.insert(back.end(), part.changes.begin(), part.changes.end());
  }
  CHECK(back == changes.changes);
}

TEST_CASE("a change that holds too many records is refused", "[zonestore][journal]") {
  dns::RRset large{name_of("example."), dns::RRType::A, 60, {}};
  large.rdata.assign(65536, a_of(large.owner, {1}).rdata.front());
  const ChangeSet changes{dns::Serial(1), dns::Serial(2), {{std::nullopt, large}}};
  const auto done = zonestore::encode_changes(changes, [](Octets) -> Result<void> { return {}; });
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::too_large);
}

TEST_CASE("a snapshot comes back as it was, in chunks of 1 MiB or one name",
          "[zonestore][journal]") {
  struct Case {
    const char* what;
    std::string apex;
    std::vector<dns::RRset> rrsets;
  };
  std::vector<std::string> texts;
  for (int i = 0; i < 30000; ++i) texts.push_back(std::to_string(i) + std::string(90, 'y'));
  std::vector<dns::RRset> many;
  for (int i = 0; i < 30000; ++i) {
    many.push_back(a_of(name_of("n" + std::to_string(i) + ".a.b.example."), {1}));
  }
  const auto c =
      GENERATE_COPY(Case{"small", "example.", {a_of(name_of("www.example."), {1})}},
                    Case{"one large RRset", "example.", {txt_of(name_of("example."), texts)}},
                    Case{"many names", "example.", many},
                    Case{"the root zone", ".", {a_of(name_of("a.root."), {1})}});
  INFO(c.what);
  const auto version = zone_of(c.apex, 7, c.rrsets);
  const auto chunks = chunks_of(*version);
  for (const auto& chunk : chunks) {
    CHECK((chunk.size() < std::size_t{1} << 20 || version->name_count() == 1));
  }
  const auto back = decode_snapshot(version->apex(), chunks);
  REQUIRE(back);
  CHECK(octets_of(**back) == octets_of(*version));
  CHECK((*back)->record_count() == version->record_count());
}

TEST_CASE("no snapshot behind a right checksum does harm", "[zonestore][journal]") {
  const auto version = zone_of("example.", 7, {a_of(name_of("www.example."), {1, 2})});
  const auto chunk = chunks_of(*version).front();
  REQUIRE_FALSE(zonestore::decode_changes(chunk));  // of another kind
  std::size_t refused = 0;
  for (std::size_t at = 8; at < chunk.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      Chunk crafted = chunk;
      crafted[at] = static_cast<std::uint8_t>(value);
      const bool same = crafted == chunk;
      REQUIRE(decode_snapshot(version->apex(), {crafted}).has_value() == same);
      mend_checksum(crafted);
      if (!decode_snapshot(version->apex(), {crafted})) ++refused;
    }
  }
  CHECK(refused > chunk.size());
}

TEST_CASE("a chunk taken from a zone with a shorter apex does not make names too long",
          "[zonestore][journal]") {
  const std::string label(63, 'a');
  const auto owner = name_of(label + "." + label + "." + label + ".example.");
  const auto chunks = chunks_of(*zone_of("example.", 7, {a_of(owner, {1})}));
  const auto longer = name_of(label + ".example.");
  const auto back = decode_snapshot(longer, chunks);
  REQUIRE_FALSE(back);
  CHECK(back.error().code == Errc::name_too_long);
}
