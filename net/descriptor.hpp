#pragma once

#include "dns/result.hpp"
#include "net/endpoint.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace taproot::net {

/// A file descriptor with one owner, closed with it.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }
  /// Hands it to another owner.
  int release() { return std::exchange(number_, -1); }
  void close();

 private:
  int number_ = -1;
};

/// What a socket that answers is made of.
struct BindOptions {
  int type = 0;             ///< SOCK_DGRAM or SOCK_STREAM
  bool reuse_port = false;  ///< SO_REUSEPORT
};

/// A non-blocking socket of the endpoint's family, bound to it; IPv6 only, if IPv6. Fails with
/// Errc::in_use or Errc::io, and the detail names the endpoint.
Result<Descriptor> bind_socket(const Endpoint& endpoint, BindOptions options);

/// Where a socket is bound, or 0.0.0.0:0 if the system does not say.
Endpoint local_endpoint(int descriptor);
Endpoint peer_endpoint(int descriptor);

/// "`what`: Connection refused", with Errc::in_use for EADDRINUSE, Errc::timed_out for ETIMEDOUT,
/// and Errc::io for all else. `error` is an errno, also as libuv's negative.
Error system_error(const std::string& what, int error);

/// Raises the limit of open descriptors to what the system allows this process, and returns it.
std::size_t raise_descriptor_limit();

}  // namespace taproot::net
