/**
 * A server at the level of the engine: no promise, stream or object for an exchange. Shows what the protocol
 * alone costs, and how little it takes to drive an engine by hand.
 */
import { H2Connection } from "../../../h2/mod.ts";
import { type EngineEvent, Fields, type HttpEngine, type ResponseHead } from "../../../semantics/mod.ts";
import type { ByteTransport } from "../../../transport/mod.ts";
import { BODIES, bodyFor } from "./bodies.ts";

const HEADS = new Map<Uint8Array, ResponseHead>();
for (const body of BODIES.values()) {
  const fields = Fields.from({ "content-type": "text/plain", "content-length": String(body.length) });
  HEADS.set(body, { status: 200, fields });
}

/** Serves one connection until it ends. */
export async function serveEngine(transport: ByteTransport): Promise<void> {
  const engine = new H2Connection({
    role: "server",
    now: performance.now(),
    limits: { maxConcurrentStreams: 1000 },
  });
  const uploads = new Map<number, number>();
  const buffer = new Uint8Array(65_536);
  let writing = false;
  const flush = (): void => {
    if (writing || !engine.hasOutput) return;
    const pieces = transport.writev === undefined
      ? [engine.output()]
      : engine.outputPieces(transport.minPieceBytes);
    const output = pieces.length === 1 ? pieces[0]! : pieces;
    dispatch(engine, uploads);
    if (output.length === 0) return;
    writing = true;
    const written = output instanceof Uint8Array ? transport.write!(output) : transport.writev!(output);
    written.then(() => {
      writing = false;
      engine.recycle(output);
      dispatch(engine, uploads);
      flush();
    }, () => transport.close());
  };
  const timer = setInterval(() => {
    engine.tick(performance.now());
    flush();
  }, 500);
  try {
    for (;;) {
      const read = await transport.read!(buffer);
      if (read === null) break;
      engine.receive(buffer.subarray(0, read), performance.now());
      dispatch(engine, uploads);
      flush();
      if (engine.isClosed) break;
    }
  } catch {
    // The client is gone.
  }
  clearInterval(timer);
  transport.close();
}

function dispatch(engine: HttpEngine, uploads: Map<number, number>): void {
  for (;;) {
    const events = engine.take();
    if (events.length === 0) return;
    for (let i = 0; i < events.length; i++) answer(engine, uploads, events[i]!);
  }
}

function answer(engine: HttpEngine, uploads: Map<number, number>, event: EngineEvent): void {
  if (event.type === "request") {
    if (!event.end) {
      uploads.set(event.id, 0);
      return;
    }
    const body = bodyFor(event.head.path);
    engine.sendResponse(event.id, HEADS.get(body)!, false);
    engine.sendBody(event.id, body, true);
  } else if (event.type === "body") {
    const bytes = (uploads.get(event.id) ?? 0) + event.length;
    if (!event.end) {
      uploads.set(event.id, bytes);
      engine.consume(event.id, event.length);
      return;
    }
    uploads.delete(event.id);
    const body = new TextEncoder().encode(String(bytes));
    engine.sendResponse(event.id, { status: 200, fields: new Fields() }, false);
    engine.sendBody(event.id, body, true);
  } else if (event.type === "aborted") {
    uploads.delete(event.id);
  }
}
