#include "net/tls_stream.hpp"

#include "net/timer.hpp"
#include "net/tls_native.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace taproot::net {

namespace {

constexpr std::size_t record_size = SSL3_RT_MAX_PLAIN_LENGTH;

/// What lies between OpenSSL and the connection: octets that came and were not taken yet, and
/// those that have to go. It takes whatever is written: how much that may be is for the writer of
/// the stream to say, who looks at queued().
struct Wire {
  Octets in;
  std::vector<std::uint8_t> out;

  static int on_read(BIO* bio, char* to, std::size_t size, std::size_t* taken) {
    BIO_clear_retry_flags(bio);
    auto& in = static_cast<Wire*>(BIO_get_data(bio))->in;
    *taken = std::min(size, in.size());
    if (*taken == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::copy_n(in.begin(), *taken, reinterpret_cast<std::uint8_t*>(to));
    in = in.subspan(*taken);
    return 1;
  }

  static int on_write(BIO* bio, const char* from, std::size_t size, std::size_t* written) {
    BIO_clear_retry_flags(bio);
    auto& out = static_cast<Wire*>(BIO_get_data(bio))->out;
    const auto* octets = reinterpret_cast<const std::uint8_t*>(from);
    out.insert(out.end(), octets, octets + size);
    *written = size;
    return 1;
  }

  static long on_control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    struct Free {
      void operator()(BIO_METHOD* made) const { BIO_meth_free(made); }
    };
    static const std::unique_ptr<BIO_METHOD, Free> made = [] {
      BIO_METHOD* const fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
      BIO_meth_set_read_ex(fresh, on_read);
      BIO_meth_set_write_ex(fresh, on_write);
      BIO_meth_set_ctrl(fresh, on_control);
      return std::unique_ptr<BIO_METHOD, Free>(fresh);
    }();
    return made.get();
  }

  /// For an SSL, which frees it.
  BIO* make_bio() {
    BIO* const bio = BIO_new(method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    return bio;
  }
};

bool has_pin(const std::vector<SpkiPin>& pins, const std::optional<SpkiPin>& pin) {
  return pin && std::find(pins.begin(), pins.end(), *pin) != pins.end();
}

}  // namespace

/// Kept alive by whoever is inside of it, since each call to the owner may destroy the stream.
struct TlsStream::State : std::enable_shared_from_this<State> {
  State(Loop& loop, std::unique_ptr<TcpStream> connection,
        const std::shared_ptr<const TlsContext>& with, std::chrono::milliseconds limit)
      : tcp(std::move(connection)),
        context(with),
        handshake_limit(limit),
        timer(loop, [this] { on_timer(); }) {}

  std::unique_ptr<TcpStream> tcp;
  std::shared_ptr<const TlsContext> context;
  std::chrono::milliseconds handshake_limit;
  Timer timer;  ///< before the handshake is over its limit; then: there is something to read
  Wire wire;
  Ssl ssl;
  std::vector<std::uint8_t> rest;   ///< what came while reading was paused
  std::vector<std::uint8_t> early;  ///< what was written before the handshake was over
  std::vector<OnWritten> on_early;
  OnData on_data;
  OnClosed on_closed;
  TlsPeer peer;
  std::string why;
  bool established = false;
  bool paused = false;
  bool peer_finished = false;  ///< its close_notify came
  bool closing = false;        ///< close() was called
  bool broken = false;         ///< the last on_closed was called
  bool open = true;            ///< the stream still lives: there is somebody to call

  void make_ssl();
  void begin();
  void on_timer();
  void on_octets(Octets octets);
  void on_end(TcpEnd end);
  void advance();
  bool shake_hands();
  std::optional<std::string> why_not_them();
  bool read_one();
  void send_early();
  void encrypt(Octets octets, OnWritten on_written);
  void flush(OnWritten on_written = nullptr);
  void fail(std::string reason);
  void end(TcpEnd how, std::string reason);
  void farewell();
};

void TlsStream::State::make_ssl() {
  const auto& native = context->native();
  ssl.reset(SSL_new(native.context.get()));
  if (!ssl) return;
  BIO* const bio = wire.make_bio();
  SSL_set_bio(ssl.get(), bio, bio);
  if (native.is_server) return SSL_set_accept_state(ssl.get());
  SSL_set_connect_state(ssl.get());
  if (native.hostname.empty()) return;
  if (Address::from_text(native.hostname)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), native.hostname.c_str());
    return;
  }
  SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl.get(), native.hostname.c_str());
  std::string hostname = native.hostname;  // what the library's macro does, without its C cast
  SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, hostname.data());
}

