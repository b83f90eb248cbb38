#include "server/control.hpp"

#include "net/http_server.hpp"
#include "server/config_sections.hpp"
#include "server/control_auth.hpp"
#include "server/control_routes.hpp"

#include <charconv>
#include <exception>

namespace taproot::server {

namespace {

/// Whether a web page of another origin makes the request. Browsers say so; commands say nothing.
bool is_foreign(const net::HttpServerRequest& request) {
  const auto site = request.header("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return true;
  const auto origin = request.header("Origin");
  if (!origin) return false;
  const auto host = request.header("Host");  // allowed already: net has looked at it
  if (!host) return true;
  return *origin != "http://" + std::string(*host) && *origin != "https://" + std::string(*host);
}

/// The version of If-Match: "42", with or without quotes; "*" is any.
Result<std::optional<std::uint64_t>> version_of(std::optional<std::string_view> header) {
  if (!header || *header == "*") return std::optional<std::uint64_t>();
  std::string_view text = *header;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  std::uint64_t version = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size()) {
    return fail(Errc::bad_text, "If-Match is not a version");
  }
  return std::optional(version);
}

bool is_json(const net::HttpServerRequest& request) {
  const auto type = request.header("Content-Type");
  return request.body.empty() || (type && type->starts_with("application/json"));
}

}  // namespace

struct Control::State {
  State(Operations& of, Options with)
      : operations(of), guard(std::move(with.token)), now(std::move(with.now)) {}

  void handle(net::HttpServerRequest request, net::HttpResponder responder);

  Operations& operations;
  TokenGuard guard;
  std::function<net::Instant()> now;
  std::unique_ptr<net::HttpServer> server;

 private:
  bool may_change(const net::HttpServerRequest& request, net::HttpResponder& responder);
  void call(const ControlRoute& route, std::string name, net::HttpServerRequest request,
            net::HttpResponder responder);
};

bool Control::State::may_change(const net::HttpServerRequest& request,
                                net::HttpResponder& responder) {
  switch (guard.check(request.header("Authorization"), now())) {
    case TokenGuard::Verdict::allowed:
      return true;
    case TokenGuard::Verdict::missing:
      respond_error(responder, 401, "unauthorized",
                    "this changes something: send Authorization: Bearer TOKEN; the token is in "
                    "control.token in the state folder",
                    {{"WWW-Authenticate", "Bearer realm=\"taproot\""}});
      return false;
    case TokenGuard::Verdict::wrong:
      respond_error(responder, 401, "unauthorized", "the token is wrong",
                    {{"WWW-Authenticate", "Bearer realm=\"taproot\", error=\"invalid_token\""}});
      return false;
    case TokenGuard::Verdict::too_many:
      respond_error(responder, 429, "too_many_requests",
                    "five wrong tokens within a minute: wait a minute", {{"Retry-After", "60"}});
      return false;
  }
  return false;
}

void Control::State::call(const ControlRoute& route, std::string name,
                          net::HttpServerRequest request, net::HttpResponder responder) {
  if (route.changes && !may_change(request, responder)) return;
  if (!is_json(request)) {
    return respond_error(responder, 415, "unsupported_media_type",
                         "the body must be application/json");
  }
  const auto based_on = version_of(request.header("If-Match"));
  if (!based_on) return respond_error(responder, 400, "bad_request", based_on.error().detail);
  dns::Name zone;
  if (route.path.find("{zone}") != std::string_view::npos) {
    const auto read = dns::Name::from_text(name);
    if (!read) {
      return respond_error(responder, 400, "bad_request",
                           "the zone in the path is not a name: " + read.error().detail);
    }
    zone = *read;
  }
  route.handle({operations, std::move(request),
                std::make_shared<net::HttpResponder>(std::move(responder)), std::move(name), zone,
                route.changes ? *based_on : std::nullopt});
}

void Control::State::handle(net::HttpServerRequest request, net::HttpResponder responder) {
  if (is_foreign(request)) {
    return respond_error(responder, 403, "forbidden",
                         "requests from pages of another origin are refused");
  }
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (const auto& route : control_routes()) {
    auto name = match_route(route, request.path);
    if (!name) continue;
    if (route.method == method) {
      return call(route, std::move(*name), std::move(request), std::move(responder));
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    if (route.method == "GET") allowed += ", HEAD";
  }
  if (!allowed.empty()) {
    return respond_error(responder, 405, "method_not_allowed", "use " + allowed,
                         {{"Allow", allowed}});
  }
  respond_error(responder, 404, "not_found", "there is no such path: see /openapi.json");
}

Control::Control(std::unique_ptr<State> state) : state_(std::move(state)) {}
Control::~Control() = default;

const net::Endpoint& Control::local() const {
  return state_->server->local();
}

Result<std::unique_ptr<Control>> Control::open(net::Loop& loop, Operations& operations,
                                               Options options) {
  if (is_exposed(options.listen)) {
    return fail(Errc::refused, options.listen.to_text() +
                                   " can be reached from other hosts, and the control API has no "
                                   "TLS: listen on 127.0.0.1");
  }
  if (options.token.empty()) return fail(Errc::refused, "the control API has no token");
  net::HttpServer::Options limits;
  limits.hosts = options.allowed_hosts;
  const auto listen = options.listen;
  auto state = std::make_unique<State>(operations, std::move(options));
  auto handler = [at = state.get()](net::HttpServerRequest request, net::HttpResponder responder) {
    // A responder that an exception destroys answers 500.
    try {
      at->handle(std::move(request), std::move(responder));
    } catch (const std::exception&) {
    }
  };
  auto server = net::HttpServer::open(loop, listen, std::move(limits), std::move(handler));
  if (!server) return fail_in("control.listen " + listen.to_text(), server.error());
  state->server = std::move(*server);
  return std::unique_ptr<Control>(new Control(std::move(state)));
}

}  // namespace taproot::server
