#include "net/sd_notify.hpp"

#include "net/descriptor.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace taproot::net {

namespace {

/// A service manager's end of the conversation, named as NOTIFY_SOCKET names it.
class Manager {
 public:
  explicit Manager(const std::string& name)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  std::string heard() const {
    std::array<char, 256> octets{};
    const auto size = ::recv(socket_.number(), octets.data(), octets.size(), 0);
    return size < 0 ? "(nothing)" : std::string(octets.data(), static_cast<std::size_t>(size));
  }

 private:
  Descriptor socket_;
};

}  // namespace

TEST_CASE("the service manager hears a state", "[net][sd_notify]") {
  const auto path =
      std::filesystem::temp_directory_path() / ("taproot-notify-" + std::to_string(::getpid()));
  const bool abstract = GENERATE(true, false);
  {
    const Manager manager(abstract ? "@taproot-test-" + std::to_string(::getpid()) : path.string());
    sd_notify("READY=1\nSTATUS=fine");
    CHECK(manager.heard() == "READY=1\nSTATUS=fine");
    CHECK(manager.heard() == "(nothing)");
  }
  std::filesystem::remove(path);
}

TEST_CASE("without a service manager nothing happens", "[net][sd_notify]") {
  const char* const name = GENERATE(static_cast<const char*>(nullptr), "", "relative",
                                    "@nobody-listens-here", "/does/not/exist");
  const std::string long_name(200, '/');
  for (const char* one : {name, long_name.c_str()}) {
    if (one == nullptr) {
      ::unsetenv("NOTIFY_SOCKET");
    } else {
      ::setenv("NOTIFY_SOCKET", one, 1);
    }
    CHECK_NOTHROW(sd_notify("READY=1"));
  }
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace taproot::net
