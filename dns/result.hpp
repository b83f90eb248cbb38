#pragma once

#include <tl/expected.hpp>

#include <string>
#include <utility>

namespace taproot {

/// What kind of expected failure it was: for the program. New kinds go at the end of their group.
enum class Errc {
  // octets and names
  truncated,
  trailing_octets,
  bad_label,
  name_too_long,
  bad_pointer,
  bad_rdata,
  bad_text,
  bad_message,
  too_large,
  // zones
  bad_serial,
  bad_zone,
  conflict,
  // the outside world
  not_found,
  refused,
  timed_out,
  io,
  bad_config,
  bad_answer,
  unauthorized,
  blocked,
  in_use
};

/// Why something expected to fail now and then did fail.
/// `code` is for the program, `detail` for the person reading the log: what, where, how to mend.
struct Error {
  Errc code;
  std::string detail;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Errc code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}

/// The same error, with the place it happened put before its words.
inline tl::unexpected<Error> fail_in(const std::string& where, const Error& error) {
  return fail(error.code, where + ": " + error.detail);
}

}  // namespace taproot
