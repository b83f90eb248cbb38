#include "net/tcp_stream.hpp"

#include "net/descriptor.hpp"
#include "net/timer.hpp"
#include "net/uv_owned.hpp"

#include <utility>

namespace taproot::net {

struct TcpStream::State {
  uv_tcp_t handle{};
  uv_connect_t connect{};
  uv_shutdown_t shutdown{};
  std::span<std::uint8_t> buffer;
  std::shared_ptr<void> place;
  TcpConnect::State* connecting = nullptr;
  OnData on_data;
  OnClosed on_closed;
  Endpoint peer;
  Endpoint local;
  bool open = true;      ///< the resource still lives: there is somebody to call
  bool ended = false;    ///< the peer will send no more
  bool closing = false;  ///< close() was called
  bool broken = false;   ///< the last on_closed was called

  uv_stream_t* stream() noexcept { return reinterpret_cast<uv_stream_t*>(&handle); }
  void read() noexcept;
  void end(TcpEnd how) noexcept;

  static void give_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) noexcept;
  static void on_shutdown(uv_shutdown_t* request, int status) noexcept;
};

namespace {

TcpEnd end_of(ssize_t status) {
  if (status == UV_EOF) return TcpEnd::finished;
  return status == UV_ECONNRESET || status == UV_EPIPE ? TcpEnd::reset : TcpEnd::failed;
}

/// Octets on their way out; frees itself when libuv is done with it.
template <class State>
struct Write {
  uv_write_t request{};
  State* stream = nullptr;
  std::vector<std::uint8_t> octets;
  TcpStream::OnWritten on_written;

  static void on_done(uv_write_t* request, int status) noexcept {
    const std::unique_ptr<Write> self(static_cast<Write*>(request->data));
    if (!self->stream->open) return;
    if (status == 0) {
      if (self->on_written) self->on_written();
    } else {
      self->stream->end(end_of(status));
    }
  }
};

}  // namespace

void TcpStream::State::give_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
  const auto& room = state_of<State>(handle)->buffer;
  *buffer = uv_buf_init(reinterpret_cast<char*>(room.data()), static_cast<unsigned>(room.size()));
}

void TcpStream::State::read() noexcept {
  uv_read_start(stream(), give_buffer, on_read);
}

void TcpStream::State::on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) noexcept {
  State& self = *state_of<State>(stream);
  if (!self.open || self.closing || size == 0) return;
  if (size < 0) {
    uv_read_stop(stream);
    self.ended = true;
    self.end(end_of(size));
    return;
  }
  const auto* octets = reinterpret_cast<const std::uint8_t*>(buffer->base);
  self.on_data(Octets(octets, static_cast<std::size_t>(size)));
}

void TcpStream::State::on_shutdown(uv_shutdown_t* request, int status) noexcept {
  State& self = *state_of<State>(request->handle);
  if (self.open) self.end(status == 0 ? TcpEnd::finished : end_of(status));
}

/// Tells the owner, who may destroy the stream in the call.
void TcpStream::State::end(TcpEnd how) noexcept {
  if (broken) return;
  if (how != TcpEnd::finished || closing) broken = true;
  if (broken) {
    ended = true;
    uv_read_stop(stream());
  }
  if (on_closed) on_closed(how);
}

void TcpStream::Close::operator()(State* state) const noexcept {
  state->open = false;
  close_owned(state);  // closes the descriptor at once, so that its place is free
  state->place.reset();
}

TcpStream::TcpStream(Owned state) : state_(std::move(state)) {}
TcpStream::~TcpStream() = default;

Result<std::unique_ptr<TcpStream>> TcpStream::adopt(Loop& loop, Descriptor socket,
                                                    std::shared_ptr<void> place) {
  Owned state(new State);
  uv_tcp_init(loop.handle(), &state->handle);
  state->handle.data = state.get();
  state->buffer = loop.receive_buffer();
  state->place = std::move(place);
  state->peer = peer_endpoint(socket.number());
  state->local = local_endpoint(socket.number());
  const int status = uv_tcp_open(&state->handle, socket.number());
  if (status != 0) return tl::unexpected(system_error("cannot use a connection", status));
  (void)socket.release();  // the handle closes it now
  uv_tcp_nodelay(&state->handle, 1);
  return std::unique_ptr<TcpStream>(new TcpStream(std::move(state)));
}

void TcpStream::start(OnData on_data, OnClosed on_closed) {
  state_->on_data = std::move(on_data);
  state_->on_closed = std::move(on_closed);
  state_->read();
}

