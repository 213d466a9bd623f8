import assert from "node:assert/strict";
import { KeepAlive, type KeepAliveOptions } from "../../shell/keep_alive.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

function watch(options: KeepAliveOptions) {
  const clock = new VirtualClock();
  const state = { last: clock.now(), isBusy: true, pings: 0, lost: 0 };
  const keepAlive = new KeepAlive(clock, options, {
    lastReceived: () => state.last,
    isBusy: () => state.isBusy,
    ping: () => state.pings++,
    lose: () => state.lost++,
  });
  return { clock, state, keepAlive };
}

Deno.test("KeepAlive pings a quiet peer and gives up one that stays quiet", async () => {
  const { clock, state } = watch({ intervalMs: 1000 });
  await clock.pass(999);
  assert.equal(state.pings, 0);
  await clock.pass(1);
  assert.equal(state.pings, 1);
  await clock.pass(19_999);
  assert.equal(state.lost, 0);
  await clock.pass(1);
  assert.deepEqual([state.lost, state.pings, clock.pending], [1, 1, 0]);
});

Deno.test("KeepAlive leaves a peer alone that is heard of", async () => {
  const { clock, state, keepAlive } = watch({ intervalMs: 1000, timeoutMs: 500 });
  for (let i = 0; i < 50; i++) {
    await clock.pass(300);
    state.last = clock.now();
  }
  assert.equal(state.pings, 0);
  await clock.pass(1000);
  assert.equal(state.pings, 1);
  state.last = clock.now();
  await clock.pass(900);
  assert.deepEqual([state.lost, state.pings], [0, 1]);
  await clock.pass(100);
  assert.equal(state.pings, 2);
  keepAlive.stop();
  assert.equal(clock.pending, 0);
});

Deno.test("KeepAlive pings an idle connection only when it is told to", async () => {
  const quiet = watch({ intervalMs: 1000 });
  quiet.state.isBusy = false;
  await quiet.clock.pass(60_000);
  assert.deepEqual([quiet.state.pings, quiet.state.lost], [0, 0]);
  quiet.state.isBusy = true;
  await quiet.clock.pass(1000);
  assert.equal(quiet.state.pings, 1);
  const idle = watch({ intervalMs: 1000, whileIdle: true });
  idle.state.isBusy = false;
  await idle.clock.pass(1000);
  assert.equal(idle.state.pings, 1);
});

Deno.test("KeepAlive refuses times that are not over 0", () => {
  assert.throws(() => watch({ intervalMs: 0 }), RangeError);
  assert.throws(() => watch({ intervalMs: 1, timeoutMs: -1 }), RangeError);
});
