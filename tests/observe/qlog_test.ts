import assert from "node:assert/strict";
import type { Handler } from "../../h2/mod.ts";
import type { AnyClient } from "../support/ends.ts";
import { makeEnds as makeH2 } from "../h2/ends.ts";
import { makeEnds as makeH3 } from "../h3/ends.ts";
import { checkLog, isValid, memoryLog, type QlogRecord, readSequence } from "./qlog_kit.ts";
import { settle } from "../support/virtual_clock.ts";

const SECRET = "Bearer very-secret-indeed";

const handler: Handler = async (request, exchange) => {
  if (exchange.path === "/abort") {
    exchange.abort("internal");
    return new Response(null);
  }
  if (exchange.path === "/cut") {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
      },
    });
    return new Response(body);
  }
  await exchange.sendInterim(103, [["link", "</style.css>; rel=preload"]]);
  exchange.setTrailers([["x-checksum", "1234"]]);
  const text = await request.text();
  return new Response(text, {
    headers: { "set-cookie": "id=top-secret", "x-latin": "\xfc" },
  });
};

async function converse(client: AnyClient): Promise<void> {
  await client.ready;
  const exchange = await client.request({
    method: "POST",
    url: "https://example.org/echo",
    fields: [["authorization", SECRET], ["cookie", "id=top-secret; a=b"], ["x-big", "z".repeat(40_000)]],
    body: "x".repeat(50_000),
    trailers: [["x-end", "1"]],
    priority: { urgency: 5, incremental: true },
  });
  exchange.priority = { urgency: 1, incremental: false };
  const response = await exchange.response;
  assert.equal((await response.text()).length, 50_000);
  await response.trailers;
  await assert.rejects((await client.request({ url: "https://example.org/abort" })).response);
  const controller = new AbortController();
  const cut = await client.request({ url: "https://example.org/cut", signal: controller.signal });
  await cut.response;
  controller.abort();
  await cut.closed.catch(() => {});
}

function named(events: readonly QlogRecord[], name: string): QlogRecord[] {
  return events.filter((event) => event.name.endsWith(`:${name}`));
}

function framesOf(events: readonly QlogRecord[], name: "frame_created" | "frame_parsed"): Set<string> {
  return new Set(named(events, name).map((event) => event.data.frame.frame_type));
}

