#pragma once

#include "net/tls_context.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

// What net's own files know of OpenSSL; no other room includes this.

namespace taproot::net {

struct FreeSsl {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;
using Ssl = std::unique_ptr<SSL, FreeSsl>;

struct TlsContext::Native {
  SslContext context;
  bool is_server = false;
  std::string hostname;       ///< of the server a client wants; empty: the pins are enough
  std::vector<SpkiPin> pins;  ///< one of them must be the server's
  std::string made_of;        ///< a digest of the settings and of what the files had
};

/// What OpenSSL complained of first in this thread; forgets all of it.
std::string take_ssl_reason();

/// What `certificate` says of its holder; the names only if `verified` is X509_V_OK.
TlsPeer peer_of(X509* certificate, long verified);

}  // namespace taproot::net
