#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace taproot::zonestore {

/// The one place where threads meet: a pointer to the newest T.
///
/// Readers take() it once per batch of messages and then work without locks. The lock is
/// held only while the pointer is copied; the old T is freed outside of it.
template <class T>
class Published {
 public:
  Published() = default;
  explicit Published(std::shared_ptr<const T> first) : newest_(std::move(first)) {}

  std::shared_ptr<const T> take() const {
    std::lock_guard lock(mutex_);
    return newest_;
  }
  void publish(std::shared_ptr<const T> next) {
    std::lock_guard lock(mutex_);
    newest_.swap(next);
  }  // `next` now holds the old one, and is destroyed after `lock`: parameters outlive locals

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> newest_;
};

}  // namespace taproot::zonestore
