#pragma once

#include "net/late_library.hpp"

#include <microhttpd.h>

namespace taproot::net {

/// libmicrohttpd's functions under their own names, without "MHD_".
struct Microhttpd {
  LateLibrary library{"libmicrohttpd.so.12"};
  decltype(&MHD_add_response_header) add_response_header = library.find("MHD_add_response_header");
  decltype(&MHD_create_response_from_buffer) create_response_from_buffer =
      library.find("MHD_create_response_from_buffer");
  decltype(&MHD_destroy_response) destroy_response = library.find("MHD_destroy_response");
  decltype(&MHD_get_connection_info) get_connection_info = library.find("MHD_get_connection_info");
  decltype(&MHD_get_connection_values_n) get_connection_values_n =
      library.find("MHD_get_connection_values_n");
  decltype(&MHD_get_daemon_info) get_daemon_info = library.find("MHD_get_daemon_info");
  decltype(&MHD_get_timeout) get_timeout = library.find("MHD_get_timeout");
  decltype(&MHD_queue_response) queue_response = library.find("MHD_queue_response");
  decltype(&MHD_resume_connection) resume_connection = library.find("MHD_resume_connection");
  decltype(&MHD_run) run = library.find("MHD_run");
  decltype(&MHD_start_daemon) start_daemon = library.find("MHD_start_daemon");
  decltype(&MHD_stop_daemon) stop_daemon = library.find("MHD_stop_daemon");
  decltype(&MHD_suspend_connection) suspend_connection = library.find("MHD_suspend_connection");
};

/// Loaded by the first call, from any thread; see LateLibrary for when it throws.
const Microhttpd& microhttpd();

}  // namespace taproot::net
