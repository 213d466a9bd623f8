import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import type { ByteTransport } from "./mod.ts";

/** A request that came over HTTP/1.1. */
export interface Http1Request {
  /** The method. */
  readonly method: string;
  /** The request target, mostly path and query. */
  readonly target: string;
  /** Name, value, name, value, …; as they came. */
  readonly flat: readonly string[];
  /** The body; ends at once when there is none. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Whether there is a body. */
  readonly hasBody: boolean;
  /** The trailer section once the body has ended: name, value, name, value, … */
  readonly trailers: readonly string[];
}

/** The answer to it. */
export interface Http1Reply {
  /** Sends an interim response, where Node can. */
  sendInterim(status: number, flat: readonly string[]): void;
  /** Sends the head. `isLast`: the connection ends after this response. */
  sendHead(status: number, flat: readonly string[], isLast: boolean): void;
  /** Sends bytes of the body; resolves when more is welcome. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the message. */
  end(trailers: readonly string[]): void;
  /** Cuts the connection, so that the response does not look whole. */
  cut(): void;
  /** Aborts when the client leaves before the response has ended. */
  readonly signal: AbortSignal;
}

/** HTTP/1.1 on one connection. */
export interface Http1Connection {
  /** Resolves when it is over. */
  readonly closed: Promise<void>;
  /** Ends it once what was written has left. */
  end(): void;
}

/** Runs Node's HTTP/1.1 on a transport. */
export function serveHttp1(
  transport: ByteTransport,
  handle: (request: Http1Request, reply: Http1Reply) => void,
): Http1Connection {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = Duplex.fromWeb(
    transport as unknown as Parameters<typeof Duplex.fromWeb>[0],
  );
  const server = createServer();
  server.on("request", (request, response) => handle(requestOf(request), replyOf(request, response)));
  socket.on("error", () => {}); // the client has gone; "close" follows
  socket.on("close", () => {
    transport.close();
    resolve();
  });
  server.emit("connection", socket);
  return { closed: promise, end: () => socket.end(() => socket.destroy()) };
}

function requestOf(request: IncomingMessage): Http1Request {
  const { headers } = request;
  return {
    method: request.method ?? "GET",
    target: request.url ?? "/",
    flat: request.rawHeaders,
    body: request,
    hasBody: headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0,
    get trailers(): readonly string[] {
      return request.rawTrailers;
    },
  };
}

function replyOf(request: IncomingMessage, response: ServerResponse): Http1Reply {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return {
    signal: gone.signal,
    sendInterim(status, flat) {
      const fields: Record<string, string[]> = {};
      for (let i = 0; i < flat.length; i += 2) (fields[flat[i]!] ??= []).push(flat[i + 1]!);
      if (status === 103) response.writeEarlyHints?.(fields as Record<string, string[]>);
      else if (status === 102) response.writeProcessing?.();
    },
    sendHead(status, flat, isLast) {
      const pairs = [...flat];
      if (isLast) pairs.push("connection", "close");
      response.writeHead(status, groupFields(pairs));
      response.flushHeaders();
    },
    write(bytes) {
      return new Promise((resolve, reject) => {
        if (gone.signal.aborted) return reject(gone.signal.reason);
        if (response.write(bytes)) return resolve();
        const done = (): void => {
          response.off("drain", done);
          response.off("close", done);
          resolve();
        };
        response.on("drain", done);
        response.on("close", done);
      });
    },
    end(trailers) {
      if (trailers.length > 0) {
        const pairs: [string, string][] = [];
        for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i]!, trailers[i + 1]!]);
        response.addTrailers(pairs as unknown as Parameters<ServerResponse["addTrailers"]>[0]);
      }
      response.end();
    },
    cut() {
      request.socket.destroy();
    },
  };
}

/** Fields by name, as `writeHead` takes them; those that occur more than once as a list. */
function groupFields(flat: readonly string[]): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const [name, value] = [flat[i]!, flat[i + 1]!];
    const present = fields[name];
    if (present === undefined) fields[name] = value;
    else if (typeof present === "string") fields[name] = [present, value];
    else present.push(value);
  }
  return fields;
}
