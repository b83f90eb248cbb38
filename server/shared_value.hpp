#pragma once

#include <memory>
#include <utility>

namespace taproot::server {

/// One value that many share, or null. Compared by what it says, so that a configuration that is
/// read again is known to be the same.
template <class Value>
struct SharedValue : std::shared_ptr<const Value> {
  using std::shared_ptr<const Value>::shared_ptr;
  SharedValue() = default;
  SharedValue(std::shared_ptr<const Value> value)
      : std::shared_ptr<const Value>(std::move(value)) {}
  SharedValue(std::shared_ptr<Value> value) : std::shared_ptr<const Value>(std::move(value)) {}
  friend bool operator==(const SharedValue& a, const SharedValue& b) {
    return a.get() == b.get() || (a && b && *a == *b);
  }
  friend bool operator==(const SharedValue& a, std::nullptr_t) { return a.get() == nullptr; }
};

}  // namespace taproot::server
