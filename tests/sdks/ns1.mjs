// NS1's client: its classes' static methods are ["find", class, name] and ["create", class, attributes];
// ["update" and "destroy", class, name, attributes] are of what was found.
const QUOTED = {TXT: [0], SPF: [0], CAA: [2], NAPTR: [2, 3, 4]};
const NAMED = {CNAME: 0, DNAME: 0, HTTPS: 1, MX: 1, NAPTR: 5, NS: 0, PTR: 0, SRV: 3, SVCB: 1};

function value(type, fields) {
  return fields.map((field, i) => {
    if (QUOTED[type]?.includes(i)) return `"${field}"`;
    return NAMED[type] === i && field !== "." ? `${field}.` : field;
  }).join(" ");
}

export function connect(load, words) {
  const ns1 = load("ns1");
  ns1.set_api_key(words.key);
  ns1.set_api_url(words.url + "/v1/");

  const shown = found => [found].flat().map(one => one.attributes);
  const find = async (kind, name) => shown(await ns1[kind].find(name));

  /// A zone's list shows its answers with blanks between the fields: each is read alone.
  async function records(zone) {
    const [listed] = await find("Zone", zone);
    const all = [];
    for (const {domain, type} of listed.records) {
      const [one] = await find("Record", `${zone}/${domain}/${type}`);
      all.push([`${domain}.`, type, one.ttl, one.answers.map(each => value(type, each.answer))]);
    }
    return all;
  }

  return {
    records, find,
    create: async (kind, attributes) => shown(await ns1[kind].create(attributes)),
    update: async (kind, name, attributes) => shown(await (await ns1[kind].find(name)).update(attributes)),
    destroy: async (kind, name) => (await ns1[kind].find(name)).destroy(),
    failure: error => ({said: error.raw ?? String(error)}),
  };
}
