#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/wire.hpp"

#include <compare>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace taproot::dns {

/// An absolute domain name (RFC 9499 section 2), held uncompressed in wire format.
///
/// A Name that exists is valid: at most 255 octets, labels of 1 to 63 octets,
/// the root label last. Case is kept as written and ignored when comparing.
class Name {
 public:
  /// The root.
  Name() : wire_(1, '\0') {}

  /// Reads presentation format (RFC 1035 section 5.1, escapes \X and \DDD); a name without its
  /// last dot is taken as absolute. Fails with Errc::bad_label, bad_text or name_too_long.
  static Result<Name> from_text(std::string_view text);

  /// The same, but a name without its last dot is relative to `origin`; "@" is the origin.
  static Result<Name> from_text(std::string_view text, const Name& origin);

  /// Reads a possibly compressed name (RFC 1035 section 4.1.4) and moves the reader past it.
  /// A pointer must point backwards, so this always ends.
  static Result<Name> from_wire(WireReader& reader);

  /// Takes octets that are known to be one valid uncompressed name, e.g. out of a version of
  /// ours. Asserts what it can; never hand it octets from outside.
  static Name from_trusted(Octets wire);

  static Name root() { return Name(); }

  /// With the last dot; what is not a letter, digit, '-', '_', '*' or '/' is escaped where the
  /// master file format needs it. The root is ".".
  std::string to_text() const;
  /// Relative to `origin` and without a dot at the end: "www", or "@" for the origin itself;
  /// names outside `origin` are written as by to_text().
  std::string to_text_in(const Name& origin) const;

  Octets wire() const {
    return {reinterpret_cast<const std::uint8_t*>(wire_.data()), wire_.size()};
  }
  std::size_t size() const { return wire_.size(); }

  bool is_root() const { return wire_.size() == 1; }
  bool is_wildcard() const { return wire_.size() >= 3 && wire_[0] == 1 && wire_[1] == '*'; }

  /// Labels without the root label: 0 for the root, 2 for example.com.
  std::size_t label_count() const;

  /// Without its first label; the root's parent is the root.
  Name parent() const;

  /// `label` put before this name. Fails with Errc::bad_label or name_too_long.
  Result<Name> child(std::string_view label) const;

  /// True for equal names too.
  bool is_subdomain_of(const Name& ancestor) const;

  /// ASCII letters in lower case (RFC 4034 section 6.2).
  Name lowered() const;

  friend bool operator==(const Name& a, const Name& b);
  /// Canonical order of RFC 4034 section 6.1, so a zone's apex sorts first.
  friend std::weak_ordering operator<=>(const Name& a, const Name& b);

 private:
  explicit Name(std::string wire) : wire_(std::move(wire)) {}
  std::string wire_;
};

/// For hash maps: ignores case, as operator== does.
struct NameHash {
  std::size_t operator()(const Name& name) const;
};

/// The two uncompressed wire names are the same, ignoring the case of ASCII letters.
bool same_name(Octets a, Octets b);

/// One lowered octet; only ASCII letters change.
constexpr std::uint8_t lower(std::uint8_t octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + 32) : octet;
}

/// Octets that the uncompressed name at `wire` occupies, or 0 if it is not whole and valid
/// there (labels of at most 63, 255 in all, no pointers). Allocates nothing: the query path.
std::size_t name_length(Octets wire);

/// Appends Name::to_text() of the valid uncompressed name `wire`.
void append_name_text(std::string& text, Octets wire);

/// Name::from_text() into a buffer of the caller's, for readers of many records: returns the
/// octets written. Without `origin` every name is absolute.
Result<std::size_t> name_from_text(std::string_view text, const Name* origin,
                                   std::span<std::uint8_t, 255> out);

}  // namespace taproot::dns
