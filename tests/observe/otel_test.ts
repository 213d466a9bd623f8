import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import assert from "node:assert/strict";
import * as h2 from "../../h2/mod.ts";
import type { Handler, ServerExchange } from "../../h2/mod.ts";
import * as h3 from "../../h3/mod.ts";
import { openTelemetry, propagationFields, type Telemetry } from "../../observe/mod.ts";
import { memoryPair, memoryQuicPair } from "../../transport/memory.ts";
import { makeEnds as makeH2 } from "../h2/ends.ts";
import { makeEnds as makeH3 } from "../h3/ends.ts";
import type { AnyClient } from "../support/ends.ts";

const spanExporter = new InMemorySpanExporter();
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 2 ** 30 });
api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
api.trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] }),
);
api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
const LEAVES_A_TIMER = { sanitizeOps: false, sanitizeResources: false };

const remote = { hostname: "192.0.2.7", port: 50_000 };

async function observed(
  protocol: "h2" | "h3",
  handler: Handler,
  run: (client: AnyClient) => Promise<void>,
): Promise<{ client: ReadableSpan[]; server: ReadableSpan[]; spans: ReadableSpan[] }> {
  spanExporter.reset();
  const telemetry = openTelemetry({ api });
  const info = { kind: "memory", remote } as const;
  const makeEnds = protocol === "h2" ? makeH2 : makeH3;
  {
    await using ends = makeEnds(handler, {
      client: {
        trace: telemetry.open({
          role: "client",
          protocol,
          info: { remote: { hostname: "192.0.2.1", port: 443 } },
        }),
      },
      server: { trace: telemetry.open({ role: "server", protocol, info }) },
    });
    await run(ends.client);
  }
  const spans = spanExporter.getFinishedSpans();
  return {
    spans,
    client: spans.filter((span) => span.kind === api.SpanKind.CLIENT),
    server: spans.filter((span) => span.kind === api.SpanKind.SERVER),
  };
}

/** A client and its server on real time; the server's hook knows the `info` of its transport. */
function makePair(protocol: "h2" | "h3", telemetry: Telemetry, handler: Handler): AnyClient {
  const client = { trace: telemetry.open({ role: "client", protocol }) };
  if (protocol === "h2") {
    const [near, far] = memoryPair();
    h2.serve(far, handler, { trace: telemetry.open({ role: "server", protocol, info: far.info }) });
    return h2.connect(near, client);
  }
  const [near, far] = memoryQuicPair();
  h3.serve(far, handler, { trace: telemetry.open({ role: "server", protocol, info: far.info }) });
  return h3.connect(near, client);
}

async function metrics(): Promise<Map<string, MetricData>> {
  metricExporter.reset();
  await reader.forceFlush();
  const all = metricExporter.getMetrics().flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap((one) => one.metrics)
  );
  return new Map(all.map((metric) => [metric.descriptor.name, metric]));
}

