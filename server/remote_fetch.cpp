#include "server/remote_fetch.hpp"

#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "net/url.hpp"
#include "server/remote_proof.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace taproot::server {

namespace {

/// A checksum or signature file is short.
constexpr std::size_t max_proof_octets = std::size_t{64} << 10;
/// A server may send any text as a validator; we keep, and send, reasonable ones.
constexpr std::size_t max_validator_octets = 1024;
constexpr std::chrono::milliseconds longest_connect = std::chrono::seconds(10);

constexpr const char* unreachable = "source-unreachable";
constexpr const char* not_a_document = "source-not-a-document";

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string validator(const net::HttpResponse& response, std::string_view header) {
  const auto value = response.header(header);
  return value && value->size() <= max_validator_octets ? std::string(*value) : std::string();
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// A page for people: a login form, an error that calls itself a success.
bool is_html(const net::HttpResponse& response) {
  if (lowered(response.header("Content-Type").value_or("")).starts_with("text/html")) return true;
  const auto start = response.body.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) return false;
  const auto head = lowered(std::string_view(response.body).substr(start, 14));
  return head.starts_with("<!doctype html") || head.starts_with("<html");
}

std::string cure_of(int status) {
  if (status == 401 || status == 403) return "check token, client-certificate and who may read it";
  if (status == 404 || status == 410) return "check the URL, or put the document there";
  return "look at the server's log";
}

}  // namespace

RemoteFetch::RemoteFetch(RemoteConfig config, Validators known)
    : config_(std::move(config)), known_(std::move(known)), url_(config_.url) {}

net::HttpRequest RemoteFetch::begin() {
  return request();
}

net::HttpRequest RemoteFetch::request() const {
  net::HttpRequest request;
  request.url = url_;
  request.timeout = config_.timeout;
  request.connect_timeout = std::min(config_.timeout, longest_connect);
  request.max_body = part_ == Part::document ? config_.max_octets : max_proof_octets;
  request.ca_file = config_.ca_file;
  request.client_certificate = config_.client_certificate;
  request.client_key = config_.client_key;
  request.headers.emplace_back("Accept-Encoding", "identity");
  if (!config_.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + std::string(config_.token.reveal()));
  }
  if (part_ != Part::document) return request;
  if (!known_.etag.empty()) request.headers.emplace_back("If-None-Match", known_.etag);
  if (!known_.last_modified.empty()) {
    request.headers.emplace_back("If-Modified-Since", known_.last_modified);
  }
  return request;
}

std::optional<net::HttpRequest> RemoteFetch::on_response(Result<net::HttpResponse> response) {
  if (!response) {
    const bool too_large = response.error().code == Errc::too_large;
    fail_as(too_large ? "source-too-large" : unreachable, part_name() + response.error().detail,
            too_large ? "make it smaller, or max-size larger"
                      : "see that the server is there and that its certificate is right",
            too_large);
    return std::nullopt;
  }
  if (is_redirect(response->status)) return redirected(*response);
  if (response->status == 304 && part_ == Part::document && !known_.empty()) {
    outcome_.kind = RemoteOutcome::Kind::unchanged;
    return std::nullopt;
  }
  if (response->status != 200) {
    fail_as(unreachable, part_name() + "the server's answer is " + std::to_string(response->status),
            cure_of(response->status));
    return std::nullopt;
  }
  switch (part_) {
    case Part::document:
      take_document(*response);
      break;
    case Part::checksum:
      outcome_.checksum_file = std::move(response->body);
      break;
    case Part::signature:
      outcome_.signature = std::move(response->body);
      break;
  }
  return next_part();
}

void RemoteFetch::take_document(net::HttpResponse& response) {
  const auto encoding = response.header("Content-Encoding");
  if (encoding && lowered(*encoding) != "identity") {
    return fail_as(not_a_document, "the server sent it compressed, which was not asked for",
                   "let the server send it as it is (Accept-Encoding: identity)", true);
  }
  if (response.body.empty()) {
    return fail_as(not_a_document, "the server sent an empty document",
                   "put the zone there; to have no zone, take it out of the configuration", true);
  }
  if (is_html(response)) {
    return fail_as(not_a_document, "the server sent an HTML page, perhaps to log in",
                   "check the URL and the token", true);
  }
  // With a proof it does not matter how the body ended.
  if (response.ended_by_close && !config_.has_checksum && !config_.signer) {
    return fail_as(not_a_document,
                   "the server does not say how long it is, so that half of it looks like all",
                   "let the server send Content-Length, or configure checksum: sha256", true);
  }
  outcome_.text = std::move(response.body);
  outcome_.validators = {validator(response, "ETag"), validator(response, "Last-Modified")};
}

