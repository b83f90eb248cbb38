#pragma once

#include "net/endpoint.hpp"
#include "net/loop.hpp"

#include <cstddef>
#include <unordered_map>

namespace taproot::server {

/// How many TLS handshakes each source may begin: each costs a signature, and nobody has to prove
/// anything for one. A source gathers a share of `per_second` for each second, `burst` at most.
/// Memory stays bounded however many sources there are: when there are too many, those that have
/// their whole share again are forgotten, and newcomers share one place until there is room.
class HandshakeQuota {
 public:
  static constexpr std::size_t max_sources = 10'000;

  HandshakeQuota(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  /// Takes one of the source's share; false if there is none left.
  bool take(const net::Address& source, net::Instant now);

  std::size_t sources() const { return sources_.size(); }

 private:
  struct Share {
    double left = 0;
    net::Instant as_of{};
  };
  bool take(Share& share, net::Instant now) const;
  double left_of(const Share& share, net::Instant now) const;
  void forget(net::Instant now);

  double per_second_;
  double burst_;
  std::unordered_map<net::Address, Share> sources_;
  Share others_;  ///< of all that there was no room for
  net::Instant forgot_{};
};

}  // namespace taproot::server
