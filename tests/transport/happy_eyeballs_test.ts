import assert from "node:assert/strict";
import { interleaveFamilies, raceAddresses } from "../../transport/happy_eyeballs.ts";

const never = new AbortController().signal;

function later(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

Deno.test("interleaveFamilies lets the families take turns, IPv6 first", () => {
  assert.deepEqual(interleaveFamilies(["1.1.1.1", "2.2.2.2", "::1", "3.3.3.3"]), [
    "::1",
    "1.1.1.1",
    "2.2.2.2",
    "3.3.3.3",
  ]);
});

Deno.test("raceAddresses starts the next address after a while and ends the slow one", async () => {
  const ended: string[] = [];
  const winner = await raceAddresses(["slow", "quick", "unused"], {
    async attempt(address, signal) {
      try {
        await later(address === "slow" ? 5000 : 5, signal);
      } catch (error) {
        ended.push(address);
        throw error;
      }
      return address;
    },
    dispose: () => assert.fail("nothing to dispose"),
    signal: never,
    staggerMs: 20,
  });
  assert.equal(winner, "quick");
  await Promise.resolve();
  assert.deepEqual(ended, ["slow"]);
});

Deno.test("raceAddresses waits less for addresses of this machine", async () => {
  const started = performance.now();
  const winner = await raceAddresses(["::1", "127.0.0.1"], {
    attempt: (address, signal) =>
      address === "::1" ? later(5000, signal).then(() => address) : Promise.resolve(address),
    dispose: () => {},
    signal: never,
  });
  assert.equal(winner, "127.0.0.1");
  assert(performance.now() - started < 200);
});

Deno.test("raceAddresses starts the next address at once after a failure", async () => {
  const started = performance.now();
  const winner = await raceAddresses(["bad", "good"], {
    attempt: (address) => address === "bad" ? Promise.reject(new Error("bad")) : Promise.resolve(address),
    dispose: () => {},
    signal: never,
    staggerMs: 5000,
  });
  assert.equal(winner, "good");
  assert(performance.now() - started < 1000);
});

Deno.test("raceAddresses rejects with the failure that says most", async () => {
  const unreachable = Object.assign(new Error("no way"), { code: "unreachable" });
  const refused = Object.assign(new Error("closed"), { code: "refused" });
  await assert.rejects(
    raceAddresses(["a", "b", "c"], {
      attempt: (address) => Promise.reject(address === "b" ? refused : unreachable),
      dispose: () => {},
      signal: never,
    }),
    { code: "refused" },
  );
});

Deno.test("raceAddresses disposes of what comes second", async () => {
  const disposed: string[] = [];
  const gates = new Map<string, (value: string) => void>();
  const race = raceAddresses(["a", "b"], {
    attempt: (address) => new Promise<string>((resolve) => gates.set(address, resolve)),
    dispose: (address) => disposed.push(address),
    signal: never,
    staggerMs: 1,
  });
  while (gates.size < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  gates.get("b")!("b");
  assert.equal(await race, "b");
  gates.get("a")!("a");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(disposed, ["a"]);
});

Deno.test("raceAddresses ends all attempts when its signal is aborted", async () => {
  const controller = new AbortController();
  let isEnded = false;
  const race = raceAddresses(["a", "b"], {
    attempt: (_, signal) => later(5000, signal).finally(() => isEnded = true),
    dispose: () => {},
    signal: controller.signal,
  });
  controller.abort("enough");
  await assert.rejects(race, (reason) => reason === "enough");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert(isEnded);
});
