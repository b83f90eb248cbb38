#pragma once

#include "dns/result.hpp"
#include "server/operations.hpp"

#include <string>
#include <vector>

namespace taproot::server {

// The bodies of requests, checked: an unknown key, a value of another kind or a text with control
// characters fails with Errc::bad_text and says which. An empty body is an empty object.

Result<Operations::ApplyRequest> read_apply_body(const std::string& body);
/// Without the zone, which stands in the path. Times are counted from `now`.
Result<Operations::RollbackRequest> read_rollback_body(
    const std::string& body, WallTime now = std::chrono::system_clock::now());
/// Without the zone. Of `changes` it is only looked whether they are there: they have a reader of
/// their own (zonestore/sources/edit_document.hpp), which gives findings.
Result<Operations::EditRequest> read_edit_body(const std::string& body);
/// {"above": "secondaries"}, which must be said; without the zone.
Result<Operations::SerialRequest> read_serial_body(const std::string& body);
/// Without the zone.
Result<Operations::DropRequest> read_drop_body(const std::string& body);
/// Without the provider; whether it is to be held stands in the path, too.
Result<Operations::HoldRequest> read_hold_body(const std::string& body);
Result<Operations::ReloadRequest> read_reload_body(const std::string& body);
/// {} or nothing.
Result<void> read_empty_body(const std::string& body);

}  // namespace taproot::server
