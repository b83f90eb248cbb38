#include "pushers/batches.hpp"

#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace taproot::pushers {

using namespace test;

namespace {

PlannedChange change(std::size_t unit, bool update) {
  PlannedChange result;
  result.after = rrset("h" + std::to_string(unit) + " 300 A 192.0.2.1");
  if (update) result.before = result.after;
  result.unit = unit;
  return result;
}

Batch flat(const std::vector<Batch>& batches) {
  Batch all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

}  // namespace

TEST_CASE("batches keep order and units, and stay within limits", "[pushers][batches]") {
  const auto seed = GENERATE(take(100, random(0U, 1'000'000U)));
  std::mt19937 random(seed);
  std::vector<PlannedChange> changes;
  for (std::size_t unit = 0; unit < 20; ++unit) {
    for (auto i = random() % 3; i <= 2; ++i) changes.push_back(change(unit, random() % 2 == 0));
  }
  BatchLimits limits;
  limits.max_changes = 3 + random() % 8;
  limits.max_octets = 100 + random() % 200;
  limits.update_weight = 1 + random() % 2;
  const auto octets_of = [](const PlannedChange& c) { return c.is_update() ? 40U : 20U; };
  const auto weight_of = [&](const PlannedChange& c) {
    return c.is_update() ? limits.update_weight : std::size_t{1};
  };
  const auto batches = pack(changes, limits, octets_of, weight_of);
  CHECK(flat(batches) == changes);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    std::size_t weight = 0;
    std::size_t octets = 0;
    for (const auto& one : batches[i]) {
      weight += one.is_update() ? limits.update_weight : 1;
      octets += octets_of(one);
    }
    const bool is_one_unit = batches[i].front().unit == batches[i].back().unit;
    CHECK((is_one_unit || (weight <= limits.max_changes && octets <= limits.max_octets)));
    if (i > 0) CHECK(batches[i].front().unit != batches[i - 1].back().unit);
  }
}

TEST_CASE("a refused batch is halved between units until one is left", "[pushers][batches]") {
  Batch batch{change(0, false), change(1, false), change(1, false), change(1, false),
              change(2, false)};
  const auto halves = halve(batch);
  CHECK(flat({halves.first, halves.second}) == batch);
  CHECK_FALSE(halves.first.empty());
  CHECK_FALSE(halves.second.empty());
  CHECK(halves.first.back().unit != halves.second.front().unit);
  CHECK(halve({change(1, false), change(1, false)}).second.empty());

  const auto one = isolate(batch, batch[2].key());
  CHECK(one.first.size() == 3);
  CHECK(one.second.size() == 2);
  CHECK(isolate(batch, {name("nobody"), dns::RRType::A}).first.empty());
}

}  // namespace taproot::pushers
