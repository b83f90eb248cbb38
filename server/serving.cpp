#include "server/serving.hpp"

#include "net/wall_clock.hpp"
#include "server/dispatch.hpp"
#include "server/tcp_listener.hpp"
#include "server/udp_listener.hpp"

#include <pthread.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace taproot::server {

/// With SO_REUSEPORT a second taproot of the same user would quietly share the port and take half
/// of the queries: so the port is bound once without it, and let go again.
Result<void> check_free(const net::Endpoint& endpoint) {
  net::Loop loop;
  const auto refuse = [](Octets, const net::Endpoint&, std::span<std::uint8_t>) {
    return std::size_t{0};
  };
  const auto udp = net::UdpServer::open(loop, endpoint, {}, refuse);
  if (!udp) return tl::unexpected<Error>(udp.error());
  return {};
}

/// The same for a port of TLS, which UDP tells nothing of.
Result<void> check_free_tls(const net::Endpoint& endpoint) {
  net::Loop loop;
  const auto tcp =
      net::TcpListener::open(loop, endpoint, {}, [](std::unique_ptr<net::TcpStream>) {});
  if (!tcp) return tl::unexpected<Error>(tcp.error());
  return {};
}

/// One serving loop. Made and opened on the control thread, run on its own.
class Serving::Worker {
 public:
  Worker(TakeSnapshot take, Tell tell, Submit submit)
      : take_(std::move(take)),
        submit_(std::move(submit)),
        dispatch_(counters_, net::wall_seconds, std::move(tell),
                  [this](UpdateOrder order, OwedAnswers::Ticket ticket) {
                    bring(std::move(order), ticket);
                  }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  ~Worker() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }

  /// Listens on the endpoint; returns it with the port the system chose.
  Result<net::Endpoint> listen(const net::Endpoint& endpoint) {
    auto udp = UdpListener::open(loop_, endpoint, true, dispatch_, take_);
    if (!udp) return tl::unexpected<Error>(udp.error());
    const net::Endpoint chosen = (*udp)->local();
    auto tcp = TcpListener::open(loop_, chosen, true, TcpLimits{}, dispatch_, take_);
    if (!tcp) return tl::unexpected<Error>(tcp.error());
    udp_.push_back(std::move(*udp));
    tcp_.push_back(std::move(*tcp));
    return chosen;
  }

  /// The same for TLS.
  Result<net::Endpoint> listen_tls(const net::Endpoint& endpoint,
                                   const zonestore::Published<net::TlsContext>& tls) {
    auto opened = TcpListener::open(loop_, endpoint, true, TcpLimits{}, dispatch_, take_,
                                    [&tls] { return tls.take(); });
    if (!opened) return tl::unexpected<Error>(opened.error());
    tcp_.push_back(std::move(*opened));
    return tcp_.back()->local();
  }

  void start(std::size_t number) {
    thread_ = std::thread([this, number] {
      pthread_setname_np(pthread_self(), ("serving-" + std::to_string(number)).c_str());
      loop_.run();
    });
  }

  const Counters& counters() const { return counters_; }

 private:
  /// The order goes to the control loop, its answer comes back as a message to this one.
  void bring(UpdateOrder order, OwedAnswers::Ticket ticket) {
    order.answer = [this, ticket](std::optional<dns::Rcode> rcode) {
      loop_.post([this, ticket, rcode] { dispatch_.answer(ticket, rcode); });
    };
    submit_(std::move(order));
  }

  TakeSnapshot take_;
  Submit submit_;
  Counters counters_;
  net::Loop loop_;
  Dispatch dispatch_;
  std::vector<std::unique_ptr<UdpListener>> udp_;
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::thread thread_;
};

Result<std::unique_ptr<Serving>> Serving::start(const zonestore::ZoneStore& store,
                                                const zonestore::Published<Policy>& policy,
                                                Options options, Tell tell, Submit submit) {
  const auto take = [&store, &policy, delivered = options.delivered, composed = options.composed] {
    return Snapshot{store.zones(), policy.take(), delivered, composed};
  };
  std::unique_ptr<Serving> serving(new Serving());
  for (const auto& endpoint : options.listen) {
    if (auto is_free = check_free(endpoint); !is_free) {
      return tl::unexpected<Error>(is_free.error());
    }
  }
  for (const auto& endpoint : options.listen_tls) {
    if (auto is_free = check_free_tls(endpoint); !is_free) {
      return tl::unexpected<Error>(is_free.error());
    }
  }
  serving->local_ = options.listen;
  serving->local_tls_ = options.listen_tls;
  for (std::size_t i = 0; i < options.workers; ++i) {
    auto worker = std::make_unique<Worker>(take, tell, submit);
    for (auto& endpoint : serving->local_) {
      auto bound = worker->listen(endpoint);
      if (!bound) return tl::unexpected<Error>(bound.error());
      endpoint = *bound;
    }
    for (auto& endpoint : serving->local_tls_) {
      auto bound = worker->listen_tls(endpoint, *options.tls);
      if (!bound) return tl::unexpected<Error>(bound.error());
      endpoint = *bound;
    }
    serving->workers_.push_back(std::move(worker));
  }
  for (std::size_t i = 0; i < options.workers; ++i) serving->workers_[i]->start(i + 1);
  return serving;
}

Serving::~Serving() = default;

std::vector<const Counters*> Serving::counters() const {
  std::vector<const Counters*> all;
  all.reserve(workers_.size());
  for (const auto& worker : workers_) all.push_back(&worker->counters());
  return all;
}

}  // namespace taproot::server
