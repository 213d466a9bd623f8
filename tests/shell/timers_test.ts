import assert from "node:assert/strict";
import fc from "fast-check";
import { Timers } from "../../shell/timers.ts";

/** A platform with one timer at most, whose time passes when it is told to. */
class FakePlatform {
  time = 0;
  sets = 0;
  #pending: { readonly callback: () => void; readonly at: number } | undefined;

  now(): number {
    return this.time;
  }

  set(callback: () => void, ms: number): unknown {
    assert.equal(this.#pending, undefined, "one timer at a time");
    assert(ms >= 0 && ms <= 0x7fff_ffff);
    this.sets++;
    return this.#pending = { callback, at: this.time + ms };
  }

  clear(handle: unknown): void {
    assert.equal(handle, this.#pending);
    this.#pending = undefined;
  }

  get isSet(): boolean {
    return this.#pending !== undefined;
  }

  /** Lets time pass; what `run` throws is collected. */
  pass(ms: number, errors: unknown[] = []): void {
    const until = this.time + ms;
    for (let due = this.#pending; due !== undefined && due.at <= until; due = this.#pending) {
      this.time = Math.max(this.time, due.at);
      this.#pending = undefined;
      try {
        due.callback();
      } catch (error) {
        errors.push(error);
      }
    }
    this.time = until;
  }
}

function make(): {
  platform: FakePlatform;
  timers: Timers;
  calls: string[];
  at(name: string, ms: number): unknown;
} {
  const platform = new FakePlatform();
  const timers = new Timers(platform);
  const calls: string[] = [];
  const at = (name: string, ms: number): unknown =>
    timers.schedule(() => void calls.push(`${name} at ${platform.time}`), ms);
  return { platform, timers, calls, at };
}

Deno.test("Timers calls in order of time, with one timer of the platform", () => {
  const { platform, calls, at } = make();
  at("c", 30);
  at("a", 10);
  at("b", 20);
  platform.pass(9);
  assert.deepEqual(calls, []);
  platform.pass(100);
  assert.deepEqual(calls, ["a at 10", "b at 20", "c at 30"]);
  assert.equal(platform.isSet, false);
});

Deno.test("Timers leaves the platform no timer once all is cancelled", () => {
  const { platform, timers, calls, at } = make();
  const first = at("a", 10);
  const second = at("b", 20);
  timers.cancel(first);
  assert.equal(platform.isSet, true);
  timers.cancel(second);
  timers.cancel(second);
  timers.cancel(undefined);
  assert.equal(platform.isSet, false);
  platform.pass(100);
  assert.deepEqual(calls, []);
});

Deno.test("Timers sets no other timer for what is later than the first, or cancelled before it", () => {
  const { platform, timers, calls, at } = make();
  at("a", 10);
  for (let i = 0; i < 100; i++) timers.cancel(at("later", 20 + i));
  assert.equal(platform.sets, 1);
  timers.cancel(at("earlier", 5));
  assert.equal(platform.sets, 2);
  platform.pass(5);
  assert.deepEqual(calls, []);
  platform.pass(5);
  assert.deepEqual(calls, ["a at 10"]);
});

Deno.test("Timers takes changes from within a call", () => {
  const { platform, timers, calls, at } = make();
  const late = at("late", 10);
  timers.schedule(() => {
    timers.cancel(late);
    at("at once", 0);
    at("next", 1);
  }, 10);
  platform.pass(10);
  assert(!calls.includes("late at 10") || calls[0] === "late at 10");
  platform.pass(1);
  assert.deepEqual(calls.filter((call) => !call.startsWith("late")), ["at once at 10", "next at 11"]);
  assert.equal(platform.isSet, false);
});

Deno.test("Timers lets a call that schedules itself at once stop nothing else", () => {
  let callback: (() => void) | undefined;
  const timers = new Timers({ now: () => 0, set: (call) => callback = call, clear: () => {} });
  let calls = 0;
  const again = (): void => {
    calls++;
    timers.schedule(again, 0);
  };
  again();
  calls = 0;
  for (let i = 1; i <= 3; i++) {
    callback!();
    assert.equal(calls, i);
  }
});

Deno.test("Timers makes the other calls when one throws, and hands its error on", () => {
  const { platform, timers, calls, at } = make();
  const error = new Error("a fault");
  timers.schedule(() => {
    throw error;
  }, 5);
  at("a", 6);
  const errors: unknown[] = [];
  platform.pass(10, errors);
  assert.deepEqual(errors, [error]);
  assert.deepEqual(calls, ["a at 6"]);
});

Deno.test("Timers waits longer than a timer of the platform can", () => {
  const { platform, calls, at } = make();
  const month = 31 * 86_400_000;
  at("a", month);
  platform.pass(month - 1);
  assert.deepEqual(calls, []);
  platform.pass(1);
  assert.deepEqual(calls, [`a at ${month}`]);
});

Deno.test("Timers calls what is due although the platform's clock says a little less", () => {
  let callback: (() => void) | undefined;
  const timers = new Timers({ now: () => 0, set: (call) => callback = call, clear: () => {} });
  let calls = 0;
  timers.schedule(() => calls++, 10);
  callback!();
  assert.equal(calls, 1);
});

Deno.test("Timers agrees with a list that is sorted, whatever is scheduled and cancelled", () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ cancel: fc.nat() }),
    fc.record({ pass: fc.integer({ min: 0, max: 30 }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const { platform, timers, calls } = make();
    const model = new Map<number, { readonly at: number; readonly handle: unknown }>();
    let next = 0;
    for (const one of steps) {
      if ("add" in one) {
        const id = next++;
        const call = (): void => void calls.push(`${id} at ${platform.time}`);
        model.set(id, { at: platform.time + one.add, handle: timers.schedule(call, one.add) });
      } else if ("cancel" in one) {
        const id = one.cancel % (next + 1);
        timers.cancel(model.get(id)?.handle);
        model.delete(id);
      } else {
        const until = platform.time + one.pass;
        const due = [...model].filter(([, { at }]) => at <= until);
        for (const [id] of due) model.delete(id);
        calls.length = 0;
        platform.pass(one.pass);
        assert.deepEqual([...calls].sort(), due.map(([id, { at }]) => `${id} at ${at}`).sort());
        assert.deepEqual(
          calls.map((call) => +call.split(" ")[2]!),
          due.map(([, { at }]) => at).sort((a, b) => a - b),
        );
      }
      assert.equal(platform.isSet, model.size > 0);
    }
  }));
});
