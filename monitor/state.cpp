#include "monitor/state.hpp"

#include <algorithm>

namespace taproot::monitor {

std::string to_text(State state) {
  switch (state) {
    case State::in_sync:
      return "in_sync";
    case State::unknown:
      return "unknown";
    case State::behind:
      return "behind";
    case State::unreachable:
      return "unreachable";
    case State::ahead:
      return "ahead";
    case State::wrong_data:
      return "wrong_data";
  }
  return "unknown";
}

State worse(State a, State b) {
  return std::max(a, b);
}

}  // namespace taproot::monitor
