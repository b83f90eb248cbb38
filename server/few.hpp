#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <new>
#include <type_traits>

namespace taproot::server {

/// A list with room for `Most` elements inside itself, for values on the query path, which may
/// allocate nothing. Costs nothing until something is put in.
template <class T, std::size_t Most>
class Few {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  Few() {}  // leaves the elements as they are: filling them would be most of the work
  Few(const Few& other) { *this = other; }
  Few& operator=(const Few& other) {
    size_ = 0;
    for (const T& element : other) push(element);
    return *this;
  }
  ~Few() = default;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == Most; }

  /// There must be room.
  void push(const T& element) {
    assert(!full());
    ::new (static_cast<void*>(octets_.data() + size_ * sizeof(T))) T(element);
    ++size_;
  }

  const T* begin() const { return reinterpret_cast<const T*>(octets_.data()); }
  const T* end() const { return begin() + size_; }
  const T& operator[](std::size_t i) const {
    assert(i < size_);
    return begin()[i];
  }

 private:
  alignas(T) std::array<std::byte, Most * sizeof(T)> octets_;
  std::size_t size_ = 0;
};

}  // namespace taproot::server
