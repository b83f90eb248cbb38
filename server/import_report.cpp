#include "server/import_report.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace taproot::server {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const zonestore::Finding& finding) {
  static constexpr std::array severities{"error", "warning", "note"};
  Json related = Json::array();
  for (const auto& one : finding.related) {
    related.push_back({{"file", one.file},
                       {"line", one.line},
                       {"column", one.column},
                       {"message", one.message},
                       {"excerpt", one.excerpt}});
  }
  return {{"severity", severities.at(static_cast<std::size_t>(finding.severity))},
          {"rule", finding.rule},
          {"file", finding.file},
          {"line", finding.line},
          {"column", finding.column},
          {"message", finding.message},
          {"cure", finding.cure},
          {"excerpt", finding.excerpt},
          {"length", zonestore::length_of(finding)},
          {"related", std::move(related)}};
}

}  // namespace

std::string to_json(const ImportReport& report) {
  Json left_out = Json::object();
  for (const auto& [type, count] : report.left_out) left_out[dns::to_text(type)] = count;
  Json findings = Json::array();
  for (const auto& finding : report.findings) findings.push_back(json_of(finding));
  const Json json{{"zone", report.zone},       {"source", report.source},
                  {"output", report.output},   {"written", report.written},
                  {"names", report.names},     {"rrsets", report.rrsets},
                  {"records", report.records}, {"left_out", std::move(left_out)},
                  {"notes", report.notes},     {"findings", std::move(findings)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace taproot::server
