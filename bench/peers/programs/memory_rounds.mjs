// The loop that every program of the comparison in memory runs in, as `native/rounds.h` is for those in C: a line
// `CASE MILLISECONDS` is one round, answered by `COUNT OCTETS CODED CPU WALL` or `failed: WHY`. The processor time is
// that of all threads, so it has what collecting garbage costs; what only prepares a round is not measured.
import process from "node:process";
import readline from "node:readline";

/** Lists that are made at once, and then encoded: what a turn of a busy server has. */
export const BATCH = 200;

/** Blocks after which the table is settled. */
export const SETTLING = 40;

/** What was done in a round, and what it took. */
export class Tally {
  count = 0;
  octets = 0;
  coded = 0;
  cpuMicros = 0;
  wallMicros = 0;

  /** Measures what `run` does. */
  measure(run) {
    const cpu = process.cpuUsage();
    const wall = performance.now();
    run();
    this.wallMicros += (performance.now() - wall) * 1000;
    const { user, system } = process.cpuUsage(cpu);
    this.cpuMicros += user + system;
  }
}

/** Serves rounds: `find(words)` gives what does a case once and adds to a tally; it is done until enough is measured. */
export function serveRounds(find) {
  console.log("ready");
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const words = line.split(" ");
    const enough = Number(words.pop()) * 1000;
    try {
      const pass = find(words);
      const tally = new Tally();
      do {
        pass(tally);
        // What was put off until later, if it was: it must not pile up.
        await new Promise((resolve) => setImmediate(resolve));
      } while (tally.wallMicros < enough);
      const { count, octets, coded, cpuMicros, wallMicros } = tally;
      console.log(`${count} ${octets} ${coded} ${cpuMicros} ${wallMicros}`);
    } catch (error) {
      console.log(`failed: ${String(error).replaceAll("\n", " ")}`);
    }
  });
}

/** Throws unless what came out is what went in. */
export function expectSame(actual, wanted, what) {
  const same = actual.length === wanted.length && actual.every((text, i) => text === wanted[i]);
  if (!same) throw new Error(`other fields came out: ${what}`);
}

/** Throws unless as many octets came out as went in. */
export function expectOctets(actual, wanted) {
  if (actual !== wanted) throw new Error(`${actual} octets of fields came out, and not ${wanted}`);
}
