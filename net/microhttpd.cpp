#include "net/microhttpd.hpp"

namespace taproot::net {

const Microhttpd& microhttpd() {
  static const Microhttpd library;
  return library;
}

}  // namespace taproot::net
