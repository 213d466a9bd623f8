// Run with OTEL_DENO=true: Deno registers its exporter with @opentelemetry/api by itself.
import * as api from "@opentelemetry/api";
import { connect, serve } from "../../h2/mod.ts";
import { openTelemetry, propagationFields } from "../../observe/mod.ts";
import { memoryPair } from "../../transport/memory.ts";

const telemetry = openTelemetry({ api, version: "0.0.0" });
const [near, far] = memoryPair();
const server = serve(
  far,
  telemetry.handler((request: Request, _exchange: Parameters<typeof telemetry.spanOf>[0]) => {
    console.log(`handled ${request.method}`);
    return new Response("hello");
  }),
  { trace: telemetry.open({ role: "server", protocol: "h2", info: far.info }) },
);
const client = connect(near, { trace: telemetry.open({ role: "client", protocol: "h2" }) });
await api.trace.getTracer("program").startActiveSpan("outside", async (span) => {
  await (await client.fetch("https://example.org/path", { headers: propagationFields(api) })).text();
  span.end();
});
await client.shutdown();
await server.closed;
