#pragma once

#include "dns/secret.hpp"
#include "pushers/drivers/cloudflare.hpp"

#include <map>
#include <string>

namespace taproot::pushers {

/// How to reach IBM Cloud Internet Services (CIS).
struct IbmCisConfig {
  std::string url = "https://api.cis.cloud.ibm.com";
  std::string login_url = "https://iam.cloud.ibm.com";
  std::string crn;  ///< of the service instance
  Secret api_key;   ///< of IBM Cloud
  std::map<dns::Name, std::string> zone_ids = {};
};

/// Speaks the API of IBM Cloud Internet Services, which is Cloudflare's below the name of an
/// instance, with a token of IBM's for each push.
class IbmCis : public Cloudflare {
 public:
  explicit IbmCis(IbmCisConfig config);

  std::optional<Request> login(const Call& call) const override;
  Seen<std::string> parse_login(const Call& call, const Response& response) const override;

 protected:
  void authorize(const Call& call, Request& request) const override;

 private:
  IbmCisConfig config_;
};

}  // namespace taproot::pushers
