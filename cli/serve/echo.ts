import type { ExchangeHandler, ServerExchange } from "../../h2/mod.ts";

const HELLO = new TextEncoder().encode("Hello world\n");
const TEXT = { "content-type": "text/plain; charset=utf-8" } as const;
const BYTES = { "content-type": "application/octet-stream" } as const;
const MAX_BYTES = 1024 ** 4;
const MAX_DELAY_MS = 60_000;
const CHUNK = new Uint8Array(64 * 1024).map((_, at) => at & 0xff);

/** A body of `count` bytes (0, 1, …, 255, 0, …) that is never in memory as a whole. */
export function patternBytes(count: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream<Uint8Array>({
    pull(controller): void {
      const size = Math.min(left, CHUNK.length);
      if (size > 0) controller.enqueue(CHUNK.subarray(0, size));
      left -= size;
      if (left === 0) controller.close();
    },
  }, { highWaterMark: 0 });
}

function fail(exchange: ServerExchange, status: number, text: string): Promise<void> {
  return exchange.reply(status, TEXT, text + "\n");
}

/** The number at the end of a path such as `/bytes/12`, if it is whole and within bounds. */
function numberAfter(path: string, prefix: string, most: number): number | undefined {
  const text = path.slice(prefix.length);
  if (!/^\d{1,13}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= most ? value : undefined;
}

function echoBody(exchange: ServerExchange): Promise<void> {
  const type = exchange.fields.get("content-type") ?? "application/octet-stream";
  const length = exchange.fields.get("content-length");
  const fields: Record<string, string> = { "content-type": type };
  if (length !== undefined) fields["content-length"] = length;
  return exchange.reply(200, fields, exchange.body);
}

function sendBytes(exchange: ServerExchange, path: string): Promise<void> {
  const count = numberAfter(path, "/bytes/", MAX_BYTES);
  if (count === undefined) return fail(exchange, 400, `/bytes/N takes 0 to ${MAX_BYTES}`);
  const fields = { ...BYTES, "content-length": String(count) };
  if (exchange.method === "HEAD" || count === 0) return exchange.reply(200, fields, null);
  return exchange.reply(200, fields, patternBytes(count));
}

function sendStatus(exchange: ServerExchange, path: string): Promise<void> {
  const status = numberAfter(path, "/status/", 599);
  if (status === undefined || status < 200) return fail(exchange, 400, "/status/N takes 200 to 599");
  const hasBody = status !== 204 && status !== 205 && status !== 304 && exchange.method !== "HEAD";
  return exchange.reply(status, hasBody ? TEXT : {}, hasBody ? `${status}\n` : null);
}

async function sendLater(exchange: ServerExchange, path: string): Promise<void> {
  const ms = numberAfter(path, "/delay/", MAX_DELAY_MS);
  if (ms === undefined) return await fail(exchange, 400, `/delay/MS takes 0 to ${MAX_DELAY_MS}`);
  const { signal } = exchange;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
  if (!signal.aborted) await exchange.reply(200, TEXT, `${ms}\n`);
}

function sendFields(exchange: ServerExchange): Promise<void> {
  const report = {
    protocol: exchange.protocol,
    method: exchange.method,
    scheme: exchange.scheme,
    authority: exchange.authority,
    path: exchange.path,
    fields: [...exchange.fields],
  };
  return exchange.reply(200, { "content-type": "application/json" }, JSON.stringify(report) + "\n");
}

function sendTrailers(exchange: ServerExchange): Promise<void> {
  exchange.setTrailers({ "x-trailer": "after the body", "x-body-bytes": String(HELLO.length) });
  return exchange.reply(200, { ...TEXT, trailer: "x-trailer, x-body-bytes" }, HELLO);
}

function sendEarly(exchange: ServerExchange): Promise<void> {
  exchange.sendInterim(103, { link: "</style.css>; rel=preload; as=style" });
  return exchange.reply(200, TEXT, HELLO);
}

function answer(exchange: ServerExchange): Promise<void> {
  if (exchange.method === "CONNECT") return fail(exchange, 501, "No tunnels here");
  if (exchange.method === "POST" || exchange.method === "PUT") return echoBody(exchange);
  const queryAt = exchange.path.indexOf("?");
  const path = queryAt === -1 ? exchange.path : exchange.path.slice(0, queryAt);
  if (path === "/") {
    return exchange.reply(200, { ...TEXT, "content-length": String(HELLO.length) }, HELLO);
  }
  if (path.startsWith("/bytes/")) return sendBytes(exchange, path);
  if (path.startsWith("/status/")) return sendStatus(exchange, path);
  if (path.startsWith("/delay/")) return sendLater(exchange, path);
  if (path === "/headers") return sendFields(exchange);
  if (path === "/trailers") return sendTrailers(exchange);
  if (path === "/early") return sendEarly(exchange);
  return fail(exchange, 404, "Not found");
}

/** The handler of `serve --echo`: answers for tests of clients. */
export const echoHandler: ExchangeHandler = {
  exchange(exchange: ServerExchange): Promise<void> {
    return answer(exchange);
  },
};
