#include "dns/message.hpp"

#include <cstdlib>

using namespace taproot;

/// What parses must compose again, and parse to the same once more.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Octets wire(data, size);
  dns::Query query;
  if (dns::Query::parse(wire, query) == dns::Query::Trouble::none &&
      dns::name_length(query.qname) != query.qname.size()) {
    std::abort();
  }
  const auto message = dns::Message::parse(wire);
  if (!message) return 0;
  const auto composed = message->compose();
  if (!composed) return 0;
  const auto again = dns::Message::parse(*composed);
  if (!again || again->question != message->question || again->answer != message->answer ||
      again->authority != message->authority || again->additional != message->additional) {
    std::abort();
  }
  return 0;
}
