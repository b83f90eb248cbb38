#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <stdlib.h>

namespace taproot::net {

/// A folder with certificates made for one test, gone at its end: an authority (ca.pem), a server
/// (server.pem, server.key) and a client (client.pem, client.key) of it, and another authority
/// (other-ca.pem) with a client of its own (other-client.pem, other-client.key). More can be
/// issued.
class Certificates {
 public:
  Certificates() {
    std::string name = (std::filesystem::temp_directory_path() / "taproot-test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    make_family("other-ca", "other-server", "other-client");
    make_family("ca", "server", "client");
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() {
    std::error_code ignored;  // what is left is in the system's folder for such things
    std::filesystem::remove_all(folder_, ignored);
  }

  /// Makes NAME.pem and NAME.key of the first authority, for `names` ("DNS:a.example"), good from
  /// now - 1 hour to now + `seconds`.
  void issue(const std::string& name, const std::string& names, long seconds = 3600) {
    const Key key(EVP_EC_gen("P-256"));
    (void)make(name, key.get(), authority_.get(), authority_key_.get(), "critical,CA:FALSE", names,
               seconds);
  }

  std::string path(const std::string& file) const { return (folder_ / file).string(); }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;

  void make_family(const std::string& ca, const std::string& server, const std::string& client) {
    authority_key_.reset(EVP_EC_gen("P-256"));
    authority_ =
        make(ca, authority_key_.get(), nullptr, authority_key_.get(), "critical,CA:TRUE", "");
    for (const auto& one : {server, client}) issue(one, "IP:127.0.0.1,DNS:localhost");
  }

  static void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) throw std::runtime_error("no extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  Certificate make(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* signer,
                   const std::string& constraints, const std::string& names, long seconds = 3600) {
    Certificate made(X509_new());
    X509* const x = made.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), seconds);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer == nullptr ? x : issuer));
    extend(x, issuer == nullptr ? x : issuer, NID_basic_constraints, constraints);
    if (!names.empty()) extend(x, issuer, NID_subject_alt_name, names);
    if (X509_sign(x, signer, EVP_sha256()) == 0) throw std::runtime_error("not signed");
    write(name + ".pem", [&](std::FILE* file) { PEM_write_X509(file, x); });
    write(name + ".key", [&](std::FILE* file) {
      PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    return made;
  }

  template <class Print>
  void write(const std::string& name, Print print) {
    std::FILE* file = std::fopen(path(name).c_str(), "w");
    if (file == nullptr) throw std::runtime_error("cannot write " + name);
    print(file);
    std::fclose(file);
  }

  std::filesystem::path folder_;
  Key authority_key_;
  Certificate authority_;
  long serial_ = 0;
};

}  // namespace taproot::net
