#pragma once

#include "net/http.hpp"
#include "server/config.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace taproot::server {

/// By what a server tells whether a document is the one we have (RFC 9110 section 8.8).
struct Validators {
  std::string etag;
  std::string last_modified;

  bool empty() const { return etag.empty() && last_modified.empty(); }
};

/// Why a document could not be had, or is not to be used.
struct RemoteTrouble {
  std::string rule;     ///< a rule's name: "source-unreachable", …
  std::string message;  ///< without the URL
  std::string cure;
  /// The server gave something, and that was refused; otherwise nothing came of it.
  bool is_refusal = false;
};

/// What came of one look at a document.
struct RemoteOutcome {
  enum class Kind { unchanged, fetched, failed };
  Kind kind = Kind::failed;
  // fetched:
  std::string text;
  Validators validators;
  std::string checksum_file;  ///< if the configuration wants one
  std::string signature;      ///< if the configuration wants one
  // failed:
  RemoteTrouble trouble;
};

/// One look at a document: asks whether it changed, follows redirects that stay at the same
/// origin, and fetches what proves it. A machine: it does no I/O and reads no clock.
///
/// The token goes to the document's origin only, since nothing is asked elsewhere.
class RemoteFetch {
 public:
  static constexpr std::size_t max_redirects = 3;

  /// `known` is of the copy we have; empty: none.
  RemoteFetch(RemoteConfig config, Validators known);

  net::HttpRequest begin();
  /// The next request, or nothing: then outcome() is final.
  std::optional<net::HttpRequest> on_response(Result<net::HttpResponse> response);
  RemoteOutcome& outcome() { return outcome_; }

 private:
  enum class Part { document, checksum, signature };

  net::HttpRequest request() const;
  std::optional<net::HttpRequest> begin_part(Part part);
  std::optional<net::HttpRequest> next_part();
  std::optional<net::HttpRequest> redirected(const net::HttpResponse& response);
  void take_document(net::HttpResponse& response);
  std::string part_name() const;
  void fail_as(const char* rule, std::string message, std::string cure, bool is_refusal = false);

  RemoteConfig config_;
  Validators known_;
  Part part_ = Part::document;
  std::string url_;  ///< where it is asked for: after redirects another than the document's
  std::size_t redirects_ = 0;
  bool failed_ = false;
  RemoteOutcome outcome_;
};

/// Whether what was fetched is what its checksum and signature say, as far as the configuration
/// wants them; otherwise why not. Hashes all of it: call it on the work pool.
std::optional<RemoteTrouble> why_not_genuine(const RemoteConfig& config,
                                             const RemoteOutcome& fetched);

/// One look from beginning to end, also with what proves the document. Blocks: for commands.
RemoteOutcome fetch_now(const RemoteConfig& config);

}  // namespace taproot::server