void TcpStream::write(std::vector<std::uint8_t> octets, OnWritten on_written) {
  if (state_->closing || state_->broken) return;
  auto owned = std::make_unique<Write<State>>();
  owned->request.data = owned.get();
  owned->stream = state_.get();
  owned->octets = std::move(octets);
  owned->on_written = std::move(on_written);
  const auto buffer = uv_buf_init(reinterpret_cast<char*>(owned->octets.data()),
                                  static_cast<unsigned>(owned->octets.size()));
  // What fails at once fails because the connection is gone, and reading tells that.
  if (uv_write(&owned->request, state_->stream(), &buffer, 1, Write<State>::on_done) == 0) {
    (void)owned.release();
  }
}

std::size_t TcpStream::queued() const {
  return uv_stream_get_write_queue_size(state_->stream());
}

void TcpStream::pause_reading() {
  uv_read_stop(state_->stream());
}

void TcpStream::resume_reading() {
  if (state_->on_data && !state_->closing && !state_->ended) state_->read();
}

void TcpStream::close() {
  if (state_->closing || state_->broken) return;
  state_->closing = true;
  uv_read_stop(state_->stream());
  uv_shutdown(&state_->shutdown, state_->stream(), State::on_shutdown);
}

const Endpoint& TcpStream::peer() const {
  return state_->peer;
}
const Endpoint& TcpStream::local() const {
  return state_->local;
}

struct TcpConnect::State : std::enable_shared_from_this<State> {
  State(Loop& loop, const Endpoint& to)
      : peer(to), timer(loop, [this] { finish(tl::unexpected(outcome)); }) {}

  Endpoint peer;
  TcpStream::Owned stream;
  TcpStream::OnConnected on_connected;
  Error outcome;  ///< what it means when the timer calls
  Timer timer;

  void begin(Loop& loop, const std::optional<Address>& source, std::chrono::milliseconds timeout);
  int try_connect(Loop& loop, const std::optional<Address>& source);
  void on_connect(int status);
  void finish(Result<std::unique_ptr<TcpStream>> result);
};

/// An errno if it failed at once.
int TcpConnect::State::try_connect(Loop& loop, const std::optional<Address>& source) {
  stream.reset(new TcpStream::State);
  uv_tcp_init(loop.handle(), &stream->handle);
  stream->handle.data = stream.get();
  stream->buffer = loop.receive_buffer();
  stream->peer = peer;
  stream->connecting = this;
  if (source) {
    const auto from = Endpoint(*source, 0).to_sockaddr();
    if (const int status = uv_tcp_bind(&stream->handle, from.get(), 0); status != 0) return status;
  }
  const auto to = peer.to_sockaddr();
  return uv_tcp_connect(&stream->connect, &stream->handle, to.get(),
                        [](uv_connect_t* request, int status) noexcept {
                          auto& state = *state_of<TcpStream::State>(request->handle);
                          if (state.open) state.connecting->on_connect(status);
                        });
}

void TcpConnect::State::begin(Loop& loop, const std::optional<Address>& source,
                              std::chrono::milliseconds timeout) {
  const auto what = "cannot connect to " + peer.to_text();
  outcome = {Errc::timed_out, what + ": no answer in " + std::to_string(timeout.count()) + " ms"};
  timer.set_after(timeout);
  if (const int status = try_connect(loop, source); status != 0) {
    outcome = system_error(what, status);
    timer.set_after(Clock::duration::zero());  // never from inside the call that started it
  }
}

void TcpConnect::State::on_connect(int status) {
  if (status != 0) {
    return finish(tl::unexpected(system_error("cannot connect to " + peer.to_text(), status)));
  }
  uv_os_fd_t number = -1;
  uv_fileno(as_handle(&stream->handle), &number);
  stream->local = local_endpoint(number);
  stream->connecting = nullptr;
  uv_tcp_nodelay(&stream->handle, 1);
  finish(std::unique_ptr<TcpStream>(new TcpStream(std::move(stream))));
}

void TcpConnect::State::finish(Result<std::unique_ptr<TcpStream>> result) {
  const auto keep = shared_from_this();  // the owner may destroy this in the call
  timer.cancel();
  stream.reset();
  const auto tell = std::exchange(on_connected, nullptr);
  tell(std::move(result));
}

std::unique_ptr<TcpConnect> TcpStream::connect(Loop& loop, const Endpoint& peer,
                                               const std::optional<Address>& source,
                                               std::chrono::milliseconds timeout,
                                               OnConnected on_connected) {
  auto state = std::make_shared<TcpConnect::State>(loop, peer);
  state->on_connected = std::move(on_connected);
  state->begin(loop, source, timeout);
  return std::unique_ptr<TcpConnect>(new TcpConnect(std::move(state)));
}

TcpConnect::TcpConnect(std::shared_ptr<State> state) : state_(std::move(state)) {}
TcpConnect::~TcpConnect() = default;

}  // namespace taproot::net
