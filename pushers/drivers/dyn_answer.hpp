#pragma once

#include "pushers/exchange.hpp"
#include "pushers/trouble.hpp"

#include <optional>
#include <string>
#include <vector>

namespace taproot::pushers {

/// What DynECT says in every answer, whatever its HTTP status: done, refused, or still at work as
/// a job that is asked for by its number.
struct DynAnswer {
  enum class State { success, failure, incomplete, unreadable };

  struct Message {
    std::string code;  ///< ERR_CD
    std::string info;
  };

  State state = State::unreadable;
  std::string job;   ///< with `incomplete`: digits
  std::string data;  ///< JSON
  std::vector<Message> messages;

  /// Never throws. A redirect to a job (HTTP 307) is a number too: where else it leads to does not
  /// matter, since it is not followed.
  static DynAnswer from(const Response& response);

  bool has_code(std::string_view code) const;
  bool has_info(std::string_view part) const;
};

/// What an answer means that is neither success nor a job. Password and session are not repeated.
Trouble dyn_trouble(const DynAnswer& answer, const Response& response, Access access,
                    const Secret& password, const std::string& session, WallTime now);

}  // namespace taproot::pushers
