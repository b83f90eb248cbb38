#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace taproot {

/// A key, token or password. It has no stream operator, no formatter and no comparison, so that
/// it cannot reach a log, a plan or an error by accident; its memory is cleared when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      value_ = std::move(other.value_);
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  bool empty() const { return value_.empty(); }

  /// The octets themselves, for the one place that must send or hash them.
  std::string_view reveal() const { return value_; }

 private:
  void wipe() noexcept {
    volatile char* p = value_.data();
    for (std::size_t i = 0; i < value_.size(); ++i) p[i] = '\0';
    value_.clear();
  }

  std::string value_;
};

}  // namespace taproot
