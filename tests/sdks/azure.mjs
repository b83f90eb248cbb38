// Azure's client: a call is ["call", group, method, what comes after the resource group…].
import {quoted} from "./records.mjs";

const VALUES = {
  aRecords: one => one.ipv4Address,
  aaaaRecords: one => one.ipv6Address,
  caaRecords: one => `${one.flags} ${one.tag} ${quoted(one.value)}`,
  mxRecords: one => `${one.preference} ${one.exchange}.`,
  nsRecords: one => `${one.nsdname}.`,
  ptrRecords: one => `${one.ptrdname}.`,
  srvRecords: one => `${one.priority} ${one.weight} ${one.port} ${one.target}.`,
  txtRecords: one => one.value.map(quoted).join(" "),
};

export function connect(load, words) {
  const {DnsManagementClient} = load("@azure/arm-dns");
  const client = new DnsManagementClient({getToken: async () => null}, words.subscription,
      {endpoint: words.url, allowInsecureConnection: true, retryOptions: {maxRetries: 0}});
  // Its own policy sends no token without TLS.
  client.pipeline.removePolicy({name: "bearerTokenAuthenticationPolicy"});
  client.pipeline.addPolicy({name: "token", sendRequest: (request, next) => {
    request.headers.set("Authorization", "Bearer " + words.token);
    return next(request);
  }});

  async function call(group, method, ...given) {
    const made = client[group][method](words.group, ...given);
    return made[Symbol.asyncIterator] ? every(made) : made;
  }

  async function every(pages) {
    const all = [];
    for await (const one of pages) all.push(one);
    return all;
  }

  async function records(zone) {
    return (await every(client.recordSets.listByDnsZone(words.group, zone))).map(set => {
      const owner = set.name === "@" ? `${zone}.` : `${set.name}.${zone}.`;
      const field = Object.keys(VALUES).find(one => set[one]?.length);
      const values = set.cnameRecord ? [`${set.cnameRecord.cname}.`]
          : field ? set[field].map(VALUES[field]) : [];
      return [owner, set.type.split("/").pop(), set.ttl, values];
    });
  }

  return {
    records, call,
    failure: error => ({status: error.statusCode ?? String(error), code: error.code}),
  };
}
