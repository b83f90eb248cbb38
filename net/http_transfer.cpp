#include "net/http_transfer.hpp"

#include "net/url.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

namespace taproot::net {

namespace {

/// A token of RFC 9110 section 5.6.2: what methods and header names are made of.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != marks.npos;
  });
}

bool is_one_line(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos;
}

/// These say where a message ends. In a request that is not the caller's to say.
bool frames_the_message(const HttpHeaders& headers) {
  return find_header(headers, "Content-Length") || find_header(headers, "Transfer-Encoding");
}

std::optional<Error> why_unsendable(const HttpRequest& request) {
  if (!is_token(request.method)) return Error{Errc::bad_text, "this is not an HTTP method"};
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return Error{Errc::bad_text, "this is not the name of an HTTP header"};
    if (!is_one_line(value)) {
      return Error{Errc::bad_text, "the value of header " + name + " is not one line"};
    }
  }
  if (frames_the_message(request.headers)) {
    return Error{Errc::bad_text, "Content-Length and Transfer-Encoding are not the caller's"};
  }
  return std::nullopt;
}

/// The URL itself is in no error: it may carry a key.
Result<HttpTarget> target_of(const std::string& url) {
  const auto origin = origin_of(url);
  if (!origin) return tl::unexpected(origin.error());
  HttpTarget target;
  target.host = origin->host;
  target.port = origin->port;
  target.is_address = Address::from_text(target.host).has_value();
  return target;
}

bool is_tls(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return true;
    default:  // not our enum, and a long one
      return false;
  }
}

}  // namespace

HttpTransfer::HttpTransfer(HttpRequest request)
    : request_(std::move(request)), easy_(curl().easy_init()) {
  if (!easy_) throw std::bad_alloc();
}

void HttpTransfer::append(List& list, const std::string& line) {
  curl_slist* const longer = curl().slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

Result<HttpTarget> HttpTransfer::prepare() {
  auto target = target_of(request_.url);
  if (!target) return target;
  if (const auto why = why_unsendable(request_)) {
    return tl::unexpected(Error{why->code, target->to_text() + ": " + why->detail});
  }
  target_ = *target;
  set_options();
  set_method();
  set_headers();
  return target;
}

void HttpTransfer::set_options() {
  using OnOctets = std::size_t (*)(char*, std::size_t, std::size_t, void*) noexcept;
  const OnOctets on_head_octets = [](char* data, std::size_t one, std::size_t count,
                                     void* self) noexcept {
    return static_cast<HttpTransfer*>(self)->on_head({data, one * count});
  };
  const OnOctets on_body_octets = [](char* data, std::size_t one, std::size_t count,
                                     void* self) noexcept {
    return static_cast<HttpTransfer*>(self)->on_body({data, one * count});
  };
  CURL* const easy = easy_.get();
  curl().easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl().easy_setopt(easy, CURLOPT_PROXY, "");
  curl().easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl().easy_setopt(easy, CURLOPT_USERAGENT, "taproot/" TAPROOT_VERSION);
  curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, words_.data());
  curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head_octets);
  curl().easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body_octets);
  curl().easy_setopt(easy, CURLOPT_WRITEDATA, this);
  if (request_.connect_timeout) {
    curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                       static_cast<long>(request_.connect_timeout->count()));
  }
  set_certificates();
}

void HttpTransfer::set_certificates() {
  CURL* const easy = easy_.get();
  if (request_.ca_file) curl().easy_setopt(easy, CURLOPT_CAINFO, request_.ca_file->c_str());
  if (!request_.client_certificate) return;
  const auto& key = request_.client_key ? request_.client_key : request_.client_certificate;
  curl().easy_setopt(easy, CURLOPT_SSLCERT, request_.client_certificate->c_str());
  curl().easy_setopt(easy, CURLOPT_SSLKEY, key->c_str());
}

void HttpTransfer::set_method() {
  CURL* const easy = easy_.get();
  const auto& method = request_.method;
  if (method == "HEAD") {
    curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool sends =
      !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (sends) {
    curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request_.body.size()));
    curl().easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void HttpTransfer::set_headers() {
  for (const auto& [name, value] : request_.headers) {
    // libcurl's own way to write a header that has no value.
    append(headers_, value.empty() ? name + ";" : name + ": " + value);
  }
  // Without a value: do not add what libcurl adds to bodies by itself.
  append(headers_, "Expect:");
  if (!find_header(request_.headers, "Content-Type")) append(headers_, "Content-Type:");
  curl().easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void HttpTransfer::connect_to(const std::vector<Address>& addresses) {
  std::string list;
  for (const auto& address : addresses) {
    if (!list.empty()) list += ',';
    list += address.is_ipv6() ? '[' + address.to_text() + ']' : address.to_text();
  }
  // "+": forget it after a minute, as libcurl does with what it resolved itself.
  append(resolve_, "+" + target_.to_text() + ":" + list);
  curl().easy_setopt(easy_.get(), CURLOPT_RESOLVE, resolve_.get());
}

std::size_t HttpTransfer::on_head(std::string_view line) noexcept {
  head_octets_ += line.size();
  if (head_octets_ > max_head) {
    head_too_large_ = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();  // what was before was a 1xx
    is_http1_ = line.starts_with("HTTP/1");
  }
  const auto colon = line.find(':');
  if (colon != line.npos && colon > 0) {
    auto value = line.substr(colon + 1);
    const auto begin = value.find_first_not_of(" \t\r\n");
    const auto end = value.find_last_not_of(" \t\r\n");
    value = begin == value.npos ? std::string_view() : value.substr(begin, end - begin + 1);
    response_.headers.emplace_back(line.substr(0, colon), value);
  }
  return line.size();
}

std::size_t HttpTransfer::on_body(std::string_view octets) noexcept {
  if (octets.size() > request_.max_body - response_.body.size()) {
    body_too_large_ = true;
    return 0;
  }
  response_.body += octets;
  return octets.size();
}

Result<HttpResponse> HttpTransfer::outcome(CURLcode code) {
  const auto who = target_.to_text() + ": ";
  if (body_too_large_) {
    return fail(Errc::too_large, who + "the response's body is longer than " +
                                     std::to_string(request_.max_body) + " octets");
  }
  if (head_too_large_) return fail(Errc::too_large, who + "the response's head is too long");
  if (code == CURLE_OK) {
    long status = 0;
    curl().easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    response_.ended_by_close = is_http1_ && !frames_the_message(response_.headers);
    return std::move(response_);
  }
  // libcurl's detailed words may quote the peer; those about TLS quote its certificate at most.
  std::string words =
      is_tls(code) && words_[0] != '\0' ? words_.data() : curl().easy_strerror(code);
  long os_error = 0;
  curl().easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  if (code == CURLE_COULDNT_CONNECT && os_error != 0) {
    words = std::system_category().message(static_cast<int>(os_error));
  }
  return fail(code == CURLE_OPERATION_TIMEDOUT ? Errc::timed_out : Errc::io, who + words);
}

}  // namespace taproot::net