for (const role of ["client", "server"] as const) {
  Deno.test(`qlogWriter logs HTTP/2 at the ${role} as draft-pardue-httpbis-qlog-h2-events-00 has it`, async () => {
    const log = memoryLog({ role });
    const trace = log.writer.open({ role, protocol: "h2" });
    {
      const limits = { maxHeaderListBytes: 100_000 };
      await using ends = makeH2(handler, {
        client: role === "client" ? { trace, limits } : { limits },
        server: role === "server" ? { trace, limits } : { limits },
      });
      await converse(ends.client);
      await ends.client.ping();
      await ends.client.shutdown();
    }
    const events = checkLog(log.text, "http2");
    const created = framesOf(events, "frame_created");
    const parsed = framesOf(events, "frame_parsed");
    const both = role === "client" ? [created, parsed] : [parsed, created];
    for (const type of ["data", "headers", "continuation", "settings", "ping", "goaway", "window_update"]) {
      assert(both[0]!.has(type), `the client sent ${type}`);
    }
    assert(both[0]!.has("priority_update"), "the client sent priority_update");
    assert(both[0]!.has("rst_stream"), "the client sent rst_stream");
    for (const type of ["data", "headers", "settings", "ping", "rst_stream"]) {
      assert(both[1]!.has(type), `the server sent ${type}`);
    }
    const initiators = named(events, "parameters_set").map((event) => event.data.initiator);
    assert.deepEqual(new Set(initiators), new Set(["local", "remote"]));
    const update = events.find((event) => event.data.frame?.frame_type === "priority_update")!;
    assert.equal(update.data.frame.priority_field_value, "u=1");
    const reset = events.find((event) => event.data.frame?.frame_type === "rst_stream")!;
    assert(reset.data.frame.error_code > 0);
    assert(
      events.some((event) =>
        event.name.startsWith("loglevel:") && /connection closed/.test(event.data.message)
      ),
    );
  });

  Deno.test(`qlogWriter logs HTTP/3 at the ${role} as draft-ietf-quic-qlog-h3-events-13 has it`, async () => {
    const log = memoryLog({ role });
    const trace = log.writer.open({ role, protocol: "h3" });
    {
      const limits = { maxHeaderListBytes: 100_000 };
      const settings = { limits, grease: 7 };
      await using ends = makeH3(handler, {
        client: role === "client" ? { ...settings, trace } : settings,
        server: role === "server" ? { ...settings, trace, origins: ["https://example.org"] } : {
          ...settings,
          origins: ["https://example.org"],
        },
      });
      await converse(ends.client);
      const ended = ends.client.shutdown();
      await ends.clock.pass(10_000);
      await ended;
    }
    const events = checkLog(log.text, "http3");
    const created = framesOf(events, "frame_created");
    const parsed = framesOf(events, "frame_parsed");
    const [client, server] = role === "client" ? [created, parsed] : [parsed, created];
    for (const type of ["data", "headers", "settings", "goaway", "priority_update"]) {
      assert(client.has(type), `the client sent ${type}`);
    }
    for (const type of ["data", "headers", "settings", "origin"]) {
      assert(server.has(type), `the server sent ${type}`);
    }
    const types = named(events, "stream_type_set").map(({ data }) => `${data.initiator} ${data.stream_type}`);
    for (const initiator of ["local", "remote"]) {
      for (const type of ["control", "qpack_encode", "qpack_decode"]) {
        assert(types.includes(`${initiator} ${type}`));
      }
    }
    assert(types.includes(`${role === "client" ? "local" : "remote"} request`));
    const control = named(events, "frame_created").find(({ data }) => data.frame.frame_type === "settings")!;
    assert.equal(control.data.stream_id, role === "client" ? 2 : 3);
    const [updated] = named(events, "priority_updated");
    assert.equal(updated!.data.new, "u=1");
    assert.equal(updated!.data.stream_id, 0);
    assert.equal(named(events, "parameters_set").length, 2);
  });
}

async function logged(protocol: "h2" | "h3", showSecrets: boolean): Promise<QlogRecord[]> {
  const log = memoryLog({ role: "client", showSecrets });
  const trace = log.writer.open({ role: "client", protocol });
  {
    const makeEnds = protocol === "h2" ? makeH2 : makeH3;
    await using ends = makeEnds(() => new Response("hi", { headers: { "set-cookie": "id=top-secret" } }), {
      client: { trace },
    });
    const headers = {
      authorization: SECRET,
      cookie: "id=top-secret",
      "x-umlaut": "\xfc",
      "x-plain": "plain",
    };
    await (await ends.client.fetch("https://example.org/", { headers })).text();
  }
  if (!showSecrets) assert(!/secret/.test(log.text), "a secret is in the log");
  return checkLog(log.text, protocol === "h2" ? "http2" : "http3");
}

for (const protocol of ["h2", "h3"] as const) {
  Deno.test(`qlogWriter leaves the values of secret fields out of ${protocol}`, async () => {
    const events = await logged(protocol, false);
    const sections = events.filter((event) => event.data.frame?.frame_type === "headers");
    assert.equal(sections.length, 2);
    const request = sections[0]!.data.frame.headers;
    assert.deepEqual(request.find((field: { name: string }) => field.name === "authorization"), {
      name: "authorization",
    });
    assert(
      request.some((field: { name: string; value: string }) =>
        field.name === "x-plain" && field.value === "plain"
      ),
    );
    assert(
      request.some((field: { value_bytes?: string }) => field.value_bytes === "fc"),
      "octets are in hexadecimal",
    );
    const response = sections[1]!.data.frame.headers;
    assert.deepEqual(response.find((field: { name: string }) => field.name === "set-cookie"), {
      name: "set-cookie",
    });
  });

  Deno.test(`qlogWriter shows secrets of ${protocol} when asked`, async () => {
    const events = await logged(protocol, true);
    const request = events.find((event) => event.data.frame?.frame_type === "headers")!.data.frame.headers;
    assert(request.some((field: { value: string }) => field.value === SECRET));
  });
}

