// Cloudflare's client: a call is ["call", method of its DNS records, argument…].
import {quoted, rrsets} from "./records.mjs";

const NAMES = ["CNAME", "MX", "NS", "PTR"];
const QUOTED = {CAA: ["value"], NAPTR: ["flags", "service", "regex"]};
const PLACE = {SRV: ["service", "proto", "name"]};  // at IBM it says where it is

function value(record) {
  if (record.data && Object.keys(record.data).length) {
    return Object.entries(record.data).filter(([key]) => !PLACE[record.type]?.includes(key)).map(([key, field]) => {
      if (key === "target" || key === "replacement") return field === "." ? field : `${field}.`;
      return QUOTED[record.type]?.includes(key) ? quoted(field) : field;
    }).join(" ");
  }
  const content = NAMES.includes(record.type) ? `${record.content}.` : record.content;
  return record.type === "MX" ? `${record.priority} ${content}` : content;
}

export function connect(load, words) {
  const {Cloudflare} = load("cloudflare");
  const client = new Cloudflare({apiToken: words.token, baseURL: words.url, maxRetries: 0});

  async function call(method, ...given) {
    const made = client.dns.records[method](...given);
    if (method !== "list") return await made;
    const all = [];
    for await (const one of made) all.push(one);
    return all;
  }

  return {
    call,
    records: async zone => rrsets((await call("list", {zone_id: zone, per_page: 100})).map(
        one => [`${one.name}.`, one.type, one.ttl, value(one)])),
    zones: async () => {
      const all = [];
      for await (const one of client.zones.list({per_page: 50})) all.push(one);
      return all;
    },
    failure: error => ({status: error.status ?? String(error), code: error.errors?.[0]?.code}),
  };
}
