#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace taproot {

/// A key, token or password. It has no stream operator and no formatter, so that it cannot reach a
/// log, a plan or an error by accident; its memory is cleared when it goes. It can be compared with
/// another, to tell whether a configuration has changed; what a stranger sends is not compared so,
/// since that takes a time that tells how much of it is right.
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
  bool operator==(const Secret&) const = default;

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
