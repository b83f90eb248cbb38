#include "net/descriptor.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>

namespace taproot::net {

TEST_CASE("a descriptor is closed by its last owner", "[net][descriptor]") {
  Descriptor first(::open("/dev/null", O_RDONLY));
  const int number = first.number();
  REQUIRE(first.is_open());
  {
    Descriptor second(std::move(first));
    CHECK_FALSE(first.is_open());
    CHECK(::fcntl(number, F_GETFD) >= 0);
    first = std::move(second);
    CHECK(::fcntl(number, F_GETFD) >= 0);
  }
  first.close();
  CHECK(::fcntl(number, F_GETFD) < 0);
}

TEST_CASE("system errors are told in words", "[net][descriptor]") {
  struct Case {
    int error;
    Errc code;
    const char* words;
  };
  const auto c = GENERATE(Case{EADDRINUSE, Errc::in_use, "here: Address already in use"},
                          Case{-EADDRINUSE, Errc::in_use, "here: Address already in use"},
                          Case{ETIMEDOUT, Errc::timed_out, "here: Connection timed out"},
                          Case{EACCES, Errc::io, "here: Permission denied"});
  const auto error = system_error("here", c.error);
  CHECK(error.code == c.code);
  CHECK(error.detail == c.words);
}

TEST_CASE("the limit of descriptors is raised to the hard one", "[net][descriptor]") {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit low{64, limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &low);
  CHECK(raise_descriptor_limit() == limit.rlim_max);
  rlimit now{};
  getrlimit(RLIMIT_NOFILE, &now);
  CHECK(now.rlim_cur == limit.rlim_max);
}

}  // namespace taproot::net
