#include "net/curl.hpp"

#include <stdexcept>

namespace taproot::net {

namespace {

Curl start_curl() {
  Curl library;
  if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw std::runtime_error("cannot start the HTTP client library");
  }
  return library;
}

}  // namespace

const Curl& curl() {
  static const Curl library = start_curl();
  return library;
}

}  // namespace taproot::net
