import assert from "node:assert/strict";
import { H2ErrorCode } from "../../h2/errors.ts";
import type { H2Counters } from "../../h2/counters.ts";
import { Fields } from "../../semantics/mod.ts";
import { data, join, ping, preface, Setting, settings, windowUpdate } from "../support/h2_frames.ts";
import { engineTest, type RawPeer } from "../support/h2_peer.ts";

const CALM = H2ErrorCode.ENHANCE_YOUR_CALM;
const MAX_WINDOW = 2 ** 31 - 1;

function repeat(count: number, make: (i: number) => Uint8Array): Uint8Array {
  return join(...Array.from({ length: count }, (_, i) => make(i)));
}

/** The connection ended with this code and reason word, and the counter says so. */
function assertEnded(peer: RawPeer, word: string, counter: keyof H2Counters, code: number = CALM): void {
  const goaways = peer.lines().filter((line) => line.startsWith("GOAWAY"));
  assert.equal(goaways.length, 1);
  assert.match(goaways[0]!, new RegExp(`^GOAWAY \\d+ ${code} ${word}$`));
  assert(peer.engine.counters[counter] > 0, counter);
  const closed = peer.events().at(-1)!;
  assert(closed.type === "closed" && closed.error?.rule === `limit:${word}`);
  assert.equal(peer.engine.openExchanges, 0);
  assert.equal(peer.engine.nextDeadline(), Infinity);
  assert.equal(peer.engine.counters.internalErrors, 0);
}

const get = (peer: RawPeer, stream: number) => peer.request(stream, { end: true });

function head(): { method: string; scheme: string; authority: string; path: string; fields: Fields } {
  return { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };
}

/** Ticks at each deadline until the connection ends or `until` is over; returns when it ended. */
function passTime(peer: RawPeer, until: number, takesOutput = true): number {
  for (let i = 0; i < 10_000 && !peer.engine.isClosed; i++) {
    const next = peer.engine.nextDeadline();
    if (next > until) break;
    peer.tick(Math.max(next, peer.now));
    if (takesOutput && !peer.engine.isClosed) peer.frames();
  }
  if (!peer.engine.isClosed) peer.tick(until);
  return peer.now;
}

engineTest(
  "H2Connection waits for the handshake no longer than it should [limit:handshake_timeout]",
  (make) => {
    for (const bytes of [new Uint8Array(0), preface.subarray(0, 9), preface]) {
      const peer = make({ raw: true });
      peer.sends(bytes);
      assert.equal(passTime(peer, 60_000), 10_000);
      assertEnded(peer, "handshake_timeout", "handshakeTimeout", H2ErrorCode.SETTINGS_TIMEOUT);
    }
    const client = make({ raw: true, role: "client", limits: { handshakeTimeoutMs: 77 } });
    assert.equal(passTime(client, 60_000), 77);
  },
);

engineTest(
  "H2Connection waits for the acknowledgement no longer than it should [limit:settings_ack_timeout]",
  (make) => {
    const peer = make({ raw: true });
    peer.sends(preface, settings());
    assert.equal(passTime(peer, 60_000), 10_000);
    assertEnded(peer, "settings_ack_timeout", "settingsAckTimeout", H2ErrorCode.SETTINGS_TIMEOUT);

    const later = make();
    later.now = 50_000;
    later.engine.updateSettings({ maxConcurrentStreams: 5 });
    later.tick(50_000);
    assert.equal(later.engine.nextDeadline(), 60_000);
  },
);

engineTest("H2Connection waits for a whole head no longer than it should [limit:head_timeout]", (make) => {
  const begun: ((peer: RawPeer) => Uint8Array)[] = [
    (peer) => peer.request(1, { end: true, open: true }),
    (peer) => get(peer, 1).subarray(0, 12),
    (peer) => get(peer, 1).subarray(0, 4),
  ];
  for (const bytes of begun) {
    const peer = make();
    peer.now = 1000;
    peer.sends(bytes(peer));
    // A slow peer gains nothing by sending on.
    assert.equal(passTime(peer, 60_000), 31_000);
    assertEnded(peer, "head_timeout", "headTimeout");
  }
});

engineTest("H2Connection puts up with no body slower than its rate [limit:data_rate]", (make) => {
  const peer = make();
  peer.sends(peer.request(1, { method: "POST" }));
  for (let now = 0; now <= 20_000; now += 1000) {
    peer.tick(now);
    peer.sends(data(1, "x".repeat(300)));
    peer.engine.consume(1, 300);
  }
  peer.frames();
  assert.deepEqual(peer.types().filter((type) => type === "aborted"), [], "300 bytes a second will do");
  for (let now = 21_000; now <= 40_000; now += 1000) {
    peer.tick(now);
    peer.sends(data(1, "x"));
    if (peer.engine.openExchanges === 0) break;
    peer.engine.consume(1, 1);
  }
  assert.deepEqual(peer.lines(), ["RST_STREAM 1 11"]);
  assert(peer.now <= 33_000, String(peer.now));
  assert.equal(peer.engine.counters.dataRate, 1);
  assert.equal(peer.engine.isClosed, false);
});

