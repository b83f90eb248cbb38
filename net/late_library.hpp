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

  /// One of its functions, for whoever knows its type.
  class Found {
   public:
    explicit Found(void* function) : function_(function) {}
    template <class Function>
    operator Function*() const {  // NOLINT(google-explicit-constructor)
      return reinterpret_cast<Function*>(function_);
    }

   private:
    void* function_;
  };

  /// The function of this name; std::runtime_error if there is none.
  Found find(const char* name) const;

 private:
  const char* file_;
  void* handle_;
};

}  // namespace taproot::net
