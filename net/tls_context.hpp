#pragma once

#include "dns/result.hpp"
#include "net/tls_peer.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::net {

/// The files that make a TLS server of us. All are PEM.
struct TlsServerSettings {
  std::string certificate;               ///< its own first, then those that lead to its authority
  std::string key;                       ///< its private key, not encrypted
  std::optional<std::string> client_ca;  ///< who vouches for clients; none: no client has a name
};

/// How a server is authenticated, and how we show ourselves. There is no way to have neither a
/// name nor a pin: encryption to anybody protects from nobody.
struct TlsClientSettings {
  /// A name or IP address that the server's certificate must have (subjectAltName); empty: its
  /// key must have a pin, and nobody needs to vouch for it.
  std::string hostname;
  std::optional<std::string> ca_file;  ///< PEM: who may vouch for `hostname`; none: the system's
  std::vector<SpkiPin> pins;           ///< one of them must be the server's; empty: any key
  std::optional<std::string> certificate;  ///< PEM files that show who we are; both or neither
  std::optional<std::string> key;
};

/// What all TLS connections of one kind share: files read, keys checked, rules set. Never changes,
/// so that connections of any thread may use it; who reads the files again makes another.
///
/// TLS 1.3 and nothing older, as RFC 9103 section 7.1 asks; ALPN "dot" or no connection (section
/// 8.1); no resumption, so that whoever is at the other end proves it each time.
class TlsContext {
 public:
  /// A server asks each client for a certificate and takes any or none: what it proves is in
  /// TlsPeer, and what it may is for others to decide. Fails with Errc::bad_config, naming the
  /// file.
  static Result<std::shared_ptr<const TlsContext>> for_server(const TlsServerSettings& settings);
  /// Fails with Errc::bad_config, naming the file.
  static Result<std::shared_ptr<const TlsContext>> for_client(const TlsClientSettings& settings);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  /// Whether both were made of the same settings and files: a connection would not notice which of
  /// the two it has. The system's authorities count as they were when each was made.
  bool operator==(const TlsContext& other) const;

  /// Until when our own certificate holds; nothing if we have none.
  std::optional<std::chrono::system_clock::time_point> not_after() const;

  struct Native;  ///< for net alone
  const Native& native() const { return *native_; }

 private:
  explicit TlsContext(std::unique_ptr<Native> native);
  std::unique_ptr<Native> native_;
};

}  // namespace taproot::net
