#pragma once

#include "net/tcp_listener.hpp"
#include "tests/net/run_until.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace taproot::net {

/// A server that says the same octets to everybody who says something, and keeps what it heard.
class RawServer {
 public:
  enum class Then { keep_open, close };

  RawServer(Loop& loop, std::string says, Then then) : says_(std::move(says)), then_(then) {
    listener_ = *TcpListener::open(loop, loopback, {}, [this](std::unique_ptr<TcpStream> stream) {
      TcpStream& own = *streams_.emplace_back(std::move(stream));
      own.start([this, &own](Octets octets) { answer(own, octets); }, [](TcpEnd) {});
    });
  }

  std::string url() const { return "http://" + listener_->local().to_text() + "/path?key=SECRET"; }
  const std::string& heard() const { return heard_; }
  std::size_t connections() const { return streams_.size(); }

 private:
  void answer(TcpStream& stream, Octets octets) {
    heard_ += text_of(octets);
    const auto text = octets_of(says_);
    if (!says_.empty()) stream.write({text.begin(), text.end()});
    if (then_ == Then::close) stream.close();
  }

  std::string says_;
  Then then_;
  std::string heard_;
  std::unique_ptr<TcpListener> listener_;
  std::vector<std::unique_ptr<TcpStream>> streams_;
};

}  // namespace taproot::net
