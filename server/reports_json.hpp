#pragma once

#include "dns/result.hpp"
#include "server/reports.hpp"
#include "zonestore/rule_table.hpp"

#include <span>
#include <string>

namespace taproot::server {

struct ImportReport;

// Each report as one JSON object with a newline behind it. The keys are a contract with scripts
// (docs/control-api.md): add, never rename. What is not known is null or an empty string; times
// are RFC 3339 in UTC with milliseconds; octets that are not UTF-8 are replaced, never an error.

std::string to_json(const StatusReport& report);
std::string to_json(const PlanReport& report);
std::string to_json(const ApplyReport& report);
std::string to_json(const VerifyReport& report);
std::string to_json(const HistoryReport& report);
std::string to_json(const ShowReport& report);
std::string to_json(const DiffReport& report);
std::string to_json(const RollbackReport& report);
std::string to_json(const EditReport& report);
std::string to_json(const NotifyReport& report);
std::string to_json(const SerialReport& report);
std::string to_json(const DropReport& report);
std::string to_json(const HoldReport& report);
std::string to_json(const ReloadReport& report);
std::string to_json(const CheckReport& report);
std::string to_json(const ImportReport& report);
std::string to_json(std::span<const zonestore::Rule> rules);

/// {"error": "…", "code": "…"}
std::string to_json(const Error& error);

/// "2026-11-23T09:14:03.120Z"
std::string to_rfc3339(WallTime time);

}  // namespace taproot::server
