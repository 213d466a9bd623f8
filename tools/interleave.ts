/** Things that are measured in one process, in turn. */
import type { MemoryCase } from "../bench/memory_cases.ts";

/** The processor time of this thread, in milliseconds; where the system does not tell, the time of day. */
function threadMs(): number {
  try {
    return Number(Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ")[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** Nanoseconds of processor time for one of what is counted, over at least `ms` milliseconds. */
async function time(one: MemoryCase, ms: number): Promise<number> {
  const start = performance.now();
  const before = threadMs();
  let rounds = 0;
  do {
    const result = one.run();
    if (result !== undefined) await result;
    rounds++;
  } while (performance.now() - start < ms);
  return (threadMs() - before) * 1e6 / (rounds * one.count);
}

/** How long a case is measured. */
export interface Effort {
  /** Rounds that count. */
  readonly rounds: number;
  /** How long one takes, in milliseconds. */
  readonly ms: number;
}

/**
 * Measures the same case of several builds, round by round, who goes first changing; two longer rounds before
 * that do not count. Gives nanoseconds by build and round.
 */
export async function interleave(builds: readonly MemoryCase[], effort: Effort): Promise<number[][]> {
  const times = builds.map((): number[] => []);
  for (let round = -2; round < effort.rounds; round++) {
    for (let i = 0; i < builds.length; i++) {
      const which = (i + round + builds.length) % builds.length;
      const ns = await time(builds[which]!, round < 0 ? 2 * effort.ms : effort.ms);
      if (round >= 0) times[which]!.push(ns);
    }
  }
  return times;
}
