import type { ByteTransport } from "../transport/mod.ts";

/** What the first bytes of a connection without ALPN say. */
export interface Sniffed {
  /** Whether they begin the preface of HTTP/2 (RFC 9113 section 3.4). */
  readonly isHttp2: boolean;
  /** The transport, with the bytes still to be read. */
  readonly transport: ByteTransport;
}

const PREFACE = "PRI * HTTP/2.0";

/** Looks at as many bytes of a connection as it takes to tell HTTP/2 from HTTP/1.1. */
export async function sniffHttp2(transport: ByteTransport): Promise<Sniffed> {
  const reader = transport.readable.getReader();
  const seen: Uint8Array[] = [];
  let text = "";
  while (text.length < PREFACE.length && PREFACE.startsWith(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    seen.push(value);
    text += String.fromCharCode(...value.subarray(0, PREFACE.length));
  }
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const kept = seen.shift();
      if (kept !== undefined) return controller.enqueue(kept);
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return {
    isHttp2: text.startsWith(PREFACE),
    transport: {
      info: transport.info,
      readable,
      get writable() {
        return transport.writable;
      },
      close: () => transport.close(),
    },
  };
}
