import assert from "node:assert/strict";

/** What is read of an export in OTLP's JSON. */
interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

// deno-lint-ignore no-explicit-any
function listOf(exports: readonly any[], resource: string, scope: string, what: string): any[] {
  return exports.flatMap((one) => one[resource] ?? []).flatMap((one) => one[scope] ?? []).flatMap((one) =>
    one[what] ?? []
  );
}

Deno.test("openTelemetry is seen by Deno's built-in exporter", async () => {
  const exports: unknown[] = [];
  const collector = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    exports.push(await request.json());
    return Response.json({});
  });
  const program = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", new URL("./otel_deno_program.ts", import.meta.url).pathname],
    env: {
      OTEL_DENO: "true",
      OTEL_DENO_CONSOLE: "ignore",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
      OTEL_METRIC_EXPORT_INTERVAL: "100",
    },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await program.output();
  await collector.shutdown();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stdout), /handled GET/);
  const spans = listOf(exports, "resourceSpans", "scopeSpans", "spans") as OtlpSpan[];
  const outside = spans.find((span) => span.name === "outside")!;
  const ours = spans.filter((span) => span.name === "GET");
  assert.deepEqual(ours.map((span) => span.kind).sort(), [2, 3], "one span of a server, one of a client");
  for (const span of ours) {
    assert.equal(span.traceId, outside.traceId);
    assert.equal(span.parentSpanId, outside.spanId);
  }
  const names = new Set(
    listOf(exports, "resourceMetrics", "scopeMetrics", "metrics").map((metric) => metric.name),
  );
  for (
    const name of [
      "http.server.request.duration",
      "http.client.request.duration",
      "http.client.open_connections",
    ]
  ) {
    assert(names.has(name), `${name} is missing`);
  }
});
