#include "net/resolve.hpp"

#include "net/timer.hpp"
#include "net/uv_owned.hpp"

#include <netdb.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace taproot::net {

struct HostLookup::State {
  explicit State(Loop& loop) : refusal(std::in_place, loop, [this] { refuse(); }) {}

  uv_getaddrinfo_t request{};
  std::shared_ptr<State> running;  ///< keeps this alive until libuv is done with the request
  std::optional<Timer> refusal;    ///< for a name that is not even asked for
  std::string host;
  OnFound on_found;
  bool wanted = true;

  void refuse();
  static void on_done(uv_getaddrinfo_t* request, int status, addrinfo* list) noexcept;
};

namespace {

std::vector<Address> addresses_of(const addrinfo* list) {
  std::vector<Address> addresses;
  for (; list != nullptr; list = list->ai_next) {
    const auto endpoint = Endpoint::from_sockaddr(list->ai_addr, list->ai_addrlen);
    if (!endpoint) continue;
    const auto& address = endpoint->address();
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

}  // namespace

void HostLookup::State::on_done(uv_getaddrinfo_t* request, int status, addrinfo* list) noexcept {
  const auto self = std::move(static_cast<State*>(request->data)->running);
  auto addresses = addresses_of(list);
  uv_freeaddrinfo(list);
  if (!self->wanted) return;
  self->wanted = false;
  if (!addresses.empty()) return self->on_found(std::move(addresses));
  const bool absent = status == UV_EAI_NONAME || status == UV_EAI_NODATA || status == 0;
  self->on_found(
      fail(absent ? Errc::not_found : Errc::io,
           self->host + ": " + (status == 0 ? "the host has no address" : uv_strerror(status))));
}

void HostLookup::State::refuse() {
  const auto tell = std::move(on_found);  // the owner may destroy this in the call
  tell(fail(Errc::not_found, "not a host name"));
}

HostLookup::HostLookup(Loop& loop, const std::string& host, OnFound on_found)
    : state_(std::make_shared<State>(loop)) {
  state_->request.data = state_.get();
  state_->host = host;
  state_->on_found = std::move(on_found);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const bool asked = host.find('\0') == host.npos &&
                     uv_getaddrinfo(loop.handle(), &state_->request, State::on_done, host.c_str(),
                                    nullptr, &hints) == 0;
  if (asked) {
    state_->running = state_;
  } else {
    state_->refusal->set_after(Clock::duration::zero());
  }
}

HostLookup::~HostLookup() {
  state_->wanted = false;
  state_->refusal.reset();  // the rest may stay until the request is done
  if (state_->running) uv_cancel(reinterpret_cast<uv_req_t*>(&state_->request));
}

}  // namespace taproot::net