for (const protocol of ["h2", "h3"] as const) {
  const version = protocol === "h2" ? "2" : "3";

  Deno.test({
    name: `openTelemetry makes spans of ${protocol} by the HTTP conventions`,
    ...LEAVES_A_TIMER,
    async fn() {
      const { client, server } = await observed(
        protocol,
        () => new Response("hello", { status: 201 }),
        async (http) => {
          const headers = { "user-agent": "test/1" };
          const url = "https://example.org:8443/a/b?c=d&sig=secret";
          await (await http.fetch(url, { method: "POST", body: "12345678", headers })).text();
        },
      );
      assert.equal(client.length, 1);
      assert.equal(server.length, 1);
      assert.equal(client[0]!.name, "POST");
      assert.deepEqual(client[0]!.attributes, {
        "http.request.method": "POST",
        "url.scheme": "https",
        "url.full": "https://example.org:8443/a/b?c=d&sig=REDACTED",
        "server.address": "example.org",
        "server.port": 8443,
        "network.protocol.version": version,
        "network.peer.address": "192.0.2.1",
        "network.peer.port": 443,
        "user_agent.original": "test/1",
        "http.response.status_code": 201,
      });
      assert.deepEqual(server[0]!.attributes, {
        "http.request.method": "POST",
        "url.scheme": "https",
        "url.path": "/a/b",
        "url.query": "c=d&sig=REDACTED",
        "server.address": "example.org",
        "server.port": 8443,
        "network.protocol.version": version,
        "network.peer.address": "192.0.2.7",
        "network.peer.port": 50_000,
        "client.address": "192.0.2.7",
        "user_agent.original": "test/1",
        "http.response.status_code": 201,
      });
      assert.equal(client[0]!.status.code, api.SpanStatusCode.UNSET);
    },
  });

  Deno.test({
    name: `openTelemetry marks what went wrong over ${protocol}`,
    ...LEAVES_A_TIMER,
    async fn() {
      const { client, server } = await observed(protocol, (_, exchange) => {
        if (exchange.path === "/abort") exchange.abort("internal");
        return new Response(null, { status: exchange.path === "/gone" ? 404 : 503 });
      }, async (http) => {
        await (await http.fetch("https://example.org/gone", { method: "BREW" })).text();
        await (await http.fetch("https://example.org/broken")).text();
        await assert.rejects(http.fetch("https://example.org/abort"));
      });
      assert.deepEqual(client.map((span) => span.attributes["error.type"]).slice(0, 2), ["404", "503"]);
      assert.equal(typeof client[2]!.attributes["error.type"], "string");
      assert(client.every((span) => span.status.code === api.SpanStatusCode.ERROR));
      const [gone, broken, aborted] = server;
      assert.equal(gone!.name, "HTTP");
      assert.equal(gone!.attributes["http.request.method"], "_OTHER");
      assert.equal(gone!.attributes["http.request.method_original"], "BREW");
      assert.equal(gone!.attributes["error.type"], undefined);
      assert.equal(gone!.status.code, api.SpanStatusCode.UNSET);
      assert.equal(broken!.attributes["error.type"], "503");
      assert.equal(broken!.status.code, api.SpanStatusCode.ERROR);
      assert.equal(aborted!.status.code, api.SpanStatusCode.ERROR);
      assert.equal(aborted!.attributes["http.response.status_code"], undefined);
    },
  });

  Deno.test({
    name: `openTelemetry lets a trace go on from caller to client, server and handler over ${protocol}`,
    ...LEAVES_A_TIMER,
    async fn() {
      spanExporter.reset();
      const telemetry = openTelemetry({ api });
      const tracer = api.trace.getTracer("test");
      const handler: Handler = telemetry.handler(async (request: Request, _: ServerExchange) => {
        await request.text();
        tracer.startSpan("inside").end();
        return new Response("hi");
      });
      const client = makePair(protocol, telemetry, handler);
      await tracer.startActiveSpan("outside", async (span) => {
        const headers = propagationFields(api);
        assert(headers.traceparent !== undefined);
        await (await client.fetch("https://example.org/", { headers })).text();
        span.end();
      });
      client.close();
      await client.closed;
      const spans = spanExporter.getFinishedSpans();
      const named = (name: string, kind?: api.SpanKind): ReadableSpan =>
        spans.find((span) => span.name === name && (kind === undefined || span.kind === kind))!;
      const outside = named("outside").spanContext();
      assert.equal(named("GET", api.SpanKind.CLIENT).parentSpanContext?.spanId, outside.spanId);
      assert.equal(named("GET", api.SpanKind.SERVER).parentSpanContext?.spanId, outside.spanId);
      assert.equal(named("GET", api.SpanKind.SERVER).spanContext().traceId, outside.traceId);
      assert.equal(
        named("inside").parentSpanContext?.spanId,
        named("GET", api.SpanKind.SERVER).spanContext().spanId,
      );
    },
  });
}

Deno.test({
  name: "openTelemetry records metrics by the HTTP conventions",
  ...LEAVES_A_TIMER,
  async fn() {
    await observed("h2", () => new Response("12345"), async (http) => {
      await (await http.fetch("https://metrics.example/", { method: "PUT", body: "123" })).text();
    });
    const found = await metrics();
    for (const role of ["client", "server"]) {
      const duration = found.get(`http.${role}.request.duration`)!;
      assert.equal(duration.descriptor.unit, "s");
      assert.equal(duration.dataPointType, DataPointType.HISTOGRAM);
      const points = duration.dataPoints.filter(({ attributes }) =>
        attributes["http.request.method"] === "PUT" && attributes["network.protocol.version"] === "2"
      );
      assert.equal(points.length, 1);
      const { attributes, value } = points[0] as {
        attributes: api.Attributes;
        value: { buckets: { boundaries: number[] }; count: number };
      };
      assert.equal(value.count, 1);
      assert.deepEqual(value.buckets.boundaries.slice(0, 3), [0.005, 0.01, 0.025]);
      assert.equal(attributes["http.response.status_code"], 200);
      assert.equal(attributes["server.address"], role === "client" ? "metrics.example" : undefined);
      assert.equal(attributes["url.path"], undefined);
      const active = found.get(`http.${role}.active_requests`)!;
      assert(active.dataPoints.every(({ value }) => value === 0), "nothing is active any more");
      const size = found.get(`http.${role}.response.body.size`)!;
      const sums = size.dataPoints.filter(({ attributes }) => attributes["http.request.method"] === "PUT")
        .map(({ value }) => (value as { sum: number }).sum);
      assert.deepEqual(sums, [5]);
    }
    const connections = found.get("http.client.open_connections")!;
    assert(connections.dataPoints.every(({ value }) => value === 0), "no connection is open any more");
    assert(found.has("http.client.connection.duration"));
  },
});
