// Google's client: changes are made by ["change", zone, {add, delete}], where each is a list of
// [owner, type, {ttl, data}].
export function connect(load, words) {
  const {DNS} = load("@google-cloud/dns");
  const {OAuth2Client} = load("google-auth-library");
  const authClient = new OAuth2Client();
  authClient.setCredentials({access_token: words.token, expiry_date: Date.now() + 3600_000});
  const dns = new DNS({projectId: words.project, authClient, autoRetry: false, maxRetries: 0});
  dns.baseUrl = words.url + "/dns/v1";  // an option would get https:// put before it

  async function change(name, what) {
    const zone = dns.zone(name);
    const made = list => (list ?? []).map(
        ([owner, type, more]) => zone.record(type.toLowerCase(), {name: owner, ...more}));
    const [done] = await zone.createChange({add: made(what.add), delete: made(what.delete)});
    return done.metadata;
  }

  return {
    change,
    records: async name => (await dns.zone(name).getRecords())[0].map(
        one => [one.metadata.name, one.type, one.metadata.ttl, [one.data].flat()]),
    zones: async () => (await dns.getZones())[0].map(one => one.metadata),
    done: async (name, id) => (await dns.zone(name).change(id).get())[0].metadata,
    failure: error => ({status: error.code ?? String(error), said: error.message}),
  };
}
