// Oracle's client: a call is ["call", method, request].
import {rrsets} from "./records.mjs";

export function connect(load, words) {
  const common = load("oci-common");
  const dns = load("oci-dns");
  const region = common.Region.EU_FRANKFURT_1;
  // With a session's token it reads token and key from the files that a configuration names.
  const provider = words.config
      ? new common.SessionAuthDetailProvider(words.config, "DEFAULT")
      : new common.SimpleAuthenticationDetailsProvider(
            words.tenancy, words.user, words.fingerprint, words.key, words.passphrase, region);
  const client = new dns.DnsClient({authenticationDetailsProvider: provider});
  client.endpoint = words.url;

  async function call(method, request) {
    const answer = await client[method]({...request, retryConfiguration: common.NoRetryConfigurationDetails});
    return answer.recordCollection ? {...answer.recordCollection, ...answer} : answer;
  }

  async function records(zone) {
    const all = [];
    let page;
    do {
      const answer = await call("getZoneRecords", {zoneNameOrId: zone, scope: "GLOBAL", limit: 100, page});
      all.push(...answer.items);
      page = answer.opcNextPage;
    } while (page);
    return rrsets(all.map(one => [`${one.domain}.`, one.rtype, one.ttl, one.rdata]));
  }

  return {
    records, call,
    failure: error => ({status: error.statusCode ?? (error.message || String(error)), code: error.serviceCode}),
  };
}
