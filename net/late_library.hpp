#pragma once

namespace taproot::net {

/// A shared library that is loaded when it is first needed. libcurl and libmicrohttpd bring thirty
/// others with them; mapping those takes longer than most commands of `taproot`, which need
/// neither.
class LateLibrary {
 public:
  /// `file` as the linker names it ("libcurl.so.4"); std::runtime_error if it cannot be loaded,
  /// for then the installation is broken. Stays loaded.
  explicit LateLibrary(const char* file);

  /// Sets `function` to the library's function of this name; std::runtime_error if there is none.
  template <class Function>
  void find(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(find(name));
  }

 private:
  void* find(const char* name) const;

  const char* file_;
  void* handle_;
};

}  // namespace taproot::net
