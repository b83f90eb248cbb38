#include "net/http_server.hpp"

#include "net/descriptor.hpp"
#include "net/http_hosts.hpp"
#include "net/microhttpd.hpp"
#include "net/timer.hpp"
#include "net/uv_owned.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <deque>
#include <unordered_set>
#include <utility>

namespace taproot::net {

namespace {

/// A body announced as longer than this many times the limit is not even read to be answered 413.
constexpr std::size_t patience = 8;
/// libmicrohttpd wakes in vain when it has no descriptor for the first connection: after so many
/// wakes without anything new it rests for a moment.
constexpr int wakes_in_vain = 1000;
constexpr auto rest_in_vain = std::chrono::milliseconds(100);

/// One client's connection, and when it is cut off.
struct Connection {
  int descriptor = -1;
  Instant deadline = Instant::max();
};

}  // namespace

/// One request and its response. Shared by the server, libmicrohttpd (as con_cls, by way of a
/// pointer to a shared_ptr) and the responder.
struct HttpResponder::Exchange {
  HttpServer::State* server = nullptr;  ///< null when nobody waits for the response any more
  MHD_Connection* connection = nullptr;
  HttpServerRequest request;
  bool body_too_large = false;
  bool suspended = false;
  bool answered = false;
  int status = 0;
  std::string content_type;
  std::string body;
  HttpHeaders extra;
};

struct HttpServer::State : std::enable_shared_from_this<State> {
  using Exchange = HttpResponder::Exchange;
  using Shared = std::shared_ptr<Exchange>;
  /// The daemon's epoll descriptor, watched.
  struct Watch {
    uv_poll_t handle{};
    State* server = nullptr;
  };

  State(Loop& on_loop, Options with, HttpHosts allowed, Handler call)
      : loop(on_loop),
        options(std::move(with)),
        hosts(std::move(allowed)),
        handler(std::move(call)),
        tick(on_loop, [this] { run(); }),
        sweeper(on_loop, [this] { sweep(); }),
        rest(on_loop, [this] { start_watching(); }) {}

  Loop& loop;
  Options options;
  HttpHosts hosts;
  Handler handler;
  MHD_Daemon* daemon = nullptr;  ///< null when the server is gone
  Watch* watch = nullptr;        ///< freed by its close callback
  std::deque<Shared> arrived;    ///< whole requests that the handler has not seen yet
  std::unordered_set<Exchange*> suspended;
  std::unordered_set<Connection*> connections;
  Timer tick;     ///< libmicrohttpd has work without an event
  Timer sweeper;  ///< looks for connections to cut off
  Timer rest;
  int in_vain = 0;
  bool again = false;  ///< run once more without an event

  int open(Descriptor socket);
  int open_watch();
  void close();
  void start_watching() noexcept;
  void run() noexcept;
  void hand_over();
  void sweep();
  void sweep_later();

  MHD_Result on_request(MHD_Connection* connection, const char* url, const char* method,
                        const char* data, std::size_t* size, void** context);
  MHD_Result begin(MHD_Connection* connection, const char* url, const char* method, void** context);
  MHD_Result end(const Shared& exchange);
  MHD_Result refuse(Exchange& exchange, int status, const char* why, bool close_connection);
  MHD_Result send(Exchange& exchange);
  void resume(Exchange& exchange);
  void on_completed(void** context) noexcept;
  void on_connection(MHD_Connection* connection, void** context, bool started);
};

namespace {

Connection* connection_of(MHD_Connection* connection) {
  const auto* info =
      microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == nullptr ? nullptr : static_cast<Connection*>(info->socket_context);
}

void set_deadline(MHD_Connection* connection, Instant when) {
  if (Connection* ours = connection_of(connection)) ours->deadline = when;
}

Endpoint client_of(MHD_Connection* connection) {
  const auto* info =
      microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == nullptr || info->client_addr == nullptr) return {};
  // libmicrohttpd keeps a sockaddr_storage.
  return Endpoint::from_sockaddr(info->client_addr, sizeof(sockaddr_storage)).value_or(Endpoint{});
}

std::string text_of(const char* text, std::size_t size) {
  return text == nullptr ? std::string() : std::string(text, size);
}

MHD_Result add_header(void* headers, MHD_ValueKind, const char* key, std::size_t key_size,
                      const char* value, std::size_t value_size) noexcept {
  static_cast<HttpHeaders*>(headers)->emplace_back(text_of(key, key_size),
                                                   text_of(value, value_size));
  return MHD_YES;
}

MHD_Result add_argument(void* query, MHD_ValueKind, const char* key, std::size_t key_size,
                        const char* value, std::size_t value_size) noexcept {
  static_cast<std::map<std::string, std::string>*>(query)->emplace(text_of(key, key_size),
                                                                   text_of(value, value_size));
  return MHD_YES;
}

/// Nothing when the header is absent. What is no number counts as too long: libmicrohttpd has
/// refused it before.
std::optional<std::size_t> announced_length(const HttpServerRequest& request) {
  const auto text = request.header("Content-Length");
  if (!text) return std::nullopt;
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  return error == std::errc{} && end == text->data() + text->size() ? length : SIZE_MAX;
}

std::size_t count_of(const HttpHeaders& headers, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [&](const auto& header) { return find_header({header}, name).has_value(); }));
}

}  // namespace

