#include "net/late_library.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace taproot::net {

namespace {

[[noreturn]] void throw_error(const char* file) {
  const char* const words = ::dlerror();
  throw std::runtime_error(std::string(file) + " cannot be loaded: install it again (" +
                           (words != nullptr ? words : "no reason given") + ")");
}

}  // namespace

LateLibrary::LateLibrary(const char* file)
    : file_(file), handle_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) throw_error(file);
}

LateLibrary::Found LateLibrary::find(const char* name) const {
  void* const function = ::dlsym(handle_, name);
  if (function == nullptr) throw_error(file_);
  return Found(function);
}

}  // namespace taproot::net
