#include "net/stream.hpp"

namespace taproot::net {

std::string to_text(TcpEnd end) {
  switch (end) {
    case TcpEnd::finished:
      return "finished";
    case TcpEnd::reset:
      return "reset";
    case TcpEnd::failed:
      return "failed";
  }
  return "";
}

}  // namespace taproot::net
