#pragma once

#include "dns/result.hpp"
#include "net/curl.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"
#include "net/resolve.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace taproot::net {

/// Where a request goes, as far as it may be named in an error.
struct HttpTarget {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
  bool is_address = false;  ///< the host needs no lookup

  std::string to_text() const { return host + ":" + std::to_string(port); }
};

/// One request and its response in libcurl's terms: what HttpClient carries. For http_client.cpp.
class HttpTransfer {
 public:
  /// The response's head may have this many octets.
  static constexpr std::size_t max_head = std::size_t{256} << 10;

  explicit HttpTransfer(HttpRequest request);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  const HttpRequest& request() const { return request_; }
  CURL* easy() const { return easy_.get(); }

  /// Checks the request and makes it ready to be sent; Errc::bad_text if it cannot be.
  Result<HttpTarget> prepare();

  /// Uses these addresses for the target's name, in this order.
  void connect_to(const std::vector<Address>& addresses);

  /// What the end of the transfer means.
  Result<HttpResponse> outcome(CURLcode code);

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const noexcept { curl().easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl().slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, FreeList>;

  static void append(List& list, const std::string& line);
  void set_options();
  void set_certificates();
  void set_method();
  void set_headers();
  std::size_t on_head(std::string_view line) noexcept;
  std::size_t on_body(std::string_view octets) noexcept;

  HttpRequest request_;
  HttpTarget target_;
  HttpResponse response_;
  std::size_t head_octets_ = 0;
  bool head_too_large_ = false;
  bool is_http1_ = false;
  bool body_too_large_ = false;
  std::array<char, CURL_ERROR_SIZE> words_{};
  List headers_;  // libcurl borrows these three: they go after the handle
  List resolve_;
  std::unique_ptr<CURL, FreeEasy> easy_;
};

}  // namespace taproot::net
