#include "zonestore/sources/document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace taproot::zonestore {

namespace {

/// Walks a text and tells how far the parser has read: it reads once, forwards.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** read) : at_(at), read_(read) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *read_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    auto before = *this;
    ++*this;
    return before;
  }
  [[maybe_unused]] friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ == b.at_;
  }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ != b.at_;
  }

 private:
  const char* at_;
  const char** read_;
};

/// Turns what nlohmann's parser comes across into calls of the builder. The parser tells no
/// places; they follow from how far it has read.
class Handler : public nlohmann::json_sax<nlohmann::json> {
 public:
  Handler(std::string_view text, DocumentBuilder& builder)
      : text_(text), builder_(builder), read_(text.data()) {}

  CountingIterator begin() { return {text_.data(), &read_}; }
  CountingIterator end() { return {text_.data() + text_.size(), &read_}; }

  bool null() override { return builder_.null(place(word().first)); }
  bool boolean(bool) override { return plain(); }
  bool number_integer(number_integer_t) override { return plain(); }
  bool number_unsigned(number_unsigned_t) override { return plain(); }
  bool number_float(number_float_t, const string_t&) override { return plain(); }
  bool string(string_t& value) override {
    return builder_.scalar(place(opening_quote()), std::move(value));
  }
  bool binary(binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override {
    return builder_.begin(DocumentNode::Kind::map, place(offset() - 1));
  }
  bool key(string_t& value) override { return string(value); }
  bool end_object() override { return builder_.end(); }
  bool start_array(std::size_t) override {
    return builder_.begin(DocumentNode::Kind::sequence, place(offset() - 1));
  }
  bool end_array() override { return builder_.end(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& exception) override {
    // "[json.exception…] parse error at line 1, column 2: what"
    // The parser quotes what it read last, which may be very long.
    constexpr std::size_t enough = 300;
    const std::string what = std::string(exception.what()).substr(0, enough);
    const auto colon = what.find(": ");
    return builder_.fail("json-syntax", place_in(text_, position > 0 ? position - 1 : 0),
                         colon == std::string::npos ? what : what.substr(colon + 2),
                         "mend the JSON here or just before; no comma behind the last entry");
  }

 private:
  std::size_t offset() const { return static_cast<std::size_t>(read_ - text_.data()); }

  /// Numbers and words as they were written. The parser may have read one character more.
  bool plain() {
    const auto [from, to] = word();
    return builder_.scalar(place(from), std::string(text_.substr(from, to - from)));
  }
  std::pair<std::size_t, std::size_t> word() const {
    const auto is_part = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' || c == '-' ||
             c == '.';
    };
    std::size_t to = offset();
    if (to > 0 && !is_part(text_[to - 1])) --to;
    std::size_t from = to;
    while (from > 0 && is_part(text_[from - 1])) --from;
    return {from, to};
  }

  /// Where the string that was just read begins.
  std::size_t opening_quote() const {
    std::size_t at = offset() - 1;  // the closing one
    while (at > 0) {
      if (text_[--at] != '"') continue;
      std::size_t slashes = 0;
      while (slashes < at && text_[at - slashes - 1] == '\\') ++slashes;
      if (slashes % 2 == 0) break;
    }
    return at;
  }

  /// Offsets only grow, so lines are counted once.
  DocumentBuilder::Place place(std::size_t at) {
    for (; counted_ < at; ++counted_) {
      if (text_[counted_] != '\n') continue;
      ++line_;
      line_start_ = counted_ + 1;
    }
    return {line_, static_cast<std::uint32_t>(at - line_start_ + 1)};
  }

  std::string_view text_;
  DocumentBuilder& builder_;
  const char* read_;
  std::size_t counted_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace

void read_json(std::string_view text, DocumentBuilder& builder) {
  Handler handler(text, builder);
  try {
    nlohmann::json::sax_parse(handler.begin(), handler.end(), &handler);
  } catch (const nlohmann::json::exception& exception) {
    builder.fail("json-syntax", {1, 1}, exception.what(), "mend the JSON");
  }
}

}  // namespace taproot::zonestore
