/**
 * What does the engine cost, both ends in one thread? Run with `deno bench` or, for one
 * line each, `deno run bench/h2_bench.ts`.
 */
import { H2Pair, HELLO, MIB, round } from "./h2_pair.ts";

const small = new H2Pair(HELLO);
const medium = new H2Pair(new Uint8Array(MIB));
const large = new H2Pair(new Uint8Array(64 * MIB));

const CASES: readonly [name: string, requests: number, bytes: number, run: () => void][] = [
  ["hello, the same request, 100 at once", 100, 12, () => round(small, 100, "same")],
  ["hello, unique paths, 100 at once", 100, 12, () => round(small, 100, "unique")],
  ["hello, unique paths and 14 fields, 100 at once", 100, 12, () => round(small, 100, "browser")],
  ["hello, one at a time", 1, 12, () => round(small, 1, "same")],
  ["1 MiB bodies, 4 at once", 4, MIB, () => round(medium, 4, "same")],
  ["64 MiB bodies, one at a time", 1, 64 * MIB, () => round(large, 1, "same")],
];

if (import.meta.main) {
  for (const [name, requests, bytes, run] of CASES) {
    for (let i = 0; i < 3; i++) run();
    const until = performance.now() + 700;
    let rounds = 0;
    const start = performance.now();
    while (performance.now() < until) for (let i = 0; i < (bytes > 1000 ? 1 : 20); i++, rounds++) run();
    const ms = performance.now() - start;
    const perRequest = ms * 1000 / (rounds * requests);
    const rate = rounds * requests * bytes / ms / 1e6;
    console.log(
      `${name}: ${perRequest.toFixed(2)} us/request` + (bytes > 1000 ? `, ${rate.toFixed(2)} GB/s` : ""),
    );
  }
} else {
  for (const [name, , , run] of CASES) Deno.bench(`h2 engine pair: ${name}`, { group: name }, run);
}
