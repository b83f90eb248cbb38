#include "server/oci_session.hpp"

#include <catch2/catch.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

using namespace taproot;
using namespace taproot::server;
namespace fs = std::filesystem;

namespace {

std::string new_pem() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(1024), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
  REQUIRE(PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
  char* octets = nullptr;
  const auto size = BIO_get_mem_data(text.get(), &octets);
  return {octets, static_cast<std::size_t>(size)};
}

/// The files of a session, as they are left there one after the other.
struct Files {
  fs::path folder;
  ProviderConfig provider;

  Files() {
    std::string name = (fs::temp_directory_path() / "taproot-oci-session-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    provider.kind = ProviderKind::oci;
    provider.api_key = Secret(new_pem());
    provider.session_token = Secret("token-1");
    provider.account = {{"session-token-file", (folder / "token").string()},
                        {"private-key-file", (folder / "key").string()}};
    put("token", "token-1\n");
    put("key", std::string(provider.api_key.reveal()));
  }
  ~Files() { fs::remove_all(folder); }

  /// Another file in the place of the one before.
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(folder / (name + ".new")) << text;
    fs::rename(folder / (name + ".new"), folder / name);
  }
};

std::string name_of(OciSession& session) {
  const auto key = session.key();
  return key == nullptr ? "" : std::string(key->id.reveal());
}

std::vector<std::uint8_t> signature_of(OciSession& session) {
  return session.key()->key.sign_sha256("x").value();
}

}  // namespace

TEST_CASE("a session's key is as its files have it", "[server][oci]") {
  const Files files;
  OciSession session(files.provider);
  CHECK(name_of(session) == "ST$token-1");
  const auto mark = session.key()->mark;
  CHECK(session.key()->mark == mark);
  const auto signature = signature_of(session);
  files.put("token", "token-2");
  CHECK(name_of(session) == "ST$token-2");
  CHECK(session.key()->mark > mark);
  CHECK(signature_of(session) == signature);
  files.put("key", new_pem());
  CHECK(signature_of(session) != signature);
}

TEST_CASE("half a session is none", "[server][oci]") {
  const Files files;
  OciSession session(files.provider);
  const auto key = session.key();
  files.put("token", "");
  CHECK(session.key() == key);
  files.put("token", "token-2");
  files.put("key", new_pem().substr(0, 100));
  CHECK(session.key() == key);
  fs::remove(files.folder / "key");
  CHECK(session.key() == key);
  fs::remove(files.folder / "token");
  CHECK(session.key() == key);
  files.put("token", "token-3");
  CHECK(session.key() == key);
  files.put("key", new_pem());
  CHECK(name_of(session) == "ST$token-3");
}

TEST_CASE("a session that lies in no file stays", "[server][oci]") {
  Files files;
  files.provider.account.clear();
  OciSession session(files.provider);
  const auto key = session.key();
  files.put("token", "token-2");
  CHECK(session.key() == key);
  files.provider.session_token = Secret("no token");
  CHECK(OciSession(files.provider).key() == nullptr);
}
