/** One worker of `workers_server.ts`. */
import { serve } from "../../../h2/mod.ts";
import { listenTcp } from "../../../transport/deno.ts";
import { direct } from "./direct_handler.ts";
import { handle } from "./native_handler.ts";

// The globals of a worker, which the types of the main thread do not have.
const scope = self as unknown as {
  onmessage: ((event: MessageEvent<{ port: number; mode: string }>) => void) | null;
  postMessage(message: string): void;
};

scope.onmessage = async ({ data: { port, mode } }) => {
  const listener = listenTcp({ hostname: "127.0.0.1", port, reusePort: true });
  scope.postMessage("ready");
  for await (const transport of listener) {
    serve(transport, mode === "native" ? handle : direct, { limits: { maxConcurrentStreams: 1000 } });
  }
};
