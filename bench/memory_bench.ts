/** Each layer by itself and all together, without a socket: `deno bench -A bench/memory_bench.ts`. */
import { memoryCases } from "./memory_cases.ts";

for (const { name, count, run } of memoryCases()) {
  Deno.bench(`${name}, ${count} of them`, { group: name }, run);
}
