// Runs calls of a provider's own client. Reads {sdk, calls, …} from standard input, where `sdk` names
// a module beside this one and the rest is for its connect(); prints the results, one for each call.
// A call is a list: a method and its arguments. Beside those of the client each module has `records`,
// which reads a whole zone: [owner, type, TTL, [values as zone files write them]] of each RRset.
// The clients themselves are in the folder that TAPROOT_SDKS names.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";

const {sdk, calls, ...words} = JSON.parse(readFileSync(0));
const load = createRequire(process.env.TAPROOT_SDKS + "/");
const {connect} = await import(`./${sdk}.mjs`);
const client = await connect(load, words);
const results = [];
for (const [method, ...given] of calls) {
  try {
    results.push(await client[method](...given) ?? null);
  } catch (error) {
    results.push(client.failure(error));
  }
}
console.log(JSON.stringify(results));
