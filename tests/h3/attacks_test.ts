/**
 * The HTTP/3 half of the list of known attacks: for each, what it costs until it is
 * stopped with default limits, and by which limit or rule.
 */
import assert from "node:assert/strict";
import { coreOf } from "../../h3/core_of.ts";
import { Fields } from "../../semantics/mod.ts";
import {
  data,
  frame,
  frameHeader,
  GET,
  goaway,
  headers,
  join,
  POST,
  settings,
  varint,
} from "../support/h3_frames.ts";
import { H3Peer, h3Server } from "../support/h3_peer.ts";

interface Attack {
  readonly name: string;
  /** One round of it. */
  readonly round: (peer: H3Peer, i: number) => void;
  /** Rounds after which the connection must be over. */
  readonly rounds: number;
  /** The reason that the peer is told; a limit's word, or a rule. */
  readonly reason: string;
}

const ATTACKS: readonly Attack[] = [
  {
    name: "Rapid Reset (CVE-2023-44487): requests that are cancelled at once",
    round: (peer, i) => peer.send(4 * i, headers(GET), true).stop(4 * i).reset(4 * i),
    rounds: 101,
    reason: "peer_resets",
  },
  {
    name: "Rapid Reset without a byte: streams that are opened and reset",
    round: (peer, i) => peer.reset(4 * i),
    rounds: 101,
    reason: "peer_resets",
  },
  {
    name: "MadeYouReset (CVE-2025-8671): content beyond its length makes the server reset",
    round: (peer, i) => peer.send(4 * i, join(headers([...POST, "content-length", "0"]), data(1))),
    rounds: 201,
    reason: "error_resets",
  },
  {
    name: "MadeYouReset by malformed heads",
    round: (peer, i) => peer.send(4 * i, headers([...GET, "Upper", "1"]), true),
    rounds: 201,
    reason: "error_resets",
  },
  {
    name: "empty DATA frames (CVE-2019-9518)",
    round: (peer, i) => peer.send(0, i === 0 ? headers(POST) : data("")),
    rounds: 103,
    reason: "empty_data",
  },
  {
    name: "reserved frames on a request stream",
    round: (peer, i) => peer.send(0, i === 0 ? headers(POST) : frame(0x21)),
    rounds: 1003,
    reason: "glitches",
  },
  {
    name: "PRIORITY_UPDATE flood (CVE-2019-9513)",
    round: (peer, i) => peer.control(frame(0xf0700, join(varint(4 * i), [0x75, 0x3d, 0x30 + i % 8]))),
    rounds: 1001,
    reason: "glitches",
  },
  {
    name: "streams of reserved types",
    round: (peer, i) => peer.send(peer.uni(3 + i), [0x21]),
    rounds: 1001,
    reason: "glitches",
  },
  {
    name: "unidirectional streams that are held open without a type",
    round: (peer, i) => {
      peer.engine.peerOpened(peer.uni(3 + i), 0);
      peer.pump();
    },
    rounds: 101,
    reason: "unidentified_streams",
  },
  {
    name: "field sections that claim to be huge",
    round: (peer) => peer.send(0, frameHeader(1, 1 << 28)),
    rounds: 1,
    reason: "header_list_bytes",
  },
  {
    name: "QPACK bomb: one large entry, referred to over and over",
    round: (peer, i) => {
      // 3,000 octets in the table, then 60 references of one octet each.
      if (i === 0) {
        peer.send(
          peer.uni(1),
          join([0x3f, 0xe1, 0x1f, 0x41, 0x61], [0x7f, 0xb9, 0x16], new Uint8Array(3000).fill(0x61)),
        );
      }
      peer.send(4 * i, frame(1, join([0x02, 0x00], new Uint8Array(60).fill(0x80))), true);
    },
    rounds: 1,
    reason: "header_list_bytes",
  },
  {
    name: "SETTINGS with very many entries",
    round: (peer) => {
      const many = new H3Peer({ role: "server" });
      many.send(2, join(0, settings(...Array.from({ length: 1000 }, (_, i) => [0x1000 + i, 1]).flat())));
      peer.closed = many.closed;
    },
    rounds: 1,
    reason: "settings_entries",
  },
  {
    name: "GOAWAY over and over",
    round: (peer) => peer.control(goaway(0)),
    rounds: 1001,
    reason: "glitches",
  },
  {
    name: "MAX_PUSH_ID over and over",
    round: (peer, i) => peer.control(frame(13, varint(i))),
    rounds: 1001,
    reason: "glitches",
  },
  {
    name: "stream ids far apart",
    round: (peer, i) => peer.send(4 * 900 * (i + 1), headers(GET)),
    rounds: 2,
    reason: "skipped_streams",
  },
];

for (const { name, round, rounds, reason } of ATTACKS) {
  Deno.test(`H3Connection stops ${name} [limit:${reason}]`, () => {
    const peer = h3Server();
    let used = 0;
    while (used < rounds && peer.closed === undefined) round(peer, used++);
    assert(peer.closed !== undefined, `not stopped after ${used} rounds`);
    assert.equal(peer.closed.reason, reason);
    assert.equal(peer.closed.code, 0x107);
    const core = coreOf(peer.engine);
    assert(core.exchanges.size === 0 && core.earlyPriorities.size <= 100 && core.leaving.size === 0);
  });
}

Deno.test("H3Connection holds little for what a slow attack leaves open", () => {
  const peer = h3Server();
  const large = headers([...GET, "x-large", "a".repeat(20_000)]);
  for (let id = 0; id < 4 * 500; id += 4) {
    peer.send(id, large.subarray(0, 100)); // a head that never comes whole
  }
  peer.expectAlive();
  assert.equal(peer.engine.openExchanges, 100);
  assert.equal(peer.engine.counters.concurrentStreams, 400);
  const kept = [...coreOf(peer.engine).exchanges.values()].reduce(
    (sum, { section }) => sum + section!.buffer.length,
    0,
  );
  assert(kept < 100 * 1024, `${kept} bytes are kept of 10,000`);
  peer.wait(30_000).expectAlive();
  assert.equal(peer.engine.openExchanges, 0);
  assert.equal(peer.engine.counters.headTimeout, 100);
});

Deno.test("H3Connection bears the same attacks slowly: what refills is allowed", () => {
  const peer = h3Server();
  for (let i = 0; i < 500; i++) peer.wait(60).send(4 * i, headers(GET), true).stop(4 * i).reset(4 * i);
  peer.expectAlive();
  for (let i = 0; i < 500; i++) peer.wait(40).control(frame(0x21));
  peer.expectAlive().engine.sendResponse(0, { status: 200, fields: new Fields() }, true);
});
