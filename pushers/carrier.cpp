#include "pushers/carrier.hpp"

#include <utility>

namespace taproot::pushers {

Trip Carrier::carry(Request request, OnResponse on_response) {
  Trip trip;
  if (request.dns) {
    trip.dns = std::make_unique<DnsExchange>(
        loop_, std::move(*request.dns), request.timeout,
        [tell = std::move(on_response)](Result<DnsResponse> response) {
          if (!response) return tell(tl::unexpected(std::move(response.error())));
          Response result;
          result.dns = std::move(*response);
          tell(std::move(result));
        });
    return trip;
  }
  if (request.exec) {
    trip.exec = std::make_unique<net::ChildProcess>(
        loop_, std::move(*request.exec), [tell = std::move(on_response)](net::ChildEnd end) {
          Response result;
          result.exec = std::move(end);
          tell(std::move(result));
        });
    return trip;
  }
  trip.http = http_.fetch(std::move(request),
                          [tell = std::move(on_response)](Result<net::HttpResponse> response) {
                            if (!response) return tell(tl::unexpected(std::move(response.error())));
                            Response result;
                            static_cast<net::HttpResponse&>(result) = std::move(*response);
                            tell(std::move(result));
                          });
  return trip;
}

Result<Response> carry_and_wait(Request request) {
  net::Loop loop;
  Carrier carrier(loop);
  Result<Response> result = fail(Errc::io, "nothing was carried");
  const Trip trip = carrier.carry(std::move(request), [&](Result<Response> response) {
    result = std::move(response);
    loop.stop();
  });
  loop.run();
  return result;
}

}  // namespace taproot::pushers