int HttpServer::State::open(Descriptor socket) {
  const auto on_request_octets = [](void* self, MHD_Connection* connection, const char* url,
                                    const char* method, const char*, const char* data,
                                    std::size_t* size, void** context) noexcept {
    return static_cast<State*>(self)->on_request(connection, url, method, data, size, context);
  };
  const MHD_RequestCompletedCallback on_end = [](void* self, MHD_Connection*, void** context,
                                                 MHD_RequestTerminationCode) noexcept {
    static_cast<State*>(self)->on_completed(context);
  };
  const MHD_NotifyConnectionCallback on_peer = [](void* self, MHD_Connection* connection,
                                                  void** context,
                                                  MHD_ConnectionNotificationCode code) noexcept {
    static_cast<State*>(self)->on_connection(connection, context,
                                             code == MHD_CONNECTION_NOTIFY_STARTED);
  };
  daemon = microhttpd().start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, on_request_octets, this,
      MHD_OPTION_LISTEN_SOCKET, socket.number(), MHD_OPTION_CONNECTION_LIMIT,
      options.max_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
      options.max_connections_per_address, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      options.connection_memory, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
      on_end, this, MHD_OPTION_NOTIFY_CONNECTION, on_peer, this, MHD_OPTION_END);
  if (daemon == nullptr) return errno != 0 ? errno : EINVAL;
  (void)socket.release();  // the daemon closes it
  return open_watch();
}

int HttpServer::State::open_watch() {
  const auto* info = microhttpd().get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  auto fresh = std::make_unique<Watch>();
  const int status =
      info == nullptr ? UV_EINVAL : uv_poll_init(loop.handle(), &fresh->handle, info->epoll_fd);
  if (status != 0) return status;
  watch = fresh.release();
  watch->handle.data = watch;
  watch->server = this;
  start_watching();
  return 0;
}

void HttpServer::State::start_watching() noexcept {
  uv_poll_start(&watch->handle, UV_READABLE, [](uv_poll_t* poll, int, int) noexcept {
    if (State* self = state_of<Watch>(poll)->server) self->run();
  });
}

void HttpServer::State::close() {
  if (watch != nullptr) {
    watch->server = nullptr;
    close_owned(std::exchange(watch, nullptr));  // before the daemon closes what it watches
  }
  for (Timer* timer : {&tick, &sweeper, &rest}) timer->cancel();
  // The daemon may not be stopped while a connection is suspended.
  for (Exchange* exchange : std::exchange(suspended, {})) {
    exchange->server = nullptr;
    exchange->suspended = false;
    microhttpd().resume_connection(exchange->connection);
  }
  arrived.clear();
  if (daemon != nullptr) microhttpd().stop_daemon(std::exchange(daemon, nullptr));
}

