import assert from "node:assert/strict";
import { INITIAL_SETTINGS } from "../../h3/settings.ts";
import { Fields } from "../../semantics/mod.ts";
import { data, GET, headers, join, OK, POST, settings } from "../support/h3_frames.ts";
import { cutTest, h3Client, H3Peer, h3Server } from "../support/h3_peer.ts";

const HEAD = { method: "GET", scheme: "https", authority: "a.example", path: "/", fields: new Fields() };

cutTest("a server marks early requests, and answers unsafe ones with 425 [8470-5.2]", (cut) => {
  const peer = h3Server({ early: true }, cut);
  peer.send(0, headers(GET), true).send(4, join(headers(POST), data("x")));
  assert.deepEqual(peer.of("request").map(({ id, early }) => [id, early]), [[0, true]]);
  assert.deepEqual(peer.expectAlive().sections(4)[0]!.slice(0, 2), [":status", "425"]);
  assert(peer.fins.has(4));
  assert.equal(peer.stops.get(4), 0x100);
  assert.equal(peer.engine.counters.tooEarly, 1);
  peer.engine.confirmHandshake(1);
  peer.send(8, headers(POST), true);
  assert.deepEqual(peer.of("request").map(({ early }) => early), [true, undefined]);
  // What began early stays early, whenever the rest comes.
  const split = h3Server({ early: true }, cut).send(0, headers(POST).subarray(0, 5));
  split.engine.confirmHandshake(1);
  split.send(0, headers(POST).subarray(5));
  assert.equal(split.engine.counters.tooEarly, 1);
});

Deno.test("a server lets an option say which requests may be early", () => {
  const peer = h3Server({ early: true, allowsEarly: (head) => head.path === "/replay" });
  peer.send(0, headers(GET), true).send(4, headers([...POST.slice(0, -1), "/replay"]), true);
  assert.deepEqual(peer.of("request").map(({ id }) => id), [4]);
});

Deno.test("a request that an intermediary got early is marked too [8470-5.2]", () => {
  const peer = h3Server().send(0, headers([...POST, "early-data", "1"]), true);
  assert.equal(peer.of("request")[0]!.early, true);
});

Deno.test("a client holds unsafe requests back until the handshake is confirmed, in order", () => {
  const peer = new H3Peer({ role: "client", early: true });
  peer.engine.sendRequest(HEAD, true);
  peer.engine.sendRequest({ ...HEAD, method: "POST" }, false);
  peer.engine.sendRequest(HEAD, true);
  peer.engine.sendRequest({ ...HEAD, method: "PUT" }, false);
  // Held back as they are, so not copied.
  assert.equal(peer.engine.sendBody(4, new TextEncoder().encode("later"), true), false);
  peer.engine.abort(12, "both", "cancelled");
  peer.pump();
  assert.deepEqual([...peer.wrote.keys()].filter((id) => id >= 0), [0]);
  assert.equal(peer.engine.verdict(4), "unsent");
  assert.equal(peer.of("aborted")[0]!.error.retry, "unsent");
  peer.engine.confirmHandshake(5);
  peer.pump();
  const opened = peer.commands.filter((command) => command.type === "openRequest").map(({ stream }) =>
    stream
  );
  assert.deepEqual(opened.filter((id) => id !== 12), [0, 4, 8]);
  assert.equal(opened.length, 4);
  assert.deepEqual(opened, [0, 4, 8, 12]);
  assert.equal(new TextDecoder().decode(peer.content(4)), "later");
  assert(peer.fins.has(4) && peer.fins.has(8));
  peer.handshake().send(4, headers(OK), true).expectAlive();
});

Deno.test("a client whose early data is rejected hands everything back", () => {
  const peer = new H3Peer({ role: "client", early: true });
  peer.engine.sendRequest(HEAD, true);
  peer.engine.sendRequest({ ...HEAD, method: "POST" }, false);
  peer.pump().engine.rejectEarly(3);
  peer.pump();
  assert.deepEqual(peer.of("aborted").map(({ error }) => error.retry), ["refused", "refused"]);
  assert.equal(peer.of("closed")[0]!.error!.code, "early-rejected");
  assert.equal(peer.closed, undefined, "the QUIC connection lives on");
  assert.equal(peer.engine.endReason, "early-rejected");
});

Deno.test("settings that allow less than those remembered end the connection [9114-7.2.4.2]", () => {
  const remembered = {
    ...INITIAL_SETTINGS,
    qpackTableBytes: 4096,
    extendedConnect: true,
    maxFieldSectionBytes: 5000,
  };
  const start = () => new H3Peer({ role: "client", early: true, rememberedSettings: remembered });
  for (const entries of [[1, 100, 8, 1, 6, 5000], [1, 4096, 6, 5000], [1, 4096, 8, 1, 6, 4000]]) {
    start().send(3, join(0, settings(...entries))).expectClose("H3_SETTINGS_ERROR");
  }
  const peer = start();
  assert(peer.engine.isExtendedConnectEnabled);
  assert.throws(
    () => peer.engine.sendRequest({ ...HEAD, path: "/" + "a".repeat(5000) }, true),
    /9114-4\.2\.2/,
  );
  peer.send(3, join(0, settings(1, 8192, 8, 1, 6, 5000))).expectAlive();
  h3Client().expectAlive();
});