Deno.test("qlogWriter writes the header at once, with the draft's identifiers", () => {
  const log = memoryLog({
    role: "server",
    title: "a title",
    wallClock: () => new Date(0),
  });
  assert.deepEqual(readSequence(log.text), [{
    file_schema: "urn:ietf:params:qlog:file:sequential",
    serialization_format: "application/qlog+json-seq",
    title: "a title",
    trace: {
      common_fields: {
        time_format: "relative_to_epoch",
        reference_time: {
          clock_type: "monotonic",
          epoch: "unknown",
          wall_clock_time: "1970-01-01T00:00:00.000Z",
        },
      },
      vantage_point: { name: "tandem", type: "server" },
      event_schemas: [
        "urn:ietf:params:qlog:events:http2-00",
        "urn:ietf:params:qlog:events:http3-13",
        "urn:ietf:params:qlog:events:loglevel",
      ],
    },
  }]);
  checkLog(log.text, "http2");
});

Deno.test("qlogWriter puts each connection in a group of its own", () => {
  const log = memoryLog({ role: "server" });
  for (let i = 0; i < 2; i++) {
    log.writer.open({ role: "server", protocol: "h2" })({
      type: "state",
      subject: "connection",
      state: "closed",
    });
  }
  const groups = checkLog(log.text, "http2").map((event) => event.group_id);
  assert.deepEqual(groups, ["test-1", "test-2"]);
  assert.equal(log.writer.connections, 2);
  assert.equal(log.writer.records, 3);
});

Deno.test("qlogWriter joins a section with its frame, whichever comes first", () => {
  const flat = [":status", "200"];
  const frame = { type: "frame", stream: 1, name: "HEADERS", frameType: 1, flags: 4, length: 1 } as const;
  const fields = { type: "fields", stream: 1, flat, encodedBytes: 1, rawBytes: 10 } as const;
  const log = memoryLog({ role: "client" });
  const trace = log.writer.open({ role: "client", protocol: "h2" });
  trace({ ...frame, direction: "in" });
  trace({
    type: "frame",
    direction: "in",
    stream: 0,
    name: "PING",
    frameType: 6,
    flags: 0,
    length: 8,
    detail: { data: "00" },
  });
  trace({ ...fields, direction: "in" });
  trace({ ...fields, direction: "out" });
  trace({ ...frame, direction: "out" });
  // One whose fields never come.
  trace({ ...frame, direction: "in", stream: 3 });
  trace({ type: "state", subject: "connection", state: "closed" });
  const events = checkLog(log.text, "http2").filter((event) => event.data.frame?.frame_type === "headers");
  assert.deepEqual(events.map(({ name, data }) => [name, data.stream_id, data.frame.headers.length]), [
    ["http2:frame_parsed", 1, 1],
    ["http2:frame_created", 1, 1],
    ["http2:frame_parsed", 3, 0],
  ]);
});

Deno.test("qlogWriter writes frames and settings that it does not know by their number", () => {
  const log = memoryLog({ role: "client" });
  const h2 = log.writer.open({ role: "client", protocol: "h2" });
  h2({ type: "frame", direction: "in", stream: 0, name: "UNKNOWN", frameType: 0xee, flags: 0, length: 3 });
  h2({
    type: "frame",
    direction: "in",
    stream: 0,
    name: "SETTINGS",
    frameType: 4,
    flags: 0,
    length: 6,
    detail: { "0x4d44": 5 },
  });
  const h3 = memoryLog({ role: "client" });
  const trace = h3.writer.open({ role: "client", protocol: "h3" });
  trace({ type: "frame", direction: "in", stream: 3, name: "GREASE", frameType: 0x21, length: 3 });
  trace({ type: "frame", direction: "in", stream: 3, name: "UNKNOWN", frameType: 0x1234, length: 3 });
  trace({ type: "state", subject: "stream", state: "type-84", stream: 15 });
  const detail = { "0x21": 1, "0x1234": 2 };
  trace({ type: "frame", direction: "in", stream: 3, name: "SETTINGS", frameType: 4, length: 3, detail });
  const [unknown, settings] = checkLog(log.text, "http2");
  assert.equal(unknown!.data.frame.frame_type_bytes, 0xee);
  assert.deepEqual(settings!.data.frame.settings, [{ name: "unknown", name_bytes: 0x4d44, value: 5 }]);
  const events = checkLog(h3.text, "http3");
  assert.deepEqual(events.map(({ data }) => data.frame?.frame_type ?? data.stream_type ?? "parameters"), [
    "reserved",
    "unknown",
    "unknown",
    "settings",
    "parameters",
  ]);
  assert.deepEqual(events[3]!.data.frame.settings, [
    { name: "reserved", value: 1 },
    { name: "unknown", name_bytes: 0x1234, value: 2 },
  ]);
});

