#include "net/curl.hpp"

#include "net/late_library.hpp"

#include <stdexcept>

namespace taproot::net {

namespace {

Curl load_curl() {
  const LateLibrary library("libcurl.so.4");
  decltype(&curl_global_init) global_init = nullptr;
  library.find(global_init, "curl_global_init");
  Curl all;
  library.find(all.easy_cleanup, "curl_easy_cleanup");
  library.find(all.easy_getinfo, "curl_easy_getinfo");
  library.find(all.easy_init, "curl_easy_init");
  library.find(all.easy_setopt, "curl_easy_setopt");
  library.find(all.easy_strerror, "curl_easy_strerror");
  library.find(all.free, "curl_free");
  library.find(all.multi_add_handle, "curl_multi_add_handle");
  library.find(all.multi_assign, "curl_multi_assign");
  library.find(all.multi_cleanup, "curl_multi_cleanup");
  library.find(all.multi_info_read, "curl_multi_info_read");
  library.find(all.multi_init, "curl_multi_init");
  library.find(all.multi_remove_handle, "curl_multi_remove_handle");
  library.find(all.multi_setopt, "curl_multi_setopt");
  library.find(all.multi_socket_action, "curl_multi_socket_action");
  library.find(all.slist_append, "curl_slist_append");
  library.find(all.slist_free_all, "curl_slist_free_all");
  library.find(all.url, "curl_url");
  library.find(all.url_cleanup, "curl_url_cleanup");
  library.find(all.url_get, "curl_url_get");
  library.find(all.url_set, "curl_url_set");
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw std::runtime_error("cannot start the HTTP client library");
  }
  return all;
}

}  // namespace

const Curl& curl() {
  static const Curl library = load_curl();
  return library;
}

}  // namespace taproot::net
