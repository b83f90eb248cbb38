#include "dns/message.hpp"
#include "dns/tsig.hpp"

#include <cstdlib>

using namespace taproot;

/// No octets of a stranger may pass for a signed request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<dns::TsigKey> keys = {
      dns::TsigKey::from_text("k.example:hmac-sha256:c2VjcmV0IG5vIGZ1enplciBjYW4gZ3Vlc3M=")
          .value()};
  const Octets wire(data, size);
  dns::Query query;
  if (dns::Query::parse(wire, query) != dns::Query::Trouble::none || !query.has_tsig) return 0;
  dns::TsigVerdict verdict;
  auto session = dns::TsigSession::check_request(wire, query.tsig_at, keys, 1'700'000'000, verdict);
  if (!session) return 0;
  if (verdict.authentic) std::abort();
  std::array<std::uint8_t, 1024> answer{};
  (void)session->sign_answer(answer, 12, 1'700'000'000);
  return 0;
}
