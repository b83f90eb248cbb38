#include "net/http_client.hpp"

#include "net/http_transfer.hpp"
#include "net/timer.hpp"
#include "net/uv_owned.hpp"

#include <unordered_set>
#include <utility>

namespace taproot::net {

namespace {

/// Idle connections kept for the next request.
constexpr long kept_connections = 32;

}  // namespace

/// Carries libcurl's sockets and its timer. Callbacks of the users are called from drain() and
/// from a fetch's own timer and lookup only, never from inside libcurl.
struct HttpClient::State : std::enable_shared_from_this<State> {
  /// One socket of libcurl, watched.
  struct Watch {
    uv_poll_t handle{};
    State* client = nullptr;
    curl_socket_t socket = -1;
  };

  explicit State(Loop& on_loop)
      : loop(on_loop), timer(on_loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }) {}

  Loop& loop;
  CURLM* multi = nullptr;  ///< null when the client is gone
  Timer timer;
  std::unordered_set<Watch*> watches;               ///< each freed by its close callback
  std::unordered_set<HttpFetch::State*> transfers;  ///< those that run

  void open();
  void close();
  void act(curl_socket_t socket, int events);
  void drain();
  void watch(curl_socket_t socket, int what, Watch* watch);
  void unwatch(Watch* watch);
};

struct HttpFetch::State : std::enable_shared_from_this<State> {
  State(HttpClient::State& of, HttpRequest what, HttpClient::OnResponse call)
      : client(&of),
        transfer(std::move(what)),
        on_response(std::move(call)),
        deadline(of.loop, [this] { finish(fail(refusal.code, refusal.detail)); }) {}

  HttpClient::State* client;  ///< null when it no longer runs
  HttpTransfer transfer;
  HttpClient::OnResponse on_response;
  Error refusal;  ///< what it means when the deadline calls
  Timer deadline;
  std::unique_ptr<HostLookup> lookup;
  bool added = false;

  void begin();
  void add();
  void stop();
  void finish(Result<HttpResponse> response);
};

void HttpFetch::State::begin() {
  const auto target = transfer.prepare();
  if (!target) {
    refusal = target.error();
    return deadline.set_after(Clock::duration::zero());
  }
  const auto timeout = transfer.request().timeout;
  refusal = {Errc::timed_out,
             target->to_text() + ": no response in " + std::to_string(timeout.count()) + " ms"};
  deadline.set_after(timeout);
  if (target->is_address) return add();
  lookup = std::make_unique<HostLookup>(client->loop, target->host,
                                        [this](Result<std::vector<Address>> addresses) {
                                          if (!addresses)
                                            return finish(fail(Errc::io, addresses.error().detail));
                                          transfer.connect_to(*addresses);
                                          add();
                                        });
}

void HttpFetch::State::add() {
  curl().easy_setopt(transfer.easy(), CURLOPT_PRIVATE, this);
  added = curl().multi_add_handle(client->multi, transfer.easy()) == CURLM_OK;
  // If libcurl would not have it, the deadline tells.
}

void HttpFetch::State::stop() {
  if (client == nullptr) return;
  deadline.cancel();
  lookup.reset();
  if (added) curl().multi_remove_handle(client->multi, transfer.easy());
  client->transfers.erase(this);
  client = nullptr;
}

void HttpFetch::State::finish(Result<HttpResponse> response) {
  const auto keep = shared_from_this();  // the owner may destroy this in the call
  stop();
  const auto tell = std::exchange(on_response, nullptr);
  tell(std::move(response));
}

