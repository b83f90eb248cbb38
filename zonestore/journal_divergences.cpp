#include "zonestore/journal_divergences.hpp"

#include "zonestore/journal_codec.hpp"

#include <string>
#include <utility>

namespace taproot::zonestore {

namespace {

/// An RRset as the changes of a step are written: so it is checked when it is read.
Result<std::string> encoded(const dns::RRset& rrset) {
  std::string content;
  ChangeSet one;
  one.changes.push_back({std::nullopt, rrset});
  const auto written = encode_changes(one, [&](Octets chunk) -> Result<void> {
    content.append(reinterpret_cast<const char*>(chunk.data()), chunk.size());
    return {};
  });
  if (!written) return tl::unexpected(written.error());
  return content;
}

Result<dns::RRset> decoded(const std::string& content, const RRsetKey& key) {
  auto one =
      decode_changes({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
  if (!one) return tl::unexpected(one.error());
  const bool fits = one->changes.size() == 1 && one->changes.front().after &&
                    one->changes.front().owner() == key.first &&
                    one->changes.front().type() == key.second;
  if (!fits) return fail(Errc::bad_message, "a divergence holds another RRset");
  return std::move(*one->changes.front().after);
}

}  // namespace

Result<void> write_divergences(JournalTables& tables, std::int64_t zone,
                               const DivergenceStep& step) {
  if (step.drops_all) {
    if (auto dropped = tables.drop_divergences(zone); !dropped) return dropped;
  }
  for (const auto& key : step.drops) {
    if (auto dropped = tables.drop_divergence(zone, key); !dropped) return dropped;
  }
  for (const auto& put : step.puts) {
    JournalTables::DivergenceRow row{put.key(), static_cast<std::int64_t>(put.by), std::nullopt};
    if (put.source) {
      auto content = encoded(*put.source);
      if (!content) return tl::unexpected(content.error());
      row.content = std::move(*content);
    }
    if (auto written = tables.put_divergence(zone, row); !written) return written;
  }
  return {};
}

Result<std::vector<Divergence>> read_divergences(JournalTables& tables, std::int64_t zone,
                                                 const std::optional<RRsetKey>& key) {
  auto rows = tables.divergences(zone, key);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Divergence> all;
  all.reserve(rows->size());
  for (auto& row : *rows) {
    const auto rollback = static_cast<std::int64_t>(Divergence::By::rollback);
    const auto by = row.by == rollback ? Divergence::By::rollback : Divergence::By::edit;
    Divergence divergence{row.key.first, row.key.second, std::nullopt, by};
    if (row.content) {
      auto rrset = decoded(*row.content, row.key);
      if (!rrset) return fail_in("the divergence of " + row.key.first.to_text(), rrset.error());
      divergence.source = std::move(*rrset);
    }
    all.push_back(std::move(divergence));
  }
  return all;
}

}  // namespace taproot::zonestore
