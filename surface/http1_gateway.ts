import { connect, type H2Client } from "../h2/mod.ts";
import type { Fields } from "../semantics/fields.ts";
import { memoryPair } from "../transport/memory.ts";
import type { Http1Reply, Http1Request } from "../transport/deno_http1.ts";
import type { ByteTransport, TransportInfo } from "../transport/mod.ts";
import { sniffHttp2 } from "./sniff_http2.ts";

/**
 * Makes a connection whose client may know HTTP/1.1 only into one that an HTTP/2 server can
 * serve: requests that Node's HTTP/1.1 takes from it go over HTTP/2 in memory. So handlers
 * have all that an exchange has: trailers, interim responses, the signal. `info.alpn` says
 * what is really spoken.
 *
 * @param isPlain whether there was no ALPN to tell, so that the first bytes have to
 */
export async function openHttp1(transport: ByteTransport, isPlain: boolean): Promise<ByteTransport> {
  const { serveHttp1 } = await import("../transport/deno_http1.ts");
  let client = transport;
  if (isPlain) {
    const sniffed = await sniffHttp2(transport);
    if (sniffed.isHttp2) return sniffed.transport;
    client = sniffed.transport;
  }
  const [near, far] = memoryPair({ alpn: "http/1.1" });
  const h2 = connect(near, { limits: { maxHeaderListBytes: 65_536 } });
  const scheme = transport.info.kind === "tls" ? "https" : "http";
  const http1 = serveHttp1(client, (request, reply) => {
    forward(h2, scheme, request, reply).catch(() => reply.cut());
  });
  http1.closed.then(() => h2.close());
  h2.closed.then(() => http1.end());
  return withInfo(far, { ...transport.info, alpn: "http/1.1" });
}

/** Fields that belong to the HTTP/1.1 connection, or are said in another way (RFC 9113 section 8.2.2). */
const DROPPED = new Set([
  "connection",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

function fieldsOf(flat: readonly string[]): { fields: [string, string][]; host: string } {
  const fields: [string, string][] = [];
  const named = new Set<string>();
  let host = "";
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!.toLowerCase();
    const value = flat[i + 1]!;
    if (name === "host") host = value;
    if (name === "connection") { for (const part of value.split(",")) named.add(part.trim().toLowerCase()); }
    if (name === "te" && /(?:^|,)\s*trailers\s*(?:,|$)/i.test(value)) fields.push(["te", "trailers"]);
    if (!DROPPED.has(name)) fields.push([name, value]);
  }
  return { fields: fields.filter(([name]) => name === "te" || !named.has(name)), host };
}

async function forward(
  h2: H2Client,
  scheme: string,
  request: Http1Request,
  reply: Http1Reply,
): Promise<void> {
  const { fields, host } = fieldsOf(request.flat);
  const target = URL.canParse(request.target) ? new URL(request.target) : undefined;
  const path = target === undefined ? request.target : target.pathname + target.search;
  let response;
  try {
    const trailers = (): [string, string][] => fieldsOf(request.trailers).fields;
    const exchange = h2.request({
      method: request.method,
      scheme,
      authority: target?.host ?? host,
      path,
      fields,
      signal: reply.signal,
      ...(request.hasBody ? { body: request.body, trailers } : {}),
      onInterim: (head) => reply.sendInterim(head.status, head.fields.flat),
    });
    response = await exchange.response;
  } catch {
    // No head was sent: 400 for what is no request here, 503 when the server is ending.
    reply.sendHead(h2.isClosed ? 503 : 400, ["content-length", "0"], true);
    reply.end([]);
    return;
  }
  reply.sendHead(response.status, response.fields.flat, h2.isClosed);
  if (response.body !== null) { for await (const chunk of response.body) await reply.write(chunk); }
  reply.end(flatOf(await response.trailers));
}

function flatOf(fields: Fields | undefined): readonly string[] {
  return fields?.flat ?? [];
}

/** The same transport under another name. */
export function withInfo(transport: ByteTransport, info: TransportInfo): ByteTransport {
  const { read, write, closeWrite } = transport;
  return {
    info,
    get readable() {
      return transport.readable;
    },
    get writable() {
      return transport.writable;
    },
    close: () => transport.close(),
    ...(read === undefined ? {} : { read: (buffer: Uint8Array) => read.call(transport, buffer) }),
    ...(write === undefined ? {} : { write: (bytes: Uint8Array) => write.call(transport, bytes) }),
    ...(closeWrite === undefined ? {} : { closeWrite: () => closeWrite.call(transport) }),
  };
}
