#pragma once

#include "dns/octets.hpp"
#include "dns/rrset.hpp"
#include "pushers/rrset_key.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_md_ctx_st;

namespace taproot::pushers {

/// SHA-256 over values put in one after the other, each with its length before it, so that no two
/// different rows of values give the same octets.
class Digest {
 public:
  Digest();
  Digest& add(std::string_view octets);
  Digest& add(Octets octets);
  Digest& add(std::uint64_t number);

  /// Ends it; call once.
  std::array<std::uint8_t, 32> octets();
  /// The first `digits` hexadecimal digits; ends it.
  std::string hex(std::size_t digits);
  /// The first 8 octets as a number; ends it.
  std::uint64_t number();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// The rdata of an RRset in the form to compare: names lowered (RFC 4034 section 6.2), sorted,
/// without doubles; TXT strings joined unless `chunks_matter`.
std::vector<std::string> comparable(const dns::RRset& rrset, bool chunks_matter);

/// Owner, type, TTL and data in the form to compare, to which more may be added.
Digest digest_of(const dns::RRset& rrset, bool chunks_matter);

/// Stands for owner and type.
std::uint64_t fingerprint(const RRsetKey& key);
/// Stands for owner, type, TTL and data in the form to compare.
std::uint64_t fingerprint(const dns::RRset& rrset, bool chunks_matter);

}  // namespace taproot::pushers
