#include "xfr/delivered_differences.hpp"

#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace taproot;
using tests::name_of;
using xfr::DeliveredDifferences;

namespace {

/// A secondary and the octets it is made of.
struct Secondary {
  dns::Name apex;
  net::Address address;
  std::optional<dns::Name> key;
  DeliveredDifferences::Place place() const {
    return DeliveredDifferences::Place({apex, address, key});
  }
};

Secondary secondary(const std::string& apex, const std::string& address, const std::string& key) {
  return {name_of(apex), net::Address::from_text(address).value(),
          key.empty() ? std::nullopt : std::optional(name_of(key))};
}

}  // namespace

TEST_CASE("deliveries are counted by zone, address, key and serial", "[xfr][ixfr]") {
  const auto table = std::make_unique<DeliveredDifferences>();
  const auto one = secondary("example.", "192.0.2.1", "k.");
  const dns::Serial seven(7);
  CHECK(table->find(one.place(), seven).deliveries == 0);
  table->on_delivered(one.place(), seven);
  table->on_delivered(one.place(), seven);
  CHECK(table->find(one.place(), seven).deliveries == 2);
  CHECK(table->find(one.place(), dns::Serial(8)).deliveries == 0);
  for (const auto& other :
       {secondary("example.org.", "192.0.2.1", "k."), secondary("example.", "192.0.2.2", "k."),
        secondary("example.", "192.0.2.1", "l."), secondary("example.", "192.0.2.1", "")}) {
    CHECK(table->find(other.place(), seven).deliveries == 0);
  }
  // The names of a zone and a key are the same in any case.
  CHECK(table->find(secondary("EXAMPLE.", "192.0.2.1", "K.").place(), seven).deliveries == 2);
}

TEST_CASE("who moved on begins anew", "[xfr][ixfr]") {
  const auto table = std::make_unique<DeliveredDifferences>();
  const auto one = secondary("example.", "2001:db8::1", "");
  table->on_broken_off(one.place(), dns::Serial(7));
  CHECK(table->find(one.place(), dns::Serial(7)).broke_off);
  table->on_delivered(one.place(), dns::Serial(8));
  CHECK_FALSE(table->find(one.place(), dns::Serial(7)).broke_off);
  CHECK(table->find(one.place(), dns::Serial(8)).deliveries == 1);
  table->on_broken_off(one.place(), dns::Serial(8));
  CHECK(table->find(one.place(), dns::Serial(8)).broke_off);
}

TEST_CASE("counts do not run over", "[xfr][ixfr]") {
  const auto table = std::make_unique<DeliveredDifferences>();
  const auto one = secondary("example.", "192.0.2.1", "");
  for (int i = 0; i < 1000; ++i) table->on_delivered(one.place(), dns::Serial(0xffff'ffff));
  CHECK(table->find(one.place(), dns::Serial(0xffff'ffff)).deliveries == 31);
  CHECK_FALSE(table->find(one.place(), dns::Serial(0xffff'ffff)).broke_off);
}

TEST_CASE("a full table forgets, and confuses nobody", "[xfr][ixfr]") {
  const auto table = std::make_unique<DeliveredDifferences>();
  std::vector<Secondary> many;
  for (int i = 0; i < 20000; ++i) {
    many.push_back(secondary("z" + std::to_string(i) + ".", "192.0.2.1", ""));
    table->on_delivered(many.back().place(), dns::Serial(1));
  }
  std::size_t known = 0;
  for (const auto& one : many) {
    const auto found = table->find(one.place(), dns::Serial(1));
    CHECK(found.deliveries <= 1);
    known += found.deliveries;
  }
  CHECK(known > 7000);
  CHECK(known <= 8192);
  CHECK(table->find(many.back().place(), dns::Serial(1)).deliveries == 1);
}
