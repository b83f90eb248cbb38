#pragma once

#include <uv.h>

namespace taproot::net {

/// The State behind a resource holds its libuv handle as `handle`, with `handle.data` pointing
/// back, and may be freed in the handle's close callback only. This closes the handle now, and
/// frees the State then: so a callback may go on looking at the State after it destroyed the
/// resource. Nothing else calls uv_close.
template <class State>
void close_owned(State* state) noexcept {
  uv_close(reinterpret_cast<uv_handle_t*>(&state->handle),
           [](uv_handle_t* handle) noexcept { delete static_cast<State*>(handle->data); });
}

template <class State, class Handle>
State* state_of(const Handle* handle) noexcept {
  return static_cast<State*>(handle->data);
}

template <class Handle>
uv_handle_t* as_handle(Handle* handle) noexcept {
  return reinterpret_cast<uv_handle_t*>(handle);
}

template <class Handle>
const uv_handle_t* as_handle(const Handle* handle) noexcept {
  return reinterpret_cast<const uv_handle_t*>(handle);
}

}  // namespace taproot::net
