#include "net/microhttpd.hpp"

#include "net/late_library.hpp"

namespace taproot::net {

namespace {

Microhttpd load_microhttpd() {
  const LateLibrary library("libmicrohttpd.so.12");
  Microhttpd all;
  library.find(all.add_response_header, "MHD_add_response_header");
  library.find(all.create_response_from_buffer, "MHD_create_response_from_buffer");
  library.find(all.destroy_response, "MHD_destroy_response");
  library.find(all.get_connection_info, "MHD_get_connection_info");
  library.find(all.get_connection_values_n, "MHD_get_connection_values_n");
  library.find(all.get_daemon_info, "MHD_get_daemon_info");
  library.find(all.get_timeout, "MHD_get_timeout");
  library.find(all.queue_response, "MHD_queue_response");
  library.find(all.resume_connection, "MHD_resume_connection");
  library.find(all.run, "MHD_run");
  library.find(all.start_daemon, "MHD_start_daemon");
  library.find(all.stop_daemon, "MHD_stop_daemon");
  library.find(all.suspend_connection, "MHD_suspend_connection");
  return all;
}

}  // namespace

const Microhttpd& microhttpd() {
  static const Microhttpd library = load_microhttpd();
  return library;
}

}  // namespace taproot::net
