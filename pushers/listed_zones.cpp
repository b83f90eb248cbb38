#include "pushers/listed_zones.hpp"

#include "pushers/fingerprint.hpp"

namespace taproot::pushers {

std::string ListedZones::mark_of(const Request& request) {
  if (request.method != "GET" || request.dns || request.exec) return "";
  Digest digest;
  digest.add(std::string_view(request.url));
  for (const auto& [name, value] : request.headers) {
    digest.add(std::string_view(name)).add(std::string_view(value));
  }
  return digest.hex(64);
}

std::optional<Response> ListedZones::take(const dns::Name& zone, const std::string& mark,
                                          net::Instant now) {
  if (mark.empty() || mark != mark_ || now >= until_) return std::nullopt;
  if (!told_.insert(zone).second) return std::nullopt;
  return answer_;
}

void ListedZones::keep(const dns::Name& zone, const std::string& mark, const Response& answer,
                       net::Instant now) {
  if (mark.empty() || answer.body.size() > most_octets) return;
  mark_ = mark;
  told_ = {zone};
  answer_ = answer;
  until_ = now + good_for;
}

}  // namespace taproot::pushers
