#include "monitor/alerts.hpp"

#include <utility>

namespace taproot::monitor {

namespace {

constexpr std::string_view behind = "nameserver-behind";
constexpr std::string_view unreachable = "nameserver-unreachable";
constexpr std::string_view ahead = "nameserver-ahead";
constexpr std::string_view wrong_data = "nameserver-wrong-data";
constexpr std::string_view transfers_fail = "transfers-failing";
constexpr std::string_view push_fails = "push-failing";
constexpr std::string_view push_waits = "push-waits-for-person";
constexpr std::string_view parent_not_told = "parent-not-told";

class Alerts {
 public:
  Alerts(const ZoneRow& zone, WallTime now, const AlertLimits& limits)
      : zone_(zone), now_(now), limits_(limits) {}

  std::vector<Alert> take(const std::vector<SecondaryTrouble>& troubles) {
    for (const auto& [name, provider] : zone_.providers) look_at(provider);
    for (const auto& trouble : troubles) {
      if (!is_long(trouble.since, limits_.transfers)) continue;
      alerts_.push_back(
          {transfers_fail, trouble.provider, trouble.address, trouble.since, trouble.words});
    }
    return std::move(alerts_);
  }

 private:
  bool is_long(WallTime since, std::chrono::seconds limit) const { return now_ - since >= limit; }

  void add(std::string_view rule, const ProviderRow& provider, std::string subject, WallTime since,
           std::string words) {
    alerts_.push_back({rule, provider.name, std::move(subject), since, std::move(words)});
  }

  void look_at(const ProviderRow& provider) {
    for (const auto& row : provider.nameservers) look_at(provider, row);
    if (!provider.push) return;
    const auto& push = *provider.push;
    if (push.waits_for_person) {
      add(push_waits, provider, provider.name, push.when,
          "a plan waits for a person: " + push.words);
    } else if (!push.error.empty() && is_long(push.when, limits_.push)) {
      add(push_fails, provider, provider.name, push.when, push.error);
    }
  }

  void look_at(const ProviderRow& provider, const NameserverRow& row) {
    const std::string subject = row.nameserver + " " + row.endpoint.to_text();
    switch (row.state) {
      case State::in_sync:
      case State::unknown:
        return;
      case State::behind:
        if (!is_long(row.since, limits_.behind)) return;
        return add(behind, provider, subject, row.since, row.waits_for);
      case State::unreachable:
        if (!is_long(row.since, limits_.unreachable)) return;
        return add(unreachable, provider, subject, row.since, row.last_error);
      case State::ahead:
        return add(ahead, provider, subject, row.since, row.waits_for);
      case State::wrong_data:
        return add(wrong_data, provider, subject, row.since, row.waits_for);
    }
  }

  const ZoneRow& zone_;
  WallTime now_;
  AlertLimits limits_;
  std::vector<Alert> alerts_;
};

}  // namespace

const std::vector<std::string_view>& alert_rules() {
  static const std::vector<std::string_view> all{behind,     unreachable,    ahead,
                                                 wrong_data, transfers_fail, push_fails,
                                                 push_waits, parent_not_told};
  return all;
}

std::vector<Alert> alerts_of(const ZoneRow& zone, const std::vector<SecondaryTrouble>& troubles,
                             WallTime now, const AlertLimits& limits) {
  return Alerts(zone, now, limits).take(troubles);
}

std::vector<Alert> alerts_of(const std::vector<UntoldParent>& parents, WallTime now,
                             const AlertLimits& limits) {
  std::vector<Alert> alerts;
  for (const auto& parent : parents) {
    if (now - parent.since < limits.parent) continue;
    alerts.push_back({parent_not_told, "", "parent " + parent.type, parent.since, parent.words});
  }
  return alerts;
}

}  // namespace taproot::monitor
