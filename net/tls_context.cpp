#include "net/tls_context.hpp"

#include "net/endpoint.hpp"
#include "net/tls_native.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

namespace taproot::net {

namespace {

/// A client may send so many octets of certificates before we know anything of it.
constexpr long max_certificate_list = 32 << 10;
/// "dot", each protocol's name behind its length (RFC 7301 section 3.1).
constexpr std::array<unsigned char, 4> alpn_dot{3, 'd', 'o', 't'};

tl::unexpected<Error> bad_file(const std::string& file, const std::string& what) {
  const auto reason = take_ssl_reason();
  return fail(Errc::bad_config, file + ": " + what + (reason.empty() ? "" : ": " + reason));
}

/// Nobody is there to type a passphrase, and OpenSSL would ask the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

Result<void> use_certificate(SSL_CTX* context, const std::string& certificate,
                             const std::string& key) {
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return bad_file(certificate, "is no certificate in PEM that can be read");
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return bad_file(
        key, "is no private key in PEM, without passphrase, of the certificate " + certificate);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return bad_file(key, "is not the key of " + certificate);
  }
  return {};
}

Result<void> trust(SSL_CTX* context, const std::string& file) {
  if (SSL_CTX_load_verify_file(context, file.c_str()) == 1) return {};
  return bad_file(file, "has no certificates in PEM that can be read");
}

/// TLS 1.3 only; no state is kept for clients that went.
Result<SslContext> make_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) {
    return fail(Errc::bad_config, "TLS 1.3 cannot be had: " + take_ssl_reason());
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(context.get(), 0);
  // What vouches for others is not what we show of ourselves.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_max_cert_list(context.get(), max_certificate_list);
  return context;
}

int choose_dot(SSL*, const unsigned char** chosen, unsigned char* size,
               const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(
      &found, size, alpn_dot.data(), static_cast<unsigned>(alpn_dot.size()), offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Who does not name any protocol is refused before that costs a signature.
int want_alpn(SSL* ssl, int* alert, void*) {
  const unsigned char* names = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &names,
                                &size) == 1) {
    return SSL_CLIENT_HELLO_SUCCESS;
  }
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_APPLICATION_PROTOCOL);
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

/// Looks at a client's certificate without judging: the first thing that is wrong with it is kept
/// as the result of the verification, and the handshake goes on.
int look_only(X509_STORE_CTX* store, void*) {
  if (X509_verify_cert(store) != 1 && X509_STORE_CTX_get_error(store) == X509_V_OK) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
  }
  ERR_clear_error();
  return 1;
}

std::optional<std::chrono::system_clock::time_point> end_of(const X509* certificate) {
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
    return std::nullopt;
  }
  return std::chrono::system_clock::from_time_t(::timegm(&end));
}

