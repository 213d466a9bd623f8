/** Two engines of ours that answer each other: `deno run -A tandem_pair.ts`, asked as `memory_rounds.mjs` says. */
import { H2Pair, HELLO, MIB, round } from "../../h2_pair.ts";
import { serveRounds, type Tally } from "./memory_rounds.mjs";

const CONCURRENT = 100;
const small = new H2Pair(HELLO);
const large = new H2Pair(new Uint8Array(MIB).fill(120));

/** `same`, `unique`, `browser` or `mib`: so many requests at once, again and again. */
function find([what]: string[]): (tally: Tally) => void {
  const isLarge = what === "mib";
  const pair = isLarge ? large : small;
  const kind = isLarge ? "same" : what as "same" | "unique" | "browser";
  const [turns, requests] = isLarge ? [10, 4] : [100, CONCURRENT];
  return (tally) => {
    const { done, bytes } = pair;
    tally.measure(() => {
      for (let i = 0; i < turns; i++) round(pair, requests, kind);
    });
    const count = turns * requests;
    const octets = count * (isLarge ? MIB : HELLO.length);
    if (pair.done - done !== count || pair.bytes - bytes !== octets) {
      throw new Error("not every exchange came to its end");
    }
    tally.count += count;
    tally.octets += octets;
  };
}

serveRounds(find);
