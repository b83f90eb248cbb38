#pragma once

#include "dns/name.hpp"
#include "net/http_server.hpp"
#include "server/operations.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace taproot::server {

/// One request that found its route, and the answer that is owed to it. Copied into the `done` of
/// an operation, which may come later.
struct ControlCall {
  Operations& operations;
  net::HttpServerRequest request;
  std::shared_ptr<net::HttpResponder> responder;
  std::string name;                       ///< what stands for {zone} or {id} in the path
  dns::Name zone;                         ///< if the route has a {zone}
  std::optional<std::uint64_t> based_on;  ///< If-Match
};

/// One line of the API: the list of them is all it can do.
struct ControlRoute {
  std::string_view method;
  std::string_view path;  ///< with {zone} or {id}
  bool changes;           ///< needs the token
  void (*handle)(const ControlCall& call);
};

std::span<const ControlRoute> control_routes();

/// Whether `path` fits the route's, and what stands for {zone} or {id} there. A zone's name may
/// have slashes in it (RFC 2317).
std::optional<std::string> match_route(const ControlRoute& route, std::string_view path);

/// Answers with JSON and the headers that every answer has.
void respond_json(net::HttpResponder& responder, int status, std::string body,
                  net::HttpHeaders extra = {});
void respond_text(net::HttpResponder& responder, int status, std::string content_type,
                  std::string body);
/// {"error": …, "code": …}
void respond_error(net::HttpResponder& responder, int status, std::string_view code,
                   std::string_view error, net::HttpHeaders extra = {});
/// The same for what an operation has failed with; a conflict is 412 if there was an If-Match.
void respond_error(const ControlCall& call, const Error& error);

/// The OpenAPI 3.1 document of the routes.
std::string_view openapi_document();

}  // namespace taproot::server
