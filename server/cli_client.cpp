#include "server/cli_client.hpp"

#include "server/config_sections.hpp"
#include "server/control_token.hpp"
#include "server/render_document.hpp"

#include <httplib.h>

namespace taproot::server {

namespace {

/// Longer than any plan or verification should take; a daemon that hangs must not hang scripts.
constexpr std::chrono::minutes longest_wait{5};

Errc code_of(const std::string& word) {
  if (word == "blocked") return Errc::blocked;
  if (word == "not_found") return Errc::not_found;
  if (word == "conflict" || word == "precondition_failed") return Errc::conflict;
  if (word == "unauthorized" || word == "too_many_requests") return Errc::unauthorized;
  return Errc::refused;
}

Error error_of(const net::HttpResponse& response) {
  const auto document = Document::parse(response.body);
  const auto text = document ? document->text("error") : std::string();
  if (text.empty()) {
    return {Errc::bad_answer, "what answers is not a taproot of this kind (HTTP " +
                                  std::to_string(response.status) +
                                  "): look at --control and control.listen"};
  }
  return {code_of(document->text("code")), text};
}

/// The daemon is at this host and speaks plain HTTP, for which a small library does: libcurl would
/// take longer to be loaded than the rest of the command.
httplib::Result exchange(const net::Endpoint& daemon, const net::HttpRequest& asked,
                         std::chrono::seconds patience) {
  httplib::Client client(daemon.address().to_text(), daemon.port());
  client.set_read_timeout(patience);
  httplib::Request request;
  request.method = asked.method;
  request.path = asked.url;
  request.body = asked.body;
  for (const auto& [name, value] : asked.headers) request.headers.emplace(name, value);
  return client.send(request);
}

bool nobody_listens(const httplib::Result& result) {
  return result.error() == httplib::Error::Connection;
}

}  // namespace

std::string url_text(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  constexpr std::string_view unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (unreserved.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += hex[octet >> 4u];
      encoded += hex[octet & 0xfu];
    }
  }
  return encoded;
}

std::string path_with_zones(const std::string& path, const std::vector<std::string>& zones) {
  std::string text;
  for (const auto& zone : zones) text += (text.empty() ? "?zone=" : ",") + url_text(zone);
  return path + text;
}

std::string user_name(const ConfigWorld& world) {
  for (const auto* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const auto name = world.environment(variable);
    if (name && !name->empty()) return *name;
  }
  return "cli";
}

Result<DaemonClient> DaemonClient::find(const CommonFlags& common, const ConfigWorld& world) {
  ControlConfig control;
  const bool by_flags = (common.control || common.state) && !common.config;
  const auto config = by_flags ? std::nullopt : find_config(common);
  if (config) {
    const auto read = read_control_config(*config, world);
    if (!read) return tl::unexpected(read.error());
    control = *read;
  }
  if (common.control) {
    const auto endpoint = net::Endpoint::from_text(*common.control);
    if (!endpoint) {
      return fail(Errc::bad_text, "--control " + *common.control +
                                      ": not an address with a port: write 127.0.0.1:8053");
    }
    control.listen = *endpoint;
  }
  if (is_exposed(control.listen)) {
    return fail(Errc::refused, control.listen.to_text() +
                                   ": the control API has no TLS and is for this host only: go "
                                   "there with ssh");
  }
  if (common.state || !config) {
    const auto state = common.state ? std::filesystem::path(*common.state) : default_state(world);
    control.token_file = state / "control.token";
  }
  return DaemonClient(control.listen, control.token_file);
}

Result<net::HttpResponse> DaemonClient::response_of(const net::HttpRequest& request) const {
  const auto result = exchange(endpoint_, request, longest_wait);
  if (nobody_listens(result)) {
    return fail(Errc::io, "no taproot is running at " + endpoint_.to_text() +
                              ": start it with `taproot serve`, or name the right address with "
                              "--control");
  }
  if (!result) {
    return fail(Errc::io,
                "the control API: " + endpoint_.to_text() +
                    ": the connection broke before the answer was here, or none came in " +
                    std::to_string(longest_wait.count()) + " minutes");
  }
  net::HttpResponse response;
  response.status = result->status;
  response.body = result->body;
  return response;
}

Result<std::string> DaemonClient::answer_of(const net::HttpRequest& request) const {
  const auto response = response_of(request);
  if (!response) return tl::unexpected(response.error());
  if (response->status != 200) return tl::unexpected(error_of(*response));
  return response->body;
}

bool DaemonClient::is_nobody_there() const {
  net::HttpRequest request;
  request.url = "/healthz";
  return nobody_listens(exchange(endpoint_, request, std::chrono::seconds(5)));
}

Result<std::string> DaemonClient::get(const std::string& path_and_query) const {
  net::HttpRequest request;
  request.url = path_and_query;
  return answer_of(request);
}

Result<net::HttpRequest> DaemonClient::post_request(const std::string& path,
                                                    const std::string& body,
                                                    std::optional<std::uint64_t> based_on) const {
  const auto token = read_token(token_file_);
  if (!token && token.error().code == Errc::not_found) {
    // Without a daemon there is no token either, and that is the better thing to say.
    const auto alive = get("/healthz");
    if (!alive) return tl::unexpected(alive.error());
    return fail(Errc::not_found, token_file_.string() +
                                     ": there is no token: name the state folder of the taproot "
                                     "that runs with --state or --config");
  }
  if (!token) return tl::unexpected(token.error());
  net::HttpRequest request;
  request.method = "POST";
  request.url = path;
  request.body = body;
  request.headers = {{"Content-Type", "application/json"},
                     {"Authorization", "Bearer " + std::string(token->reveal())}};
  if (based_on) request.headers.emplace_back("If-Match", "\"" + std::to_string(*based_on) + "\"");
  return request;
}

Result<std::string> DaemonClient::post(const std::string& path, const std::string& body,
                                       std::optional<std::uint64_t> based_on) const {
  auto request = post_request(path, body, based_on);
  if (!request) return tl::unexpected(request.error());
  return answer_of(*request);
}

Result<DaemonClient::Answer> DaemonClient::post_for_findings(
    const std::string& path, const std::string& body, std::optional<std::uint64_t> based_on) const {
  auto request = post_request(path, body, based_on);
  if (!request) return tl::unexpected(request.error());
  auto response = response_of(*request);
  if (!response) return tl::unexpected(response.error());
  const auto document = Document::parse(response->body);
  const bool has_findings =
      response->status == 422 && document && !document->list("findings").empty();
  if (response->status != 200 && !has_findings) return tl::unexpected(error_of(*response));
  return Answer{response->status, std::move(response->body)};
}

}  // namespace taproot::server
