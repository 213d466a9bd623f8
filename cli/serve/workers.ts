import { Deferred, ignore } from "../../shell/deferred.ts";
import type { HttpServer } from "../../surface/serve_options.ts";
import { CliError, EXIT } from "../errors.ts";
import { hostPort } from "../target.ts";
import type { AccessEntry } from "./access_log.ts";
import type { ServeSetup, ServeSink } from "./start_server.ts";

/** What a worker is asked; it gives one answer to each. */
export type Question =
  | { readonly type: "start"; readonly setup: ServeSetup }
  | { readonly type: "count" }
  | { readonly type: "shutdown"; readonly graceMs: number };

/** What a worker answers. */
export type Answer =
  | { readonly type: "started" }
  | { readonly type: "refused"; readonly why: string }
  | { readonly type: "counted"; readonly connections: number }
  | { readonly type: "ended" };

/** What a worker says unasked. */
export type Report =
  | { readonly type: "served"; readonly entries: readonly AccessEntry[] }
  | { readonly type: "failed"; readonly text: string };

/** One server in a worker of its own. */
class ServeWorker {
  readonly #worker: Worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #broken: Deferred<never> = new Deferred();
  #answered: (answer: Answer) => void = ignore;

  constructor(sink: ServeSink) {
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else it would end this thread as well
      this.#broken.reject(new Error(`a worker broke: ${event.message}`));
    };
    this.#worker.onmessage = ({ data }: MessageEvent<Answer | Report>) => {
      if (data.type === "served") { for (const entry of data.entries) sink.served(entry); }
      else if (data.type === "failed") sink.failed(data.text);
      else this.#answered(data);
    };
  }

  /** Rejects when the worker breaks; never resolves. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  /** Asks one question, and the next one after its answer. */
  ask(question: Question): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => this.#answered = resolve);
    this.#worker.postMessage(question);
    return Promise.race([answer, this.broken]);
  }

  end(): void {
    this.#worker.terminate();
  }
}

/** The servers beside the first one, each in a worker. */
export class Workers implements Disposable {
  readonly #workers: readonly ServeWorker[];
  /** Rejects when a worker breaks; never resolves. */
  readonly broken: Promise<never>;

  /** Makes as many workers as the setup asks for, less the one that is this thread. */
  constructor(setup: ServeSetup, sink: ServeSink) {
    this.#workers = Array.from({ length: setup.workers - 1 }, () => new ServeWorker(sink));
    this.broken = this.#workers.length === 0
      ? new Promise(ignore)
      : Promise.race(this.#workers.map(({ broken }) => broken));
    this.broken.catch(ignore);
  }

  /** Lets them serve on the port of the first server, which alone has HTTP/3. Throws a `CliError` when one cannot. */
  async start(setup: ServeSetup, first: HttpServer): Promise<void> {
    const { port } = first.addr;
    const shared: ServeSetup = { ...setup, port, http: 2, altSvc: first.altSvc };
    await Promise.all(this.#workers.map(async (worker, at) => {
      const answer = await worker.ask({ type: "start", setup: { ...shared, worker: at + 1 } });
      if (answer.type !== "refused") return;
      throw new CliError(`worker ${at + 2} cannot listen on ${hostPort(setup.hostname, port)} as well`, {
        code: "listen",
        exit: EXIT.UNREACHABLE,
        evidence: [answer.why],
        hints: ["several workers can share a port on Linux; --workers 1 does everywhere"],
      });
    }));
  }

  /** How many connections they have open. */
  async connections(): Promise<number> {
    const answers = await Promise.all(this.#workers.map((worker) => worker.ask({ type: "count" })));
    return answers.reduce((sum, answer) => answer.type === "counted" ? sum + answer.connections : sum, 0);
  }

  /** Lets open exchanges finish; all that was served has been told of when it resolves. */
  async shutdown(graceMs: number): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ask({ type: "shutdown", graceMs })));
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.end();
  }
}
