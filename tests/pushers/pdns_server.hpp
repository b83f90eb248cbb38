#pragma once

#include "dns/result.hpp"
#include "net/http_client.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

#include <sys/types.h>

namespace taproot::pushers::test {

/// A real pdns_server on free loopback ports, with an empty SQLite backend in a folder of its own;
/// both are gone with it. A test that cannot start one fails: the package is required.
class PdnsServer {
 public:
  /// Throws what went wrong.
  PdnsServer();
  ~PdnsServer();
  PdnsServer(const PdnsServer&) = delete;
  PdnsServer& operator=(const PdnsServer&) = delete;

  /// Starts it (again) and waits until it answers.
  void start();
  void stop();

  /// "http://127.0.0.1:PORT"
  std::string url() const { return "http://127.0.0.1:" + std::to_string(api_port_); }
  static constexpr const char* api_key = "canary-5d20aa";

  /// A request of the administrator's, below /api/v1/servers/localhost.
  net::HttpResponse admin(const std::string& method, const std::string& path,
                          const std::string& body = "") const;
  /// Makes a zone without name servers that keeps our serials, unless `settings` say otherwise.
  void create_zone(const std::string& apex,
                   const std::string& settings = R"("soa_edit_api": "")") const;

 private:
  std::filesystem::path folder_;
  std::uint16_t api_port_ = 0;
  std::uint16_t dns_port_ = 0;
  pid_t process_ = -1;
};

}  // namespace taproot::pushers::test
