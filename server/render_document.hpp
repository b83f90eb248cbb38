#pragma once

#include "dns/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::server {

/// A JSON document, or a part of one, being read by someone who takes it as it comes: what is
/// missing or of another kind reads as empty. A part keeps the whole alive.
class Document {
 public:
  /// Nothing: everything in it reads as empty.
  Document() = default;

  /// Fails with Errc::bad_answer unless the text is a JSON object.
  static Result<Document> parse(std::string_view json);

  /// Text without control characters: fit for a terminal.
  std::string text(const char* key) const;
  std::uint64_t number(const char* key) const;
  /// Any number as it is written, or nothing where there is null.
  std::optional<double> real(const char* key) const;
  std::optional<std::uint64_t> number_if_any(const char* key) const;
  bool flag(const char* key) const;
  Document part(const char* key) const;
  std::vector<Document> list(const char* key) const;
  /// The texts of a list of texts.
  std::vector<std::string> texts(const char* key) const;

  /// Whether it is there and not null.
  bool is_there() const { return at_ != nullptr; }

 private:
  explicit Document(std::shared_ptr<const void> at) : at_(std::move(at)) {}
  std::shared_ptr<const void> at_;  ///< a JSON value inside of the whole, which it owns
};

}  // namespace taproot::server
