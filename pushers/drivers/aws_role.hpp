#pragma once

#include "pushers/drivers/sigv4.hpp"
#include "pushers/exchange.hpp"
#include "pushers/trouble.hpp"

#include <optional>
#include <string>

namespace taproot::pushers {

/// A role of AWS that a key may assume, and where it asks for that.
struct AwsRole {
  std::string arn;          ///< empty: the key works for itself
  std::string external_id;  ///< what the owner of the role wants to hear; empty: nothing
  std::string url = "https://sts.amazonaws.com";
};

/// Asks the Security Token Service (2011-06-15) for credentials of the role, good for 15 minutes.
Request assume_role(const AwsRole& role, const AwsCredentials& credentials, WallTime now);

/// The credentials of an answer; nothing if it is not one, or if they have ended by now.
std::optional<AwsCredentials> credentials_of_role(const Response& response, WallTime now);

/// Credentials as one text, for Call::session.
std::string session_of(const AwsCredentials& credentials);
/// Empty ones of a text that is none.
AwsCredentials credentials_of_session(const std::string& session);

}  // namespace taproot::pushers