void TlsStream::State::begin() {
  timer.set_after(handshake_limit);
  make_ssl();
  const auto weak = weak_from_this();
  tcp->start(
      [weak](Octets octets) {
        if (const auto self = weak.lock()) self->on_octets(octets);
      },
      [weak](TcpEnd how) {
        if (const auto self = weak.lock()) self->on_end(how);
      });
  // A client speaks first. That cannot fail for what the other end does.
  if (ssl && !context->native().is_server) {
    ERR_clear_error();
    SSL_do_handshake(ssl.get());
    flush();
  }
}

void TlsStream::State::on_timer() {
  const auto keep = shared_from_this();
  if (!established) {
    return end(TcpEnd::failed, "the TLS handshake was not complete after " +
                                   std::to_string(handshake_limit.count()) + " ms");
  }
  advance();
  if (open && !broken && !paused && rest.empty() && !peer_finished) tcp->resume_reading();
}

void TlsStream::State::on_octets(Octets octets) {
  if (broken || peer_finished) return;
  if (rest.empty()) {
    wire.in = octets;
  } else {
    rest.insert(rest.end(), octets.begin(), octets.end());
  }
  advance();
}

void TlsStream::State::on_end(TcpEnd how) {
  if (broken) return;
  if (closing) return end(how, why);
  if (how != TcpEnd::finished) return end(how, "");
  if (peer_finished) return;
  end(TcpEnd::reset, established ? "the connection ended without TLS close_notify"
                                 : "the other end closed the connection in the TLS handshake");
}

/// Takes from what came as much as there is, or until reading is paused; the rest is kept.
void TlsStream::State::advance() {
  std::vector<std::uint8_t> kept;
  if (!rest.empty()) {
    kept = std::exchange(rest, {});
    wire.in = kept;
  }
  while (open && !broken && !closing && !peer_finished && !(established && paused)) {
    if (!(established ? read_one() : shake_hands())) break;
  }
  if (open && !broken && !peer_finished) rest.assign(wire.in.begin(), wire.in.end());
  wire.in = {};
  if (open && !broken) flush();
}

/// Whether the handshake is over now.
bool TlsStream::State::shake_hands() {
  if (!ssl) {
    fail("TLS cannot be begun");
    return false;
  }
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl.get());
  if (outcome != 1) {
    const int error = SSL_get_error(ssl.get(), outcome);
    if (error != SSL_ERROR_WANT_READ) fail("the TLS handshake failed");
    return false;
  }
  const std::unique_ptr<X509, FreeSsl> certificate(SSL_get1_peer_certificate(ssl.get()));
  peer = peer_of(certificate.get(), SSL_get_verify_result(ssl.get()));
  if (auto not_them = why_not_them()) {
    flush();
    end(TcpEnd::failed, std::move(*not_them));
    return false;
  }
  established = true;
  timer.cancel();
  if (paused) tcp->pause_reading();  // it would have held up the handshake
  send_early();
  return true;
}

/// What the handshake itself did not look at.
std::optional<std::string> TlsStream::State::why_not_them() {
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl.get(), &protocol, &size);
  if (size == 0) {
    return "the server does not know ALPN \"dot\" (RFC 9103 section 8.1)";
  }
  const auto& pins = context->native().pins;
  if (pins.empty() || has_pin(pins, peer.pin)) return std::nullopt;
  return "the server's key is not one of the pins: its own is " +
         (peer.pin ? peer.pin->to_text() : std::string("none"));
}

/// Whether there may be more to read.
bool TlsStream::State::read_one() {
  std::array<std::uint8_t, record_size> record;
  std::size_t size = 0;
  ERR_clear_error();
  if (SSL_read_ex(ssl.get(), record.data(), record.size(), &size) == 1) {
    on_data(Octets(record).first(size));
    return true;
  }
  switch (SSL_get_error(ssl.get(), 0)) {
    case SSL_ERROR_WANT_READ:
      return false;
    case SSL_ERROR_ZERO_RETURN:
      peer_finished = true;
      tcp->pause_reading();
      if (on_closed) on_closed(TcpEnd::finished);
      return false;
    default:
      fail("TLS broke");
      return false;
  }
}

