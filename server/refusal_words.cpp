#include "server/refusal_words.hpp"

namespace taproot::server {

namespace {

const char* cure_of(dns::TsigError error) {
  switch (error) {
    case dns::TsigError::none:
      return "";
    case dns::TsigError::badkey:
      return ": add it to keys: with the name and algorithm that the other side has, or let that "
             "side use one of ours";
    case dns::TsigError::badsig:
      return ": the other side has another secret under this name; give both the same";
    case dns::TsigError::badtime:
      return ": the clocks of the two hosts differ; set the one that is wrong, for example by NTP";
    case dns::TsigError::badtrunc:
      return ": let the other side send the whole MAC, or write least-mac: at this key";
  }
  return "";
}

}  // namespace

std::string words_of(const dns::TsigVerdict& verdict) {
  return dns::to_text(verdict.error) + ": " + verdict.why + cure_of(verdict.error);
}

}  // namespace taproot::server
