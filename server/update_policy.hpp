#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/types.hpp"
#include "dns/update.hpp"
#include "net/endpoint.hpp"
#include "server/shared_value.hpp"
#include "xfr/access.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::server {

/// Names that an update rule lets somebody change. It knows no zone, so that one rule can serve a
/// folder of zones.
///
///     www  @  www.example.com.     this name
///     *.team  *                    all names below team, all below the apex
///     _acme-challenge.*            _acme-challenge before any name below the apex
///     self  *.self                 the name that the key is called by, all names below it
///     _acme-challenge.self         _acme-challenge before the key's name
class UpdateNames {
 public:
  /// Relative to the zone's apex, or absolute. Fails with Errc::bad_text.
  static Result<UpdateNames> from_text(std::string_view text);

  /// `owner` lies in the zone of this apex.
  bool match(const dns::Name& owner, const dns::Name& apex, const dns::Name& key) const;

  /// As it was written.
  const std::string& text() const { return text_; }
  /// The name if it is absolute: for checking that it lies in the zone.
  const std::optional<dns::Name>& absolute() const { return absolute_; }

  bool operator==(const UpdateNames&) const = default;

 private:
  enum class Kind {
    name,   ///< labels before the base
    below,  ///< whatever is below labels before the base
    before  ///< labels before whatever is below the apex
  };
  UpdateNames() = default;
  std::optional<dns::Name> base(const dns::Name& apex, const dns::Name& key) const;

  std::string text_;
  Kind kind_ = Kind::name;
  bool of_key_ = false;  ///< the base is the key's name, not the apex
  std::string labels_;   ///< in wire format without the root
  std::optional<dns::Name> absolute_;
};

/// One permission to change a zone by UPDATE. Every part must hold at once.
struct UpdateRule {
  std::vector<dns::Name> keys;  ///< the request is signed with one of them; never empty
  std::vector<UpdateNames> names;
  bool any_type = false;  ///< all but is_guarded() ones
  std::vector<dns::RRType> types;
  /// Address, transport and TLS identity that the request has beside the key; nothing set: any.
  xfr::AccessRule who;

  bool operator==(const UpdateRule&) const = default;
};

/// All permissions of a zone. Null or empty: nobody may change it.
using UpdateRules = SharedValue<std::vector<UpdateRule>>;

/// Types that steer the zone itself, or that belong to whoever signs it: `any` does not mean
/// them, they have to be named.
bool is_guarded(dns::RRType type);

/// Who asks, as far as proven.
struct Updater {
  dns::Name key;
  net::Address address;
  const net::TlsPeer* tls = nullptr;  ///< of the connection; null: it is not TLS
};

/// Why somebody may have nothing to do with the zone, in words for the log, or nothing.
std::optional<std::string> why_no_updater(const UpdateRules& rules, const dns::Name& apex,
                                          const Updater& who);

/// Why not all of an update is allowed: who, what, which rules there are, how to allow it; or
/// nothing. Looks at no zone, so that a refusal tells nothing of one. Notes in removals of whole
/// names what they have to spare.
std::optional<std::string> why_not_allowed(const UpdateRules& rules, const Updater& who,
                                           dns::Update& update);

}  // namespace taproot::server
