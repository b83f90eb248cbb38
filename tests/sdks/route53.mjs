// Amazon's client of Route 53: a call is ["send", command without "Command", input].
export function connect(load, words) {
  const sdk = load("@aws-sdk/client-route-53");
  const client = new sdk.Route53Client(
      {endpoint: words.url, region: "us-east-1", maxAttempts: 1, credentials: words.credentials});
  const send = (command, input) => client.send(new sdk[command + "Command"](input));

  async function records(zone) {
    const all = [];
    let from = {};
    for (;;) {
      const page = await send("ListResourceRecordSets", {HostedZoneId: zone, ...from});
      all.push(...page.ResourceRecordSets);
      if (!page.IsTruncated) break;
      from = {StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType};
    }
    const plain = name => name.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
    return all.map(one => [plain(one.Name), one.Type, one.TTL, one.ResourceRecords.map(each => each.Value)]);
  }

  return {
    records, send,
    failure: error => ({status: error.$metadata?.httpStatusCode ?? String(error), code: error.name,
                        said: error.Error?.Message ?? error.message}),
  };
}