/// A digest of all that a context is made of. Keeps no key in memory.
class Ingredients {
 public:
  Ingredients() : context_(EVP_MD_CTX_new()) {
    if (context_) EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void add(std::string_view text) {
    const auto size = std::to_string(text.size()) + ":";
    update(size);
    update(text);
  }
  /// Its contents; of what is too large to be read here, when it was changed.
  void add_file(const std::optional<std::string>& file) {
    constexpr std::uintmax_t most_octets = 4 << 20;
    if (!file) return add("none");
    add(*file);
    std::error_code error;
    const auto size = std::filesystem::file_size(*file, error);
    if (error || size > most_octets) return add_stamp(*file);
    std::ifstream in(*file, std::ios::binary);
    add(std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()));
  }
  void add_stamp(const std::string& file) {
    std::error_code error;
    const auto time = std::filesystem::last_write_time(file, error);
    add(error ? "gone" : std::to_string(time.time_since_epoch().count()));
  }
  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (!context_ || EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) return {};
    return {digest.begin(), digest.begin() + size};
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  void update(std::string_view text) {
    if (context_) EVP_DigestUpdate(context_.get(), text.data(), text.size());
  }
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// Both are to be called before the files are used: what is changed between the two then counts as
// another context at the next look, and not as the same.

std::string made_of(const TlsServerSettings& settings) {
  Ingredients all;
  all.add("server");
  all.add_file(settings.certificate);
  all.add_file(settings.key);
  all.add_file(settings.client_ca);
  return all.finish();
}

std::string made_of(const TlsClientSettings& settings) {
  Ingredients all;
  all.add("client");
  all.add(settings.hostname);
  all.add_file(settings.ca_file);
  for (const auto& pin : settings.pins) all.add(pin.to_text());
  all.add_file(settings.certificate);
  all.add_file(settings.key);
  if (!settings.ca_file && !settings.hostname.empty()) {
    all.add_stamp(X509_get_default_cert_file());
    all.add_stamp(X509_get_default_cert_dir());
  }
  return all.finish();
}

Result<void> set_up_client(SSL_CTX* context, const TlsClientSettings& settings) {
  if (settings.hostname.empty() && settings.pins.empty()) {
    return fail(Errc::bad_config, "a TLS server needs a hostname or a pin to be known by");
  }
  if (settings.certificate && settings.key) {
    auto used = use_certificate(context, *settings.certificate, *settings.key);
    if (!used) return used;
  }
  if (SSL_CTX_set_alpn_protos(context, alpn_dot.data(), static_cast<unsigned>(alpn_dot.size())) !=
      0) {
    return fail(Errc::bad_config, "ALPN cannot be set: " + take_ssl_reason());
  }
  if (settings.hostname.empty()) return {};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (settings.ca_file) return trust(context, *settings.ca_file);
  if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
  return fail(Errc::bad_config, "the system's certificates cannot be had: " + take_ssl_reason());
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Native> native) : native_(std::move(native)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::for_server(
    const TlsServerSettings& settings) {
  auto ingredients = made_of(settings);
  auto context = make_context(TLS_server_method());
  if (!context) return tl::unexpected(context.error());
  const auto used = use_certificate(context->get(), settings.certificate, settings.key);
  if (!used) return tl::unexpected(used.error());
  if (settings.client_ca) {
    if (const auto trusted = trust(context->get(), *settings.client_ca); !trusted) {
      return tl::unexpected(trusted.error());
    }
    SSL_CTX_set_client_CA_list(context->get(),
                               SSL_load_client_CA_file(settings.client_ca->c_str()));
    ERR_clear_error();
  }
  SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context->get(), look_only, nullptr);
  SSL_CTX_set_client_hello_cb(context->get(), want_alpn, nullptr);
  SSL_CTX_set_alpn_select_cb(context->get(), choose_dot, nullptr);
  auto native = std::make_unique<Native>();
  native->context = std::move(*context);
  native->is_server = true;
  native->made_of = std::move(ingredients);
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(native)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::for_client(
    const TlsClientSettings& settings) {
  auto ingredients = made_of(settings);
  auto context = make_context(TLS_client_method());
  if (!context) return tl::unexpected(context.error());
  if (const auto set = set_up_client(context->get(), settings); !set) {
    return tl::unexpected(set.error());
  }
  auto native = std::make_unique<Native>();
  native->context = std::move(*context);
  native->hostname = settings.hostname;
  native->pins = settings.pins;
  native->made_of = std::move(ingredients);
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(native)));
}

/// Without a digest (no memory for one) nothing is the same as anything.
bool TlsContext::operator==(const TlsContext& other) const {
  return this == &other ||
         (!native_->made_of.empty() && native_->made_of == other.native_->made_of);
}

std::optional<std::chrono::system_clock::time_point> TlsContext::not_after() const {
  return end_of(SSL_CTX_get0_certificate(native_->context.get()));
}

std::string take_ssl_reason() {
  const auto code = ERR_peek_error();  // what came first; the others say where it was noticed
  ERR_clear_error();
  if (code == 0) return {};
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_NO_APPLICATION_PROTOCOL) {
    return "the client does not ask for ALPN \"dot\" (RFC 9103 section 8.1)";
  }
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "OpenSSL error " + std::to_string(code) : reason;
}

}  // namespace taproot::net
