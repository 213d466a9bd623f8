/**
 * How much the HTTP/3 engine itself costs: two engines in one thread, every command
 * handed to the other end at once. Run: `deno bench -A bench/h3_bench.ts`.
 */
import { Fields } from "../semantics/fields.ts";
import type { RequestHead, ResponseHead } from "../semantics/head.ts";
import { H3Pair } from "./h3_pair.ts";

const HELLO = new TextEncoder().encode("Hello world\n");
const HELLO_HEAD: ResponseHead = {
  status: 200,
  fields: new Fields(["content-type", "text/plain", "content-length", "12"]),
};
const GET: RequestHead = {
  method: "GET",
  scheme: "https",
  authority: "a.example",
  path: "/hello",
  fields: new Fields(["user-agent", "bench", "accept", "*/*"]),
};
const COUNT = 1000;

const hello = new H3Pair(HELLO_HEAD, HELLO);
Deno.bench(
  `h3 engines, ${COUNT} exchanges, 12 bytes, the same request`,
  { group: "h3", baseline: true },
  () => {
    hello.run(COUNT, () => GET);
  },
);

const unique = new H3Pair(HELLO_HEAD, HELLO);
let counter = 0;
Deno.bench(`h3 engines, ${COUNT} exchanges, 12 bytes, a new path each`, { group: "h3" }, () => {
  unique.run(COUNT, () => ({ ...GET, path: `/hello?id=${counter++}` }));
});

const MEGABYTE = new Uint8Array(1 << 20);
const large = new H3Pair({ status: 200, fields: new Fields() }, MEGABYTE);
Deno.bench("h3 engines, 64 exchanges of 1 MiB", { group: "h3 bodies" }, () => {
  large.run(64, () => GET);
});