HttpFetch& HttpFetch::operator=(HttpFetch&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

HttpFetch::~HttpFetch() {
  cancel();
}

bool HttpFetch::is_running() const {
  return state_ && state_->client != nullptr;
}

void HttpFetch::cancel() {
  if (const auto state = std::exchange(state_, nullptr)) state->stop();
}

void HttpClient::State::open() {
  multi = curl().multi_init();
  if (multi == nullptr) throw std::bad_alloc();
  using OnSocket = int (*)(CURL*, curl_socket_t, int, void*, void*) noexcept;
  using OnTimer = int (*)(CURLM*, long, void*) noexcept;
  const OnSocket on_socket = [](CURL*, curl_socket_t socket, int what, void* self,
                                void* watch) noexcept {
    static_cast<State*>(self)->watch(socket, what, static_cast<Watch*>(watch));
    return 0;
  };
  const OnTimer on_timer = [](CURLM*, long milliseconds, void* self) noexcept {
    auto& its = static_cast<State*>(self)->timer;
    if (milliseconds < 0) {
      its.cancel();
    } else {
      its.set_after(std::chrono::milliseconds(milliseconds));
    }
    return 0;
  };
  curl().multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl().multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl().multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl().multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl().multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept_connections);
}

void HttpClient::State::close() {
  while (!transfers.empty()) (*transfers.begin())->stop();
  // Before libcurl closes its sockets: a closed socket must not be watched.
  while (!watches.empty()) unwatch(*watches.begin());
  curl().multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl().multi_setopt(multi, CURLMOPT_TIMERFUNCTION, nullptr);
  curl().multi_cleanup(std::exchange(multi, nullptr));
  timer.cancel();
}

void HttpClient::State::watch(curl_socket_t socket, int what, Watch* known) {
  if (what == CURL_POLL_REMOVE) {
    curl().multi_assign(multi, socket, nullptr);
    if (known != nullptr) unwatch(known);
    return;
  }
  if (known == nullptr) {
    auto fresh = std::make_unique<Watch>();
    // If it cannot be watched, the deadline ends the fetch.
    if (uv_poll_init_socket(loop.handle(), &fresh->handle, socket) != 0) return;
    known = fresh.release();
    known->handle.data = known;
    known->client = this;
    known->socket = socket;
    watches.insert(known);
    curl().multi_assign(multi, socket, known);
  }
  const int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                     ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
  uv_poll_start(&known->handle, events, [](uv_poll_t* poll, int status, int ready) noexcept {
    const Watch& self = *state_of<Watch>(poll);
    const int flags = ((ready & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                      ((ready & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0) |
                      (status < 0 ? CURL_CSELECT_ERR : 0);
    if (self.client != nullptr) self.client->act(self.socket, flags);
  });
}

void HttpClient::State::unwatch(Watch* watch) {
  watches.erase(watch);
  watch->client = nullptr;
  close_owned(watch);
}

void HttpClient::State::act(curl_socket_t socket, int events) {
  int running = 0;
  curl().multi_socket_action(multi, socket, events, &running);
  drain();
}

void HttpClient::State::drain() {
  const auto keep = shared_from_this();  // the client may be destroyed in a call
  while (multi != nullptr) {
    int left = 0;
    const CURLMsg* message = curl().multi_info_read(multi, &left);
    if (message == nullptr) return;
    if (message->msg != CURLMSG_DONE) continue;
    HttpFetch::State* fetch = nullptr;
    curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
    auto response = fetch->transfer.outcome(message->data.result);
    fetch->finish(std::move(response));
  }
}

HttpClient::HttpClient(Loop& loop) : state_(std::make_shared<State>(loop)) {
  state_->open();
}

HttpClient::~HttpClient() {
  state_->close();
}

HttpFetch HttpClient::fetch(HttpRequest request, OnResponse on_response) {
  auto fetch =
      std::make_shared<HttpFetch::State>(*state_, std::move(request), std::move(on_response));
  state_->transfers.insert(fetch.get());
  fetch->begin();
  return HttpFetch(std::move(fetch));
}

Result<HttpResponse> http_fetch(const HttpRequest& request) {
  Result<HttpResponse> outcome = fail(Errc::io, "nothing was fetched");
  Loop loop;
  HttpClient client(loop);
  const auto fetch = client.fetch(request, [&](Result<HttpResponse> response) {
    outcome = std::move(response);
    loop.stop();
  });
  loop.run();
  return outcome;
}

}  // namespace taproot::net
