#include "dns/types.hpp"
#include "zonestore/canonical_value.hpp"
#include "zonestore/canonical_zone.hpp"
#include "zonestore/yaml_text.hpp"

#include <nlohmann/json.hpp>

#include <string_view>
#include <utility>

namespace taproot::zonestore {

namespace {

using Kind = CanonicalValue::Kind;

/// Relative to the apex, which is ''; absolute where a reader would suspect a missing dot.
std::string owner_text(const dns::Name& owner, const dns::Name& apex) {
  if (owner == apex) return "";
  if (!owner.is_subdomain_of(apex)) return owner.to_text();
  auto text = owner.to_text_in(apex);
  const auto absolute = dns::Name::from_text(text);
  const bool repeats = !apex.is_root() && absolute && absolute->is_subdomain_of(apex);
  return repeats ? owner.to_text() : text;
}

class YamlWriter {
 public:
  explicit YamlWriter(const CanonicalZone& zone) : zone_(zone) {}

  std::string write() {
    comments(0, zone_.header);
    out_ += zone_.header.empty() ? "---\n" : "\n---\n";
    for (const auto& owner : zone_.owners) write_owner(owner);
    if (zone_.owners.empty()) out_ += "{}\n";
    if (!zone_.footer.empty()) out_ += '\n';
    comments(0, zone_.footer);
    return std::move(out_);
  }

 private:
  void comments(std::size_t indent, const std::vector<std::string>& lines) {
    for (const auto& line : lines) {
      const auto text = yaml_comment(line);
      out_.append(indent, ' ').append(text.empty() ? "#" : "# " + text) += '\n';
    }
  }

  void write_owner(const CanonicalZone::Owner& owner) {
    comments(0, owner.comments);
    append_yaml_scalar(out_, owner_text(owner.name, zone_.apex));
    out_ += ":\n";
    const bool is_list = owner.sets.size() > 1;
    for (const auto& set : owner.sets) {
      const bool is_single = set.records.size() == 1;
      comments(2, set.comments);
      if (is_single) comments(2, set.records.front().comments.above);
      const std::string_view indent = is_list ? "    " : "  ";
      out_ += is_list ? "  - type: " : "  type: ";
      append_yaml_scalar(out_, dns::to_text(set.type));  // there is a type NULL
      out_ += '\n';
      out_.append(indent).append("ttl: ").append(std::to_string(set.ttl)) += '\n';
      out_.append(indent).append(is_single ? "value: " : "values:\n");
      if (is_single)
        write_record(set.type, set.records.front());
      else
        write_records(set, indent.size() + 2);
    }
  }

  void write_records(const CanonicalZone::Set& set, std::size_t indent) {
    for (const auto& record : set.records) {
      comments(indent, record.comments.above);
      out_.append(indent, ' ').append("- ");
      write_record(set.type, record);
    }
  }

  void write_record(dns::RRType type, const CanonicalZone::Record& record) {
    write_value(canonical_value(type, record.rdata.wire(), zone_.with_serial));
    const auto behind = yaml_comment(record.comments.behind);
    if (!behind.empty()) out_.append("  # ").append(behind);
    out_ += '\n';
  }

  void write_value(const CanonicalValue& value) {
    if (value.kind == Kind::number) {
      out_ += value.text;
    } else if (value.kind == Kind::text) {
      append_yaml_scalar(out_, value.text);
    } else {
      const bool is_map = value.kind == Kind::map;
      out_ += is_map ? '{' : '[';
      bool first = true;
      for (const auto& [key, part] : value.parts) {
        if (!std::exchange(first, false)) out_ += ", ";
        if (is_map) append_yaml_scalar(out_, key);
        if (is_map) out_ += ": ";
        write_value(part);
      }
      out_ += is_map ? '}' : ']';
    }
  }

  const CanonicalZone& zone_;
  std::string out_;
};

using Json = nlohmann::ordered_json;

Json json_of(const CanonicalValue& value) {
  switch (value.kind) {
    case Kind::text:
      break;
    case Kind::number:
      return Json::parse(value.text, nullptr, false);
    case Kind::list: {
      Json list = Json::array();
      for (const auto& part : value.parts) list.push_back(json_of(part.value));
      return list;
    }
    case Kind::map: {
      Json map = Json::object();
      for (const auto& [key, part] : value.parts) map[key] = json_of(part);
      return map;
    }
  }
  return value.text;
}

Json json_of(const CanonicalZone::Set& set, bool with_serial) {
  Json json{{"type", dns::to_text(set.type)}, {"ttl", set.ttl}};
  Json values = Json::array();
  for (const auto& record : set.records) {
    values.push_back(json_of(canonical_value(set.type, record.rdata.wire(), with_serial)));
  }
  if (values.size() == 1)
    json["value"] = std::move(values.front());
  else
    json["values"] = std::move(values);
  return json;
}

}  // namespace

std::string to_yaml(const CanonicalZone& zone) {
  return YamlWriter(zone).write();
}

std::string to_json(const CanonicalZone& zone) {
  Json document = Json::object();
  for (const auto& owner : zone.owners) {
    Json sets = Json::array();
    for (const auto& set : owner.sets) sets.push_back(json_of(set, zone.with_serial));
    auto& entry = document[owner_text(owner.name, zone.apex)];
    if (sets.size() == 1)
      entry = std::move(sets.front());
    else
      entry = std::move(sets);
  }
  return document.dump(2) + "\n";
}

}  // namespace taproot::zonestore
