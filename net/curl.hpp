#pragma once

#include "net/late_library.hpp"

#include <curl/curl.h>

namespace taproot::net {

/// libcurl's functions under their own names, without "curl_".
struct Curl {
  LateLibrary library{"libcurl.so.4"};
  decltype(&curl_easy_cleanup) easy_cleanup = library.find("curl_easy_cleanup");
  decltype(&(curl_easy_getinfo)) easy_getinfo = library.find("curl_easy_getinfo");
  decltype(&curl_easy_init) easy_init = library.find("curl_easy_init");
  decltype(&(curl_easy_setopt)) easy_setopt = library.find("curl_easy_setopt");
  decltype(&curl_easy_strerror) easy_strerror = library.find("curl_easy_strerror");
  decltype(&curl_free) free = library.find("curl_free");
  decltype(&curl_global_init) global_init = library.find("curl_global_init");
  decltype(&curl_multi_add_handle) multi_add_handle = library.find("curl_multi_add_handle");
  decltype(&curl_multi_assign) multi_assign = library.find("curl_multi_assign");
  decltype(&curl_multi_cleanup) multi_cleanup = library.find("curl_multi_cleanup");
  decltype(&curl_multi_info_read) multi_info_read = library.find("curl_multi_info_read");
  decltype(&curl_multi_init) multi_init = library.find("curl_multi_init");
  decltype(&curl_multi_remove_handle) multi_remove_handle =
      library.find("curl_multi_remove_handle");
  decltype(&(curl_multi_setopt)) multi_setopt = library.find("curl_multi_setopt");
  decltype(&curl_multi_socket_action) multi_socket_action =
      library.find("curl_multi_socket_action");
  decltype(&curl_slist_append) slist_append = library.find("curl_slist_append");
  decltype(&curl_slist_free_all) slist_free_all = library.find("curl_slist_free_all");
  decltype(&curl_url) url = library.find("curl_url");
  decltype(&curl_url_cleanup) url_cleanup = library.find("curl_url_cleanup");
  decltype(&curl_url_get) url_get = library.find("curl_url_get");
  decltype(&curl_url_set) url_set = library.find("curl_url_set");
};

/// Loaded and started by the first call, from any thread; see LateLibrary for when it throws.
const Curl& curl();

}  // namespace taproot::net