void HttpServer::State::run() noexcept {
  const auto keep = shared_from_this();  // the server may be destroyed in a call
  ++in_vain;
  tick.cancel();
  microhttpd().run(daemon);
  MHD_UNSIGNED_LONG_LONG wait = 0;
  if (std::exchange(again, false)) {
    tick.set_after(Clock::duration::zero());
  } else if (microhttpd().get_timeout(daemon, &wait) == MHD_YES) {
    tick.set_after(std::chrono::milliseconds(std::min<MHD_UNSIGNED_LONG_LONG>(wait, 1000)));
  }
  hand_over();
  if (daemon == nullptr || in_vain <= wakes_in_vain) return;
  in_vain = 0;
  uv_poll_stop(&watch->handle);
  rest.set_after(rest_in_vain);
}

/// The handler is called here, outside of libmicrohttpd.
void HttpServer::State::hand_over() {
  while (daemon != nullptr && !arrived.empty()) {
    auto exchange = std::move(arrived.front());
    arrived.pop_front();
    auto request = std::move(exchange->request);
    handler(std::move(request), HttpResponder(std::move(exchange)));
  }
}

void HttpServer::State::sweep() {
  const auto now = Clock::now();
  for (Connection* connection : connections) {
    if (connection->deadline > now) continue;
    connection->deadline = Instant::max();
    ::shutdown(connection->descriptor, SHUT_RDWR);  // the daemon sees its end, and closes it
  }
  if (!connections.empty()) sweep_later();
}

void HttpServer::State::sweep_later() {
  using std::chrono::milliseconds;
  const auto shortest = std::min(options.request_timeout, options.response_timeout);
  sweeper.set_after(std::clamp(shortest / 4, milliseconds(10), milliseconds(1000)));
}

void HttpServer::State::on_connection(MHD_Connection* connection, void** context, bool started) {
  in_vain = 0;
  if (!started) {
    const std::unique_ptr<Connection> ours(static_cast<Connection*>(*context));
    connections.erase(ours.get());
    *context = nullptr;
    // One more run lets it accept again, if it was full; no event tells it.
    again = true;
    return;
  }
  auto ours = std::make_unique<Connection>();
  const auto* info =
      microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  ours->descriptor = info == nullptr ? -1 : info->connect_fd;
  ours->deadline = Clock::now() + options.request_timeout;
  if (connections.empty()) sweep_later();
  connections.insert(ours.get());
  *context = ours.release();
}

MHD_Result HttpServer::State::on_request(MHD_Connection* connection, const char* url,
                                         const char* method, const char* data, std::size_t* size,
                                         void** context) {
  in_vain = 0;
  if (*context == nullptr) return begin(connection, url, method, context);
  const Shared exchange = *static_cast<Shared*>(*context);
  if (exchange->answered) return send(*exchange);
  if (exchange->suspended || exchange->server == nullptr) return MHD_NO;
  if (*size == 0) return end(exchange);

  auto& body = exchange->request.body;
  if (*size > options.max_body - body.size()) exchange->body_too_large = true;
  if (exchange->body_too_large) {
    body.clear();  // the rest is read and forgotten, until the deadline
  } else {
    body.append(data, *size);
  }
  *size = 0;
  return MHD_YES;
}

/// The head has come: what can be refused by it is.
MHD_Result HttpServer::State::begin(MHD_Connection* connection, const char* url, const char* method,
                                    void** context) {
  auto exchange = std::make_shared<Exchange>();
  exchange->server = this;
  exchange->connection = connection;
  HttpServerRequest& request = exchange->request;
  request.method = method;
  request.path = url;
  request.from = client_of(connection);
  microhttpd().get_connection_values_n(connection, MHD_HEADER_KIND, add_header, &request.headers);
  microhttpd().get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, add_argument,
                                       &request.query);
  *context = new Shared(exchange);

  const auto length = announced_length(request);
  if (count_of(request.headers, "Host") > 1 || !request.path.starts_with('/')) {
    return refuse(*exchange, MHD_HTTP_BAD_REQUEST, "malformed request\n", true);
  }
  if (!hosts.allow(request.header("Host"))) {
    return refuse(*exchange, MHD_HTTP_MISDIRECTED_REQUEST, "not a host served here\n", true);
  }
  if (length && *length / patience > options.max_body) {
    return refuse(*exchange, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too long\n", true);
  }
  return MHD_YES;
}

