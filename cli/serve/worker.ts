/**
 * The thread of one of several servers of `tandem serve --workers`: does what it is asked by
 * `workers.ts`, and leaves all output to the thread that asks.
 *
 * @module
 */
import type { HttpServer } from "../../surface/serve_options.ts";
import type { AccessEntry } from "./access_log.ts";
import { openHandler } from "./open_handler.ts";
import { type ServeSetup, startServer } from "./start_server.ts";
import type { Answer, Question, Report } from "./workers.ts";

/** What a worker sees of itself. */
interface WorkerScope {
  postMessage(message: Answer | Report): void;
  onmessage: ((event: MessageEvent<Question>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;
let server: HttpServer | undefined;
let entries: AccessEntry[] = [];

/** One message a turn, however many exchanges ended in it. */
function served(entry: AccessEntry): void {
  if (entries.length === 0) queueMicrotask(tell);
  entries.push(entry);
}

function tell(): void {
  if (entries.length > 0) scope.postMessage({ type: "served", entries });
  entries = [];
}

async function start(setup: ServeSetup): Promise<Answer> {
  try {
    const handler = await openHandler(setup.directory);
    server = startServer(setup, handler, {
      served,
      failed: (text) => scope.postMessage({ type: "failed", text }),
    });
    return { type: "started" };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { type: "refused", why: cause instanceof Error ? cause.message : String(cause) };
  }
}

async function answer(question: Question): Promise<Answer> {
  if (question.type === "start") return await start(question.setup);
  if (question.type === "count") return { type: "counted", connections: server?.connections ?? 0 };
  await server?.shutdown({ graceMs: question.graceMs });
  tell();
  return { type: "ended" };
}

scope.onmessage = async ({ data }) => scope.postMessage(await answer(data));
