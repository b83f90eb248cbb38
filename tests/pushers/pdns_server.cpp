#include "tests/pushers/pdns_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace taproot::pushers::test {

namespace {

constexpr const char* program = "/usr/sbin/pdns_server";
constexpr const char* schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

/// A port that nobody listens on, for TCP and most likely for UDP.
std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) {
    throw std::runtime_error("no free port");
  }
  close(fd);
  return ntohs(address.sin_port);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void make_database(const std::filesystem::path& path) {
  const std::string statements = read_file(schema);
  if (statements.empty()) {
    throw std::runtime_error(std::string(schema) + " is missing: install pdns-backend-sqlite3");
  }
  sqlite3* database = nullptr;
  const bool done =
      sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
      sqlite3_exec(database, statements.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(database);
  if (!done) throw std::runtime_error("cannot make PowerDNS's database");
}

}  // namespace

PdnsServer::PdnsServer() : api_port_(free_port()), dns_port_(free_port()) {
  if (access(program, X_OK) != 0) {
    throw std::runtime_error(std::string(program) + " is missing: install pdns-server");
  }
  std::string pattern = (std::filesystem::temp_directory_path() / "taproot-pdns-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  make_database(folder_ / "zones.sqlite");
  std::ofstream(folder_ / "pdns.conf")
      << "launch=gsqlite3\ngsqlite3-database=" << (folder_ / "zones.sqlite").string()
      << "\ngsqlite3-dnssec=yes\nlocal-address=127.0.0.1\nlocal-port=" << dns_port_
      << "\nsocket-dir=" << folder_.string() << "\napi=yes\napi-key=" << api_key
      << "\nwebserver=yes\nwebserver-address=127.0.0.1\nwebserver-port=" << api_port_
      << "\nwebserver-allow-from=127.0.0.1\ndaemon=no\nguardian=no\nsetuid=\nsetgid=\n"
         "disable-syslog=yes\ncache-ttl=0\nquery-cache-ttl=0\nnegquery-cache-ttl=0\n"
         "zone-cache-refresh-interval=0\n";
  start();
}

PdnsServer::~PdnsServer() {
  stop();
  std::error_code ignored;  // a folder that stays behind harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

void PdnsServer::start() {
  const std::string log = (folder_ / "log").string();
  const std::string config = "--config-dir=" + folder_.string();
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("cannot fork");
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execl(program, program, config.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    net::HttpRequest request;
    request.url = url() + "/api/v1/servers";
    request.headers = {{"X-API-Key", api_key}};
    const auto response = net::http_fetch(request);
    if (response && response->status == 200) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // until it listens
  }
  throw std::runtime_error("pdns_server does not start:\n" + read_file(log));
}

void PdnsServer::stop() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

net::HttpResponse PdnsServer::admin(const std::string& method, const std::string& path,
                                    const std::string& body) const {
  net::HttpRequest request;
  request.method = method;
  request.url = url() + "/api/v1/servers/localhost" + path;
  request.headers = {{"X-API-Key", api_key}, {"Content-Type", "application/json"}};
  request.body = body;
  auto response = net::http_fetch(request);
  if (!response) throw std::runtime_error(response.error().detail);
  return std::move(*response);
}

void PdnsServer::create_zone(const std::string& apex, const std::string& settings) const {
  const auto response = admin(
      "POST", "/zones",
      R"({"name": ")" + apex + R"(", "kind": "Native", "nameservers": [], )" + settings + "}");
  if (response.status != 201) throw std::runtime_error("cannot make the zone: " + response.body);
}

}  // namespace taproot::pushers::test
