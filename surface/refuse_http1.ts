import type { ByteTransport } from "../transport/mod.ts";

const TEXT = "This server speaks HTTP/2 and HTTP/3, not HTTP/1.1.\n";
const REFUSAL = new TextEncoder().encode(
  "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\n" +
    `content-length: ${TEXT.length}\r\nconnection: close\r\n\r\n${TEXT}`,
);
const LINGER_BYTES = 65_536;
const LINGER_MS = 1000;

/**
 * Tells a client that came without ALPN, and so most likely speaks HTTP/1.1, that it has come
 * to the wrong place (RFC 9110 section 15.6.6). A client with ALPN was refused by TLS.
 */
export async function refuseHttp1(transport: ByteTransport): Promise<void> {
  const timer = setTimeout(() => transport.close(), LINGER_MS);
  const writer = transport.writable.getWriter();
  const reader = transport.readable.getReader();
  try {
    await writer.write(REFUSAL);
    await writer.close();
    // Closing with unread bytes would reset the connection, and the text with it.
    for (let left = LINGER_BYTES; left > 0;) {
      const { done, value } = await reader.read();
      if (done) break;
      left -= value.length;
    }
  } catch {
    // The client has gone: there is nobody to tell.
  } finally {
    clearTimeout(timer);
    transport.close();
  }
}
