// Checked by tsc where the npm package is installed: the types of every entry point are there.
import * as h2 from "@tandem/http/h2";
import type { H3Client } from "@tandem/http/h3";
import { HpackDecoder } from "@tandem/http/hpack";
import { TraceCounters } from "@tandem/http/observe";
import { QpackDecoder } from "@tandem/http/qpack";
import { Fields } from "@tandem/http/semantics";
import type { ByteTransport } from "@tandem/http/transport";
import { memoryPair } from "@tandem/http/transport/memory";
import { connectTls } from "@tandem/http/transport/node";
import { byteTransportSuite } from "@tandem/http/transport/testing";

const transport: ByteTransport = await connectTls({
  hostname: "localhost",
  port: 443,
  alpn: ["h2"],
});
const client: h2.H2Client = h2.connect(transport, {
  trace: new TraceCounters().trace,
});
const response: Response = await client.fetch("https://localhost/");
export const types: [Response, H3Client?] = [response];
export const values: unknown[] = [
  HpackDecoder,
  QpackDecoder,
  Fields,
  memoryPair,
  byteTransportSuite,
];
// @ts-expect-error A wrong use is seen, so the types are not `any`.
export const wrong: number = client;
