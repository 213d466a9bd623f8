/**
 * Does the cost of a request stay flat as everything grows tenfold? `deno run -A bench/growth.ts` prints one line
 * for each size: processor time for one request (or MiB), engine to engine in memory, median of five rounds.
 */
import { Fields } from "../semantics/mod.ts";
import { H2Pair, HELLO, MIB, round } from "./h2_pair.ts";
import { H3Pair } from "./h3_pair.ts";
import { digits, summarize } from "./peers/statistics.ts";

const HEAD = { status: 200, fields: new Fields(["content-type", "text/plain", "content-length", "12"]) };
const GET = { method: "GET", scheme: "https", authority: "a.example", path: "/hello", fields: new Fields() };

/** The processor time of this thread, in milliseconds; where the system does not tell, the time of day. */
function threadMs(): number {
  try {
    return Number(Deno.readTextFileSync("/proc/self/schedstat").split(" ")[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

function measure(name: string, count: number, run: () => void): void {
  const costs: number[] = [];
  for (let i = 0; i < 7; i++) {
    const start = performance.now();
    const before = threadMs();
    let runs = 0;
    do run(); while (++runs && performance.now() - start < 60);
    if (i >= 2) costs.push((threadMs() - before) * 1000 / (runs * count));
  }
  console.log(`${name.padEnd(52)} ${digits(summarize(costs).median).padStart(8)} µs`);
}

/** A list of `count` fields that differ from each other. */
function manyFields(count: number): Fields {
  const fields = new Fields();
  for (let i = 0; i < count; i++) fields.append(`x-field-${i}`, `value number ${i}`);
  return fields;
}

for (const streams of [10, 100, 1000]) {
  const pair = new H2Pair(HELLO);
  measure(`h2, ${streams} streams at once, per request`, streams, () => round(pair, streams, "same"));
}
for (const streams of [10, 100]) {
  const pair = new H3Pair(HEAD, HELLO);
  measure(`h3, ${streams} streams at once, per request`, streams, () => pair.run(streams, () => GET));
}
for (const connections of [1, 10, 100, 1000]) {
  const pairs = Array.from({ length: connections }, () => new H2Pair(HELLO));
  measure(`h2, ${connections} connections in turn, per request`, connections * 10, () => {
    for (const pair of pairs) round(pair, 10, "same");
  });
}
for (const count of [3, 30, 60]) {
  const pair = new H2Pair(HELLO);
  const fields = manyFields(count);
  measure(`h2, ${count} fields in a request, per field`, 10 * count, () => {
    for (let i = 0; i < 10; i++) pair.open(`/hello?${i}`, fields);
    pair.run();
  });
}
for (const mib of [1, 10, 100]) {
  const pair = new H2Pair(new Uint8Array(mib * MIB));
  measure(`h2, a body of ${mib} MiB, per MiB`, mib, () => round(pair, 1, "same"));
}
