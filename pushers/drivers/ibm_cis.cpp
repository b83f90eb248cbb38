#include "pushers/drivers/ibm_cis.hpp"

#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using dns::RRType;

CloudflareDialect dialect_of_cis() {
  CloudflareDialect dialect;
  dialect.kind = "ibm-cis";
  dialect.called = "IBM";
  dialect.types = {RRType::A,  RRType::AAAA, RRType::CAA, RRType::CNAME, RRType::DS,
                   RRType::MX, RRType::NS,   RRType::PTR, RRType::SRV,   RRType::TXT};
  dialect.min_ttl = 120;
  dialect.max_ttl = dns::max_ttl;
  dialect.finds_by_name = false;
  dialect.zones_page = 1000;
  dialect.whole_srv = true;
  return dialect;
}

std::string instance_url(const IbmCisConfig& config) {
  return without_slash(config.url) + "/v1/" + percent_encoded(config.crn);
}

}  // namespace

IbmCis::IbmCis(IbmCisConfig config)
    : Cloudflare({instance_url(config), Secret(), config.zone_ids}, dialect_of_cis()),
      config_(std::move(config)) {
  config_.login_url = without_slash(std::move(config_.login_url));
}

void IbmCis::authorize(const Call& call, Request& request) const {
  // The second is what older documents of IBM's name.
  request.headers.emplace_back("Authorization", "Bearer " + call.session);
  request.headers.emplace_back("X-Auth-User-Token", "Bearer " + call.session);
}

std::optional<Request> IbmCis::login(const Call&) const {
  Request request;
  request.method = "POST";
  request.url = config_.login_url + "/identity/token";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  request.body = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=" +
                 percent_encoded(config_.api_key.reveal());
  return request;
}

Seen<std::string> IbmCis::parse_login(const Call& call, const Response& response) const {
  const Json answer = object_of<Json>(response);
  if (response.status == 200) {
    std::string token = access_token_of(answer);
    if (token.empty()) return garbage("an access token");
    return token;
  }
  const std::string said = text_of(answer, "errorCode") + " " + text_of(answer, "errorMessage");
  Trouble result = trouble_of(response, Access::read,
                              one_line(without_secret(said, config_.api_key), 300), call.now);
  // "Provided API key could not be found."
  if (response.status == 400) result.kind = TroubleKind::auth;
  return result;
}

}  // namespace taproot::pushers