Deno.test("qlogWriter ends the log, and harms nobody, when the sink throws", () => {
  const errors: unknown[] = [];
  let calls = 0;
  const log = memoryLog({
    role: "client",
    write() {
      if (++calls > 1) throw new Error("the disk is full");
    },
    onError: (error) => errors.push(error),
  });
  const trace = log.writer.open({ role: "client", protocol: "h2" });
  for (let i = 0; i < 3; i++) trace({ type: "state", subject: "connection", state: "closed" });
  assert.equal(errors.length, 1);
  assert.equal(calls, 2);
});

Deno.test("the schemas of the tests refuse what is not in the drafts", () => {
  const event = (name: string, data: unknown): unknown => ({ time: 1, name, data, group_id: "a" });
  const good = event("http2:frame_parsed", {
    stream_id: 0,
    frame: { frame_type: "ping", opaque_data: "00" },
  });
  assert(isValid("http2", good));
  assert(!isValid("http2", event("http2:frame_parsed", { stream_id: 0, frame: { frame_type: "ping" } })));
  assert(!isValid("http2", event("http2:frame_parsed", { stream_id: -1, frame: { frame_type: "data" } })));
  assert(!isValid("http2", event("http2:frame_parsed", { stream_id: 1, frame: { frame_type: "datum" } })));
  assert(!isValid("http2", event("http2:frame_seen", { stream_id: 1, frame: { frame_type: "data" } })));
  assert(
    !isValid("http3", event("http3:frame_parsed", { stream_id: 1, frame: { frame_type: "data", extra: 1 } })),
  );
  assert(!isValid("http3", event("http3:stream_type_set", { stream_id: 1, stream_type: "unknown" })));
});

Deno.test("qlogWriter names the streams of HTTP/3 alike at both ends", async () => {
  const logs = { client: memoryLog({ role: "client" }), server: memoryLog({ role: "server" }) };
  {
    await using ends = makeH3(() => new Response("hi"), {
      client: { trace: logs.client.writer.open({ role: "client", protocol: "h3" }) },
      server: { trace: logs.server.writer.open({ role: "server", protocol: "h3" }) },
    });
    // The second request and its response use what the first put into the tables.
    for (let i = 0; i < 3; i++) {
      await (await ends.client.fetch("https://example.org/", { headers: { "x-a": "b" } })).text();
      await settle();
    }
  }
  function streams(log: "client" | "server", mine: "local" | "remote"): string[] {
    return named(checkLog(logs[log].text, "http3"), "stream_type_set")
      .filter(({ data }) => data.initiator === mine && data.stream_type !== "reserved")
      .map(({ data }) => `${data.stream_id} ${data.stream_type}`).sort();
  }
  assert.deepEqual(streams("client", "local"), streams("server", "remote"));
  assert.deepEqual(streams("server", "local"), streams("client", "remote"));
  for (const end of ["client", "server"] as const) {
    const types = streams(end, "local").map((stream) => stream.split(" ")[1]);
    for (const type of ["control", "qpack_encode", "qpack_decode"]) {
      assert.equal(types.filter((one) => one === type).length, 1, `${type} of the ${end}`);
    }
  }
});