std::optional<net::HttpRequest> RemoteFetch::begin_part(Part part) {
  part_ = part;
  redirects_ = 0;
  url_ = net::beside(config_.url, part == Part::checksum ? ".sha256" : ".sig");
  return request();
}

std::optional<net::HttpRequest> RemoteFetch::next_part() {
  if (failed_) return std::nullopt;
  if (part_ == Part::document && config_.has_checksum) return begin_part(Part::checksum);
  if (part_ != Part::signature && config_.signer) return begin_part(Part::signature);
  outcome_.kind = RemoteOutcome::Kind::fetched;
  return std::nullopt;
}

std::optional<net::HttpRequest> RemoteFetch::redirected(const net::HttpResponse& response) {
  constexpr const char* cure = "write the URL where the document really is";
  const auto location = response.header("Location");
  auto next = net::resolve_reference(url_, std::string(location.value_or("")));
  const auto here = net::origin_of(config_.url);
  const auto there = next ? net::origin_of(*next) : Result<net::Origin>(fail(Errc::bad_text, ""));
  if (!location || location->empty() || !there) {
    fail_as("source-redirect", part_name() + "the server redirects to nowhere", cure);
  } else if (!here || !(*here == *there)) {
    fail_as("source-redirect",
            part_name() + "the server redirects to " + there->scheme + "://" + there->host + ":" +
                std::to_string(there->port) + ", and only the same server is followed",
            cure);
  } else if (++redirects_ > max_redirects) {
    fail_as("source-redirect", part_name() + "more than 3 redirects", cure);
  } else {
    url_ = std::move(*next);
    return request();
  }
  return std::nullopt;
}

std::string RemoteFetch::part_name() const {
  switch (part_) {
    case Part::document:
      return "";
    case Part::checksum:
      return "its checksum (.sha256): ";
    case Part::signature:
      return "its signature (.sig): ";
  }
  return "";
}

void RemoteFetch::fail_as(const char* rule, std::string message, std::string cure,
                          bool is_refusal) {
  failed_ = true;
  outcome_ = {};
  outcome_.trouble = {rule, std::move(message), std::move(cure), is_refusal};
}

std::optional<RemoteTrouble> why_not_genuine(const RemoteConfig& config,
                                             const RemoteOutcome& fetched) {
  if (config.has_checksum) {
    const auto wanted = sha256_in(fetched.checksum_file, net::file_name_of(config.url));
    if (!wanted) {
      return RemoteTrouble{"source-checksum",
                           "the checksum file (.sha256) " + wanted.error().detail,
                           "write it with sha256sum, beside the document", true};
    }
    if (*wanted != sha256_of(fetched.text)) {
      return RemoteTrouble{"source-checksum", "the document is not the one its checksum is of",
                           "put document and checksum there together; they may be cut off", true};
    }
  }
  if (!config.signer) return std::nullopt;
  const auto good = check_ed25519(fetched.text, fetched.signature, *config.signer);
  if (good) return std::nullopt;
  return RemoteTrouble{"source-signature", "the signature (.sig) " + good.error().detail,
                       "sign it with: openssl pkeyutl -sign -rawin -inkey KEY -in DOCUMENT", true};
}

RemoteOutcome fetch_now(const RemoteConfig& config) {
  const auto deadline = net::Clock::now() + config.timeout;
  RemoteFetch fetch(config, {});
  std::optional<net::HttpRequest> request = fetch.begin();
  while (request) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - net::Clock::now());
    request->timeout = std::max(left, std::chrono::milliseconds(1));
    request = fetch.on_response(net::http_fetch(*request));
  }
  auto outcome = std::move(fetch.outcome());
  if (outcome.kind != RemoteOutcome::Kind::fetched) return outcome;
  if (auto trouble = why_not_genuine(config, outcome)) {
    outcome = {};
    outcome.trouble = std::move(*trouble);
  }
  return outcome;
}

}  // namespace taproot::server