engineTest("H2Connection lets a body rest whose window is closed, and a tunnel [limit:data_rate]", (make) => {
  const peer = make({ initialStreamWindowBytes: 65_535 });
  const connect = [":method", "CONNECT", ":authority", "b.example:443"];
  peer.sends(
    peer.request(1, { method: "POST" }),
    repeat(4, (i) => data(1, new Uint8Array(i === 3 ? 16_383 : 16_384))),
    peer.headers(3, connect),
  );
  peer.engine.sendResponse(3, { status: 200, fields: new Fields() }, false);
  peer.frames();
  passTime(peer, 100_000);
  assert.equal(peer.engine.openExchanges, 2);
  // Once the application has read, it is the peer's turn.
  peer.engine.consume(1, 65_535);
  peer.frames();
  passTime(peer, 120_000);
  assert.equal(peer.engine.openExchanges, 1);
});

engineTest(
  "H2Connection ends a reader that dribbles (CVE-2019-9511, CVE-2019-9517) [limit:data_rate]",
  (make) => {
    const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, 0] });
    peer.sends(get(peer, 1));
    peer.engine.sendResponse(1, { status: 200, fields: new Fields() }, false);
    peer.engine.sendBody(1, new Uint8Array(100_000), true);
    let ended = -1;
    for (let now = 0; now < 30_000 && ended < 0; now += 100) {
      peer.tick(now);
      peer.sends(windowUpdate(1, 1));
      if (peer.lines().some((line) => line === "RST_STREAM 1 11")) ended = now;
    }
    assert(ended >= 5000 && ended <= 8000, String(ended));
  },
);

engineTest(
  "H2Connection ends a connection whose window stays closed (CVE-2019-9517) [limit:data_rate]",
  (make) => {
    const peer = make({ settings: [Setting.INITIAL_WINDOW_SIZE, MAX_WINDOW] });
    peer.sends(get(peer, 1));
    peer.engine.sendResponse(1, { status: 200, fields: new Fields() }, false);
    peer.engine.sendBody(1, new Uint8Array(100_000), true);
    assert.equal(
      peer.frames().reduce((sum, { type, payload }) => sum + (type === 0 ? payload.length : 0), 0),
      65_535,
    );
    const ended = passTime(peer, 60_000);
    assert(ended >= 5000 && ended <= 8000, String(ended));
    assertEnded(peer, "data_rate", "dataRate");
  },
);

engineTest("H2Connection ends when nobody takes its output [limit:data_rate]", (make) => {
  const peer = make();
  peer.sends(get(peer, 1), ping());
  const ended = passTime(peer, 60_000, false);
  assert(ended >= 5000 && ended <= 8000, String(ended));
  assertEnded(peer, "data_rate", "dataRate");
});

engineTest("H2Connection of a client lets a server be silent [limit:data_rate]", (make) => {
  const peer = make({ role: "client" });
  peer.engine.sendRequest(head(), true);
  peer.frames();
  peer.sends(peer.response(1), data(1, "event"));
  assert.equal(passTime(peer, 1e6), 1e6);
  assert.equal(peer.engine.openExchanges, 1);
});

engineTest("H2Connection ends when nothing was open for long [limit:idle_timeout]", (make) => {
  const peer = make({ limits: { idleTimeoutMs: 5000, minDataRate: 0 } });
  peer.tick(1000);
  peer.sends(get(peer, 1));
  peer.tick(100_000);
  assert.equal(peer.engine.isClosed, false);
  peer.engine.sendResponse(1, { status: 204, fields: new Fields() }, true);
  peer.frames();
  peer.tick(104_000);
  assert.equal(
    peer.engine.isClosed,
    false,
    "a verb does not know the time, so the first time does not count",
  );
  const ended = passTime(peer, 200_000);
  assert(ended >= 105_000 && ended <= 110_000, String(ended));
  assert.deepEqual(peer.lines(), ["GOAWAY 1 0 idle_timeout"]);
  assert.equal(peer.engine.counters.idleTimeout, 1);
});

engineTest(
  "H2Connection does not take the time of a long handler for idleness [limit:idle_timeout]",
  (make) => {
    const peer = make({ limits: { idleTimeoutMs: 5000, minDataRate: 0 } });
    peer.now = 1000;
    peer.sends(get(peer, 1));
    // The handler takes a minute, in which the engine hears nothing of the time.
    peer.engine.sendResponse(1, { status: 204, fields: new Fields() }, true);
    peer.frames();
    peer.tick(60_000);
    assert.equal(peer.engine.isClosed, false);
    assert.equal(peer.engine.nextDeadline(), 65_000);
  },
);

engineTest("H2Connection drains no longer than it should [limit:drain_timeout]", (make) => {
  const peer = make({ limits: { minDataRate: 0 } });
  peer.sends(get(peer, 1));
  peer.now = 1000;
  peer.engine.shutdown();
  peer.tick(2000);
  peer.frames();
  assert.equal(passTime(peer, 60_000), 32_000);
  assertEnded(peer, "drain_timeout", "drainTimeout", H2ErrorCode.NO_ERROR);
});
