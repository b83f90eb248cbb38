#include "server/refusal_log.hpp"

#include "net/source.hpp"

#include <algorithm>

namespace taproot::server {

namespace {

std::string number_of(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " more request" : " more requests");
}

std::string were(std::uint64_t count) {
  return count == 1 ? "was" : "were";
}

/// What is the same each time the same is asked.
std::size_t hash_of(const TransferEvent& event) {
  return std::hash<std::string>()(event.apex.to_text() + " " + std::string(event.asked) + " " +
                                  event.why);
}

std::string_view way_of(const TransferEvent& event) {
  if (event.over_tls) return " over TLS from ";
  return event.over_tcp ? " over TCP from " : " over UDP from ";
}

std::string line_of(const TransferEvent& event) {
  if (event.kind == TransferEvent::Kind::broken_tls) {
    return event.from.to_text() + ": no TLS with this client: " + event.why;
  }
  return event.apex.to_text() + ": " + std::string(event.asked) + std::string(way_of(event)) +
         event.from.to_text() + (event.key ? " with key " + event.key->to_text() : std::string()) +
         (event.provider.empty() ? std::string() : " (" + event.provider + ")") +
         " refused: " + event.why;
}

}  // namespace

void RefusalLog::on_refused(const TransferEvent& event, net::Instant now) {
  const auto source = net::source_of(event.from.address());
  auto found = sources_.find(source);
  if (found == sources_.end()) {
    if (sources_.size() >= max_sources) {
      if (others_++ == 0) others_since_ = now;
      return;
    }
    found = sources_.emplace(source, Source{now, {}, 0}).first;
  }
  auto& [begin, written, more] = found->second;
  const auto hash = hash_of(event);
  const bool is_known = std::find(written.begin(), written.end(), hash) != written.end();
  if (is_known || written.size() >= lines_per_source) {
    ++more;
    return;
  }
  written.push_back(hash);
  write_(line_of(event));
}

void RefusalLog::tick(net::Instant now, std::uint64_t all, std::uint64_t told) {
  write_counts(now);
  const std::uint64_t untold = all - std::min(all, told);
  // One line for all loops and sources: who they are was too much to be kept.
  if (untold > untold_ && (others_ == 0 || now - others_since_ >= window)) {
    if (others_ == 0) others_since_ = now;
    others_ += untold - untold_;
    untold_ = untold;
  }
  if (others_ == 0 || now - others_since_ < window) return;
  write_(number_of(others_) + " " + were(others_) +
         " refused in the last minute, too many to be told one by one");
  others_ = 0;
}

void RefusalLog::write_counts(net::Instant now) {
  std::erase_if(sources_, [&](const auto& entry) {
    const auto& [address, source] = entry;
    if (now - source.begin < window) return false;
    if (source.more > 0) {
      write_(address.to_text() + ": " + number_of(source.more) + " like this " + were(source.more) +
             " refused in the last minute");
    }
    return true;
  });
}

}  // namespace taproot::server
