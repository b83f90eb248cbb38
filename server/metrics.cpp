#include "server/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

namespace taproot::server {

namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

/// Label values escape backslash, quote and line feed.
std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

class Text {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                   type);
  }
  template <class T>
  void sample(const Labels& labels, T value) {
    text_ += name_;
    char before = '{';
    for (const auto& [label, text] : labels) {
      fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", before, label, escaped(text));
      before = ',';
    }
    fmt::format_to(std::back_inserter(text_), "{} {}\n", labels.empty() ? "" : "}", value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

double seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void zones(Text& text, const MetricSources& from) {
  text.family("taproot_zones", "gauge", "Zones configured.");
  text.sample({}, from.desk.zones().size());
  text.family("taproot_zone_serial", "gauge", "Serial of the version served.");
  for (const auto& [name, state] : from.desk.zones()) {
    const auto current = from.store.current(name);
    if (current) text.sample({{"zone", name.to_text()}}, current->serial().value());
  }
  text.family("taproot_zone_committed_seconds", "gauge", "When the version served was committed.");
  for (const auto& [name, state] : from.desk.zones()) {
    const auto current = from.store.current(name);
    if (current) {
      text.sample({{"zone", name.to_text()}}, seconds(current->provenance().committed));
    }
  }
  text.family("taproot_zone_source_refused", "gauge", "1 if the source as it stands has errors.");
  for (const auto& [name, state] : from.desk.zones()) {
    text.sample({{"zone", name.to_text()}}, state.refused.empty() ? 0 : 1);
  }
}

void documents(Text& text, const RemoteSources& remotes) {
  const auto all = remotes.all_rows();
  const auto now = std::chrono::system_clock::now();
  const auto for_each = [&](const auto& sample) {
    for (const auto& [zone, rows] : all) {
      for (const auto& row : rows) {
        sample(Labels{{"zone", zone.to_text()}, {"source", row.url}}, row);
      }
    }
  };
  text.family("taproot_source_age_seconds", "gauge",
              "Since the server last said that our copy of this document is right.");
  for_each([&](const Labels& labels, const SourceRow& row) {
    if (!row.confirmed) return;
    text.sample(labels, std::max(0.0, seconds(now) - seconds(*row.confirmed)));
  });
  text.family("taproot_source_failing", "gauge",
              "1 if this document could not be had, or was refused, at the last attempt.");
  for_each([&](const Labels& labels, const SourceRow& row) {
    text.sample(labels, row.error.empty() ? 0 : 1);
  });
}

void primaries(Text& text, const FollowedSources& followed) {
  const auto all = followed.all_rows();
  const auto now = std::chrono::system_clock::now();
  const auto for_each = [&](const auto& sample) {
    for (const auto& [zone, rows] : all) {
      for (const auto& row : rows) {
        sample(Labels{{"zone", zone.to_text()}, {"primary", row.primary}}, row);
      }
    }
  };
  text.family("taproot_primary_serial", "gauge", "Serial last seen at this primary.");
  for_each([&](const Labels& labels, const PrimaryRow& row) {
    if (row.serial) text.sample(labels, *row.serial);
  });
  text.family("taproot_primary_failing", "gauge",
              "1 if this primary did not answer well when it was asked last.");
  for_each([&](const Labels& labels, const PrimaryRow& row) {
    text.sample(labels, row.error.empty() ? 0 : 1);
  });
  text.family("taproot_followed_expires_seconds", "gauge",
              "Until a zone that is transferred expires; below 0: since it has.");
  for (const auto& [zone, rows] : all) {
    if (rows.empty() || !rows.front().expires) continue;
    text.sample(Labels{{"zone", zone.to_text()}}, seconds(*rows.front().expires) - seconds(now));
  }
}

template <class Sample>
void for_each_nameserver(const monitor::Board& board, const Sample& sample) {
  for (const auto& [apex, zone] : board.zones()) {
    for (const auto& [name, provider] : zone.providers) {
      for (const auto& nameserver : provider.nameservers) {
        sample(Labels{{"zone", apex.to_text()},
                      {"provider", name},
                      {"nameserver", nameserver.nameserver},
                      {"endpoint", nameserver.endpoint.to_text()}},
               nameserver);
      }
    }
  }
}

void nameservers(Text& text, const monitor::Board& board) {
  text.family("taproot_nameserver_in_sync", "gauge",
              "1 if this nameserver was last seen serving the version wanted.");
  for_each_nameserver(board, [&](const Labels& labels, const auto& row) {
    text.sample(labels, row.state == monitor::State::in_sync ? 1 : 0);
  });
  text.family("taproot_nameserver_serial", "gauge", "Serial last seen at this nameserver.");
  for_each_nameserver(board, [&](const Labels& labels, const auto& row) {
    if (row.seen_serial) text.sample(labels, row.seen_serial->value());
  });
  text.family("taproot_nameserver_visible_seconds", "gauge",
              "From commit to first seen, for the newest version this nameserver was seen with.");
  for_each_nameserver(board, [&](const Labels& labels, const auto& row) {
    if (row.lag) text.sample(labels, std::chrono::duration<double>(*row.lag).count());
  });
  text.family("taproot_nameserver_failing_since_seconds", "gauge",
              "Since when this nameserver fails; absent while it does not.");
  for_each_nameserver(board, [&](const Labels& labels, const auto& row) {
    if (row.failing_since) text.sample(labels, seconds(*row.failing_since));
  });
}

void alerts(Text& text, const MetricSources& from) {
  text.family("taproot_alert", "gauge", "1 while there is something that a person should know of.");
  const auto now = std::chrono::system_clock::now();
  const auto sample = [&](const dns::Name& zone, const monitor::Alert& alert) {
    text.sample({{"rule", std::string(alert.rule)},
                 {"zone", zone.to_text()},
                 {"provider", alert.provider},
                 {"subject", alert.subject}},
                1);
  };
  for (const auto& [apex, zone] : from.distributor.board().zones()) {
    for (const auto& alert : from.distributor.alerts_of(zone, now)) sample(apex, alert);
  }
  for (const auto& zone : from.parents.zones()) {
    for (const auto& alert : alerts_of(from.parents.rows(zone), now)) sample(zone, alert);
  }
}

void parents(Text& text, const ParentNotifier& notifier) {
  text.family("taproot_parent_told", "gauge",
              "Whether the parent was told of the newest CDS or CSYNC of the zone.");
  for (const auto& zone : notifier.zones()) {
    for (const auto& row : notifier.rows(zone)) {
      text.sample({{"zone", zone.to_text()}, {"type", row.type}}, row.state == "told" ? 1 : 0);
    }
  }
}

struct CounterMetric {
  std::string_view name;
  std::string_view help;
  Count Counters::* count;
};

constexpr CounterMetric counter_metrics[] = {
    {"taproot_udp_requests_total", "Datagrams that asked something.", &Counters::udp_requests},
    {"taproot_tcp_requests_total", "Messages over TCP.", &Counters::tcp_requests},
    {"taproot_dropped_total", "Requests that deserved silence.", &Counters::dropped},
    {"taproot_truncated_total", "Answers with TC.", &Counters::truncated},
    {"taproot_tsig_failures_total", "Requests with a bad signature.", &Counters::tsig_failures},
    {"taproot_transfers_refused_total", "Transfers refused.", &Counters::transfers_refused},
    {"taproot_transfers_finished_total", "Transfers finished.", &Counters::transfers_finished},
    {"taproot_transfers_aborted_total", "Transfers broken off.", &Counters::transfers_aborted},
    {"taproot_transfer_octets_total", "Octets of transfers.", &Counters::transfer_octets},
    {"taproot_tcp_accepted_total", "TCP connections accepted.", &Counters::tcp_accepted},
    {"taproot_tls_accepted_total", "TLS connections accepted.", &Counters::tls_accepted},
    {"taproot_tls_failed_total", "TLS handshakes that failed.", &Counters::tls_failed},
    {"taproot_tcp_evicted_total", "TCP connections that made room.", &Counters::tcp_evicted},
};

void serving(Text& text, const std::vector<const Counters*>& all) {
  for (const auto& metric : counter_metrics) {
    std::uint64_t sum = 0;
    for (const auto* counters : all) sum += (counters->*metric.count).value();
    text.family(metric.name, "counter", metric.help);
    text.sample({}, sum);
  }
  text.family("taproot_answers_total", "counter", "Answers by response code.");
  for (std::size_t rcode = 0; rcode < Counters::rcodes; ++rcode) {
    std::uint64_t sum = 0;
    for (const auto* counters : all) sum += counters->by_rcode[rcode].value();
    if (sum == 0 && rcode > 5) continue;
    text.sample({{"rcode", dns::to_text(static_cast<dns::Rcode>(rcode))}}, sum);
  }
  text.family("taproot_updates_total", "counter", "DNS UPDATEs by response code.");
  for (std::size_t rcode = 0; rcode < Counters::rcodes; ++rcode) {
    std::uint64_t sum = 0;
    for (const auto* counters : all) sum += counters->updates_by_rcode[rcode].value();
    if (sum == 0 && rcode != 0 && rcode != 5) continue;
    text.sample({{"rcode", dns::to_text(static_cast<dns::Rcode>(rcode))}}, sum);
  }
}

}  // namespace

std::string render_metrics(const MetricSources& sources) {
  Text text;
  text.family("taproot_start_time_seconds", "gauge", "When this process began to serve.");
  text.sample({}, seconds(sources.started));
  text.family("taproot_state_writable", "gauge",
              "1 if versions can be recorded, 0 if every change is refused.");
  text.sample({}, sources.store.journal().trouble() ? 0 : 1);
  zones(text, sources);
  documents(text, sources.remotes);
  primaries(text, sources.followed);
  nameservers(text, sources.distributor.board());
  alerts(text, sources);
  parents(text, sources.parents);
  text.family("taproot_notify_sent_total", "counter", "NOTIFY messages sent.");
  text.sample({}, sources.distributor.notifier().sent());
  serving(text, sources.serving.counters());
  return text.take();
}

}  // namespace taproot::server
