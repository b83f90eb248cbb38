#include "server/render.hpp"
#include "server/render_document.hpp"
#include "server/render_text.hpp"

namespace taproot::server {

namespace {

std::string compared_text(const Document& row) {
  if (row.number("of") == 0) return "";
  return std::to_string(row.number("compared")) + "/" + std::to_string(row.number("of")) +
         " RRsets";
}

void nameserver_rows(const Document& row, Table& table) {
  const auto state = row.text("state");
  const auto serial = row.number_if_any("serial");
  table.row({{"    " + row.text("nameserver")},
             {row.text("endpoint")},
             {state, paint_of(state)},
             {serial ? "serial " + std::to_string(*serial) : ""},
             {compared_text(row)},
             {row.text("error")}});
  for (const auto& difference : row.texts("differences")) table.line("      " + difference);
}

}  // namespace

Result<std::string> render_verify(std::string_view json, bool colour) {
  const auto report = Document::parse(json);
  if (!report) return tl::unexpected(report.error());
  Table table;
  std::size_t nameservers = 0;
  std::size_t verified = 0;
  for (const auto& zone : report->list("zones")) {
    table.line(painted(zone.text("zone"), Paint::bold, colour) + "  v" +
               std::to_string(zone.number("version")) + "  serial " +
               std::to_string(zone.number("serial")));
    for (const auto& provider : zone.list("providers")) {
      table.line("  " + painted(provider.text("provider"), Paint::bold, colour));
      for (const auto& nameserver : provider.list("nameservers")) {
        nameserver_rows(nameserver, table);
        ++nameservers;
        if (nameserver.text("state") == "verified") ++verified;
      }
    }
  }
  const auto text = table.to_text(colour);
  if (nameservers == 0) {
    return text + "No nameservers to ask: add nameservers: to the providers.\n";
  }
  return text + "\n" + std::to_string(verified) + " of " + counted(nameservers, "nameserver") +
         " verified" + (verified == nameservers ? ".\n" : ". Next: taproot status\n");
}

}  // namespace taproot::server
