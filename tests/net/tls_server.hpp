#pragma once

#include "tests/net/certificates.hpp"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

namespace taproot::net {

/// An HTTPS server on loopback that says the same to everybody, on a thread of its own. Who keeps
/// silent for 5 seconds is left alone.
class TlsServer {
 public:
  enum class Clients { anybody, with_certificate };

  TlsServer(const Certificates& certificates, std::string says, Clients clients)
      : says_(std::move(says)), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate_file(context_, certificates.path("server.pem").c_str(),
                                 SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_, certificates.path("server.key").c_str(),
                                SSL_FILETYPE_PEM);
    if (clients == Clients::with_certificate) {
      SSL_CTX_load_verify_locations(context_, certificates.path("ca.pem").c_str(), nullptr);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    ends_ = true;
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }

  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(port_) + "/z.yaml";
  }
  std::size_t requests() const { return requests_; }

 private:
  void serve() {
    while (!ends_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const timeval limit{5, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
      SSL* const ssl = SSL_new(context_);
      SSL_set_fd(ssl, fd);
      answer(ssl);
      SSL_free(ssl);
      ::close(fd);
    }
  }

  void answer(SSL* ssl) {
    if (SSL_accept(ssl) != 1) return;
    std::string heard;
    char part[4096];
    while (heard.find("\r\n\r\n") == std::string::npos && heard.size() < 65536) {
      const int got = SSL_read(ssl, part, sizeof part);
      if (got <= 0) return;
      heard.append(part, static_cast<std::size_t>(got));
    }
    ++requests_;
    SSL_write(ssl, says_.data(), static_cast<int>(says_.size()));
    SSL_shutdown(ssl);
  }

  std::string says_;
  SSL_CTX* context_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> ends_ = false;
  std::atomic<std::size_t> requests_ = 0;
  std::thread thread_;
};

}  // namespace taproot::net
