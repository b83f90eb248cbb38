#include "net/tcp_listener.hpp"

#include "net/descriptor.hpp"
#include "net/timer.hpp"
#include "net/uv_owned.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace taproot::net {

namespace {

/// Connections taken in one turn of the loop: then its other sockets have their turn.
constexpr int accepts_in_a_row = 64;
constexpr auto rest_when_full = std::chrono::milliseconds(100);

Descriptor open_reserve() {
  return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

Descriptor accept_one(int socket) {
  return Descriptor(::accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

}  // namespace

struct TcpListener::State {
  /// What a listener and its connections know of each other; either may end first.
  struct Shared {
    std::size_t open_connections = 0;
    State* listener = nullptr;
  };
  /// One connection's share of the limit.
  class Place {
   public:
    explicit Place(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
      ++shared_->open_connections;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      --shared_->open_connections;
      if (shared_->listener != nullptr) shared_->listener->on_released();
    }

   private:
    std::shared_ptr<Shared> shared_;
  };

  State(Loop& on_loop, Options with, OnAccept call)
      : loop(on_loop),
        options(std::move(with)),
        on_accept(std::move(call)),
        rest_timer(std::in_place, on_loop, [this] { watch(); }) {
    shared->listener = this;
  }

  uv_poll_t handle{};
  Loop& loop;
  Options options;
  OnAccept on_accept;
  Descriptor socket;
  Descriptor reserve = open_reserve();
  std::optional<Timer> rest_timer;
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  Counts counts;
  bool open = true;  ///< the resource still lives

  void watch() noexcept;
  void rest();
  void on_released();
  void on_ready(int status) noexcept;
  bool accept_next();
  bool accept_with_reserve();
  void admit(Descriptor connection);
  bool make_room();
};

void TcpListener::State::watch() noexcept {
  uv_poll_start(&handle, UV_READABLE, [](uv_poll_t* poll, int status, int) noexcept {
    state_of<State>(poll)->on_ready(status);
  });
}

void TcpListener::State::rest() {
  uv_poll_stop(&handle);
  rest_timer->set_after(rest_when_full);
}

void TcpListener::State::on_released() {
  if (rest_timer->is_set()) rest_timer->set_after(Clock::duration::zero());
}

void TcpListener::State::on_ready(int status) noexcept {
  if (status < 0) return rest();
  for (int i = 0; i < accepts_in_a_row && open; ++i) {
    if (!accept_next()) return;
  }
}

/// Whether there may be more to accept now.
bool TcpListener::State::accept_next() {
  auto connection = accept_one(socket.number());
  if (connection.is_open()) {
    admit(std::move(connection));
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
      return accept_with_reserve();
    case ENOBUFS:
    case ENOMEM:
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
      rest();
      return false;
    default:  // what came to pass with this one connection before we took it, accept(2)
      return true;
  }
}

/// The process has no descriptor left: gives the reserve to the next connection, and keeps it if
/// the owner ends another one for it.
bool TcpListener::State::accept_with_reserve() {
  reserve.close();
  auto connection = accept_one(socket.number());
  if (!connection.is_open() && errno == EAGAIN) {  // nobody was waiting: EMFILE comes before that
    reserve = open_reserve();
    return false;
  }
  ++counts.no_descriptor;
  if (connection.is_open() && options.on_full) options.on_full();
  if (!open) return false;
  reserve = open_reserve();
  if (connection.is_open() && reserve.is_open()) {
    admit(std::move(connection));
    return open;
  }
  if (connection.is_open()) ++counts.refused;
  connection.close();
  if (!reserve.is_open()) reserve = open_reserve();
  rest();
  return false;
}

void TcpListener::State::admit(Descriptor connection) {
  if (!make_room()) return;
  auto stream = TcpStream::adopt(loop, std::move(connection), std::make_shared<Place>(shared));
  if (!stream) return;
  ++counts.accepted;
  on_accept(std::move(*stream));
}

bool TcpListener::State::make_room() {
  const auto full = [this] { return shared->open_connections >= options.max_connections; };
  if (!full()) return true;
  if (options.on_full) options.on_full();
  if (!open) return false;
  if (full()) ++counts.refused;
  return !full();
}

void TcpListener::Close::operator()(State* state) const noexcept {
  state->open = false;
  state->shared->listener = nullptr;
  state->rest_timer.reset();
  close_owned(state);
}

TcpListener::TcpListener(Owned state, const Endpoint& local)
    : state_(std::move(state)), local_(local) {}
TcpListener::~TcpListener() = default;

std::size_t TcpListener::open_connections() const {
  return state_->shared->open_connections;
}
const TcpListener::Counts& TcpListener::counts() const {
  return state_->counts;
}

Result<std::unique_ptr<TcpListener>> TcpListener::open(Loop& loop, const Endpoint& endpoint,
                                                       Options options, OnAccept on_accept) {
  const auto what = "cannot listen on " + endpoint.to_text();
  auto socket = bind_socket(endpoint, {.type = SOCK_STREAM, .reuse_port = options.reuse_port});
  if (!socket) return tl::unexpected(socket.error());
  if (::listen(socket->number(), options.backlog) != 0) {
    return tl::unexpected(system_error(what, errno));
  }
  auto fresh = std::make_unique<State>(loop, std::move(options), std::move(on_accept));
  const int status = uv_poll_init(loop.handle(), &fresh->handle, socket->number());
  if (status != 0) return tl::unexpected(system_error(what, status));
  Owned state(fresh.release());
  state->handle.data = state.get();
  state->socket = std::move(*socket);
  state->watch();
  const auto local = local_endpoint(state->socket.number());
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(state), local));
}

}  // namespace taproot::net
