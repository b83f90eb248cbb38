#include "net/descriptor.hpp"

#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace taproot::net {

namespace {

bool set_option(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);

Endpoint endpoint_of(int descriptor, NameOf name_of) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (name_of(descriptor, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) {
    return {};
  }
  return Endpoint::from_sockaddr(address.get(), address.size).value_or(Endpoint{});
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  close();
}

void Descriptor::close() {
  if (number_ >= 0) ::close(release());
}

Result<Descriptor> bind_socket(const Endpoint& endpoint, BindOptions options) {
  const auto what = "cannot use " + endpoint.to_text();
  const int family = endpoint.address().is_ipv6() ? AF_INET6 : AF_INET;
  Descriptor socket(::socket(family, options.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return tl::unexpected(system_error(what, errno));

  // A restarted primary must not wait for the old one's connections in TIME_WAIT. For datagrams
  // the option would let two programs bind the same port without a word.
  bool ok = options.type != SOCK_STREAM || set_option(socket.number(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reuse_port) ok = ok && set_option(socket.number(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (family == AF_INET6) ok = ok && set_option(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  const auto address = endpoint.to_sockaddr();
  if (!ok || ::bind(socket.number(), address.get(), address.size) != 0) {
    return tl::unexpected(system_error(what, errno));
  }
  return socket;
}

Endpoint local_endpoint(int descriptor) {
  return endpoint_of(descriptor, ::getsockname);
}
Endpoint peer_endpoint(int descriptor) {
  return endpoint_of(descriptor, ::getpeername);
}

Error system_error(const std::string& what, int error) {
  if (error < 0) error = -error;
  const auto code = error == EADDRINUSE  ? Errc::in_use
                    : error == ETIMEDOUT ? Errc::timed_out
                                         : Errc::io;
  return {code, what + ": " + std::system_category().message(error)};
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit wanted{limit.rlim_max, limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
  return limit.rlim_cur;
}

}  // namespace taproot::net
