/** Server-Sent Events: a handler that sends one event a tick until the client leaves. */
import type { ExchangeHandler } from "@tandem/http/h2";

/** Sends `count` events, or as many as the client waits for. */
export function events(count: number, everyMs: number): ExchangeHandler {
  return {
    async exchange(exchange) {
      const { signal } = exchange;
      async function* body(): AsyncGenerator<Uint8Array> {
        const encoder = new TextEncoder();
        for (let id = 1; id <= count && !signal.aborted; id++) {
          yield encoder.encode(`id: ${id}\ndata: tick ${id}\n\n`);
          await sleep(everyMs, signal);
        }
      }
      await exchange.reply(200, { "content-type": "text/event-stream", "cache-control": "no-store" }, body());
    },
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
