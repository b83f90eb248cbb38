#include "dns/dsync.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace taproot;
using dns::Dsync;

namespace {

using Octet = std::uint8_t;

std::vector<Octet> rdata(std::vector<Octet> fixed, const char* target) {
  const auto name = dns::Name::from_text(target).value();
  fixed.insert(fixed.end(), name.wire().begin(), name.wire().end());
  return fixed;
}

}  // namespace

TEST_CASE("DSYNC rdata is read", "[dns][dsync]") {
  const auto read = Dsync::from_rdata(rdata({0, 59, 1, 0x14, 0xe9}, "notify.example.")).value();
  CHECK(read.type == dns::RRType::CDS);
  CHECK(read.scheme == Dsync::notify_scheme);
  CHECK(read.port == 5353);
  CHECK(read.target.to_text() == "notify.example.");
  CHECK(Dsync::from_rdata(rdata({0, 62, 0, 0, 0}, ".")).value().target.is_root());
}

TEST_CASE("DSYNC rdata that is wrong is an error", "[dns][dsync]") {
  auto longer = rdata({0, 59, 1, 0, 53}, "notify.example.");
  longer.push_back(0);
  auto shorter = rdata({0, 59, 1, 0, 53}, "notify.example.");
  shorter.pop_back();
  for (const auto& wrong : {std::vector<Octet>{},
                            {0, 59, 1, 0},
                            {0, 59, 1, 0, 53},
                            longer,
                            shorter,
                            {0, 59, 1, 0, 53, 0xc0, 0x0c},
                            {0, 59, 1, 0, 53, 64}}) {
    CHECK_FALSE(Dsync::from_rdata(wrong));
  }
}