/// The request is whole: the handler gets it when libmicrohttpd is done.
MHD_Result HttpServer::State::end(const Shared& exchange) {
  if (exchange->body_too_large) {
    return refuse(*exchange, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too long\n", false);
  }
  set_deadline(exchange->connection, Instant::max());  // it is our turn
  exchange->suspended = true;
  suspended.insert(exchange.get());
  microhttpd().suspend_connection(exchange->connection);
  arrived.push_back(exchange);
  return MHD_YES;
}

MHD_Result HttpServer::State::refuse(Exchange& exchange, int status, const char* why,
                                     bool close_connection) {
  exchange.answered = true;
  exchange.status = status;
  exchange.content_type = "text/plain";
  exchange.body = why;
  if (close_connection) exchange.extra = {{"Connection", "close"}};
  return send(exchange);
}

MHD_Result HttpServer::State::send(Exchange& exchange) {
  MHD_Response* const response = microhttpd().create_response_from_buffer(
      exchange.body.size(), exchange.body.data(), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  // libmicrohttpd refuses what is not a header; then the response goes without it.
  if (!exchange.content_type.empty()) {
    (void)microhttpd().add_response_header(response, "Content-Type", exchange.content_type.c_str());
  }
  for (const auto& [name, value] : exchange.extra) {
    (void)microhttpd().add_response_header(response, name.c_str(), value.c_str());
  }
  set_deadline(exchange.connection, Clock::now() + options.response_timeout);
  const auto result = microhttpd().queue_response(exchange.connection,
                                                  static_cast<unsigned>(exchange.status), response);
  microhttpd().destroy_response(response);
  return result;
}

/// The response is there: libmicrohttpd asks for it in its next run, of which no event tells.
void HttpServer::State::resume(Exchange& exchange) {
  exchange.suspended = false;
  suspended.erase(&exchange);
  microhttpd().resume_connection(exchange.connection);
  tick.set_after(Clock::duration::zero());
}

void HttpServer::State::on_completed(void** context) noexcept {
  const std::unique_ptr<Shared> shared(static_cast<Shared*>(std::exchange(*context, nullptr)));
  if (!shared) return;
  Exchange& exchange = **shared;
  set_deadline(exchange.connection, Clock::now() + options.request_timeout);
  suspended.erase(&exchange);
  exchange.server = nullptr;
  exchange.connection = nullptr;
}

HttpResponder& HttpResponder::operator=(HttpResponder&& other) noexcept {
  HttpResponder old(std::exchange(exchange_, std::move(other.exchange_)));
  return *this;
}

HttpResponder::~HttpResponder() {
  if (exchange_ && !is_answered()) respond(500, "text/plain", "no answer\n");
}

bool HttpResponder::is_answered() const {
  return !exchange_ || exchange_->answered;
}

void HttpResponder::respond(int status, std::string content_type, std::string body,
                            HttpHeaders extra) {
  if (is_answered()) return;
  exchange_->answered = true;
  exchange_->status = status;
  exchange_->content_type = std::move(content_type);
  exchange_->body = std::move(body);
  exchange_->extra = std::move(extra);
  if (exchange_->server != nullptr) exchange_->server->resume(*exchange_);
}

HttpServer::HttpServer(std::shared_ptr<State> state, const Endpoint& local)
    : state_(std::move(state)), local_(local) {}

HttpServer::~HttpServer() {
  state_->close();
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(Loop& loop, const Endpoint& endpoint,
                                                     Options options, Handler handler) {
  auto socket = bind_socket(endpoint, {.type = SOCK_STREAM});
  if (!socket) return tl::unexpected(socket.error());
  const auto what = "cannot serve HTTP on " + endpoint.to_text();
  if (::listen(socket->number(), SOMAXCONN) != 0) {
    return tl::unexpected(system_error(what, errno));
  }
  const auto local = local_endpoint(socket->number());
  HttpHosts hosts(local, options.hosts);
  auto state =
      std::make_shared<State>(loop, std::move(options), std::move(hosts), std::move(handler));
  std::unique_ptr<HttpServer> server(new HttpServer(state, local));
  if (const int status = state->open(std::move(*socket)); status != 0) {
    return tl::unexpected(system_error(what, status));
  }
  return server;
}

}  // namespace taproot::net