void TlsStream::State::send_early() {
  const auto octets = std::exchange(early, {});
  const auto told = std::exchange(on_early, {});
  if (octets.empty() && told.empty()) return;
  encrypt(octets, [told] {
    for (const auto& on_written : told) {
      if (on_written) on_written();
    }
  });
}

void TlsStream::State::encrypt(Octets octets, OnWritten on_written) {
  constexpr std::size_t per_record = 64;  // header, tag and more
  wire.out.reserve(wire.out.size() + octets.size() +
                   (octets.size() / record_size + 1) * per_record);
  std::size_t written = 0;
  ERR_clear_error();
  if (!octets.empty() && SSL_write_ex(ssl.get(), octets.data(), octets.size(), &written) != 1) {
    return;  // the connection is broken, and reading tells that
  }
  flush(std::move(on_written));
}

void TlsStream::State::flush(OnWritten on_written) {
  if (wire.out.empty() && !on_written) return;
  tcp->write(std::exchange(wire.out, {}), std::move(on_written));
}

/// With what OpenSSL says, and the alert that it has written for the peer.
void TlsStream::State::fail(std::string reason) {
  const long verified = ssl ? SSL_get_verify_result(ssl.get()) : X509_V_OK;
  auto said = take_ssl_reason();
  if (verified != X509_V_OK && !context->native().is_server) {
    said = std::string("the server's certificate: ") + X509_verify_cert_error_string(verified);
  }
  if (!said.empty()) reason += ": " + said;
  flush();
  end(TcpEnd::failed, std::move(reason));
}

void TlsStream::State::end(TcpEnd how, std::string reason) {
  if (broken) return;
  broken = true;
  why = std::move(reason);
  timer.cancel();
  if (!open) return;
  tcp->pause_reading();
  if (on_closed) on_closed(how);
}

/// The stream is going to be destroyed.
void TlsStream::State::farewell() {
  open = false;
  timer.cancel();
  if (established && !broken && !closing && tcp->queued() == 0) {
    ERR_clear_error();
    SSL_shutdown(ssl.get());
    flush();
  }
  tcp.reset();
}

TlsStream::TlsStream(Loop& loop, std::unique_ptr<TcpStream> connection,
                     const std::shared_ptr<const TlsContext>& context,
                     std::chrono::milliseconds handshake_limit)
    : state_(std::make_shared<State>(loop, std::move(connection), context, handshake_limit)) {}

TlsStream::~TlsStream() {
  state_->farewell();
}

void TlsStream::start(OnData on_data, OnClosed on_closed) {
  state_->on_data = std::move(on_data);
  state_->on_closed = std::move(on_closed);
  state_->begin();
}

void TlsStream::write(std::vector<std::uint8_t> octets, OnWritten on_written) {
  auto& state = *state_;
  if (state.closing || state.broken) return;
  if (state.established) return state.encrypt(octets, std::move(on_written));
  state.early.insert(state.early.end(), octets.begin(), octets.end());
  state.on_early.push_back(std::move(on_written));
}

std::size_t TlsStream::queued() const {
  return state_->early.size() + state_->tcp->queued();
}

void TlsStream::pause_reading() {
  state_->paused = true;
  if (state_->established) state_->tcp->pause_reading();
}

void TlsStream::resume_reading() {
  auto& state = *state_;
  if (!state.paused || state.closing || state.broken || state.peer_finished) return;
  state.paused = false;
  if (!state.established) return;
  // What is there already comes before what the system has, and never inside of this call.
  state.rest.empty() ? state.tcp->resume_reading() : state.timer.set_after(Clock::duration::zero());
}

void TlsStream::close() {
  auto& state = *state_;
  if (state.closing || state.broken) return;
  state.closing = true;
  if (state.established) {
    ERR_clear_error();
    SSL_shutdown(state.ssl.get());
    state.flush();
  }
  state.tcp->close();
}

const Endpoint& TlsStream::peer() const {
  return state_->tcp->peer();
}
const Endpoint& TlsStream::local() const {
  return state_->tcp->local();
}

const TlsPeer* TlsStream::tls_peer() const {
  return state_->established ? &state_->peer : nullptr;
}

std::string TlsStream::why_ended() const {
  return state_->why;
}

}  // namespace taproot::net
