/** Processes of a comparison: started on their own, and watched through /proc. */

/** A program that runs. */
export interface Running {
  readonly pid: number;
  /** Sends a line and waits for the line that answers it, a minute at most. */
  ask(line: string): Promise<string>;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** How a program is started. */
export interface StartOptions {
  /** Waits for this line; else for the port. */
  readonly ready?: string;
  /** The port that it will listen on. */
  readonly port?: number;
  /** The processor that it is bound to. */
  readonly cpu?: number | undefined;
  readonly env?: Record<string, string>;
}

/** Reads lines of a stream. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#rest += this.#decoder.decode(value, { stream: true });
    }
  }
}

/** Starts a program and waits until it is ready. Throws when it is not within ten seconds. */
export async function start(
  program: string,
  args: readonly string[],
  options: StartOptions,
): Promise<Running> {
  const pinned = options.cpu !== undefined;
  const child = new Deno.Command(pinned ? "taskset" : program, {
    args: pinned ? ["-c", String(options.cpu), program, ...args] : [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    ...(options.env === undefined ? {} : { env: options.env }),
  }).spawn();
  const lines = new Lines(child.stdout);
  const writer = child.stdin.getWriter();
  const running: Running = {
    pid: child.pid,
    async ask(line) {
      await writer.write(new TextEncoder().encode(`${line}\n`));
      const answer = await withDeadline(lines.next(), 60_000);
      if (answer === undefined) throw new Error(`${program} ended`);
      return answer;
    },
    async stop() {
      // Whoever has processes of its own may not take them along.
      for (const pid of [child.pid, ...childrenOf(child.pid)]) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch {
          // It has ended already.
        }
      }
      await child.status;
      await writer.close().catch(() => {});
    },
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  try {
    if (options.ready !== undefined) {
      let line: string | undefined;
      do line = await lines.next(); while (line !== undefined && line !== options.ready);
      if (line === undefined) throw new Error(`${program} ${args.join(" ")} did not start`);
    } else if (options.port !== undefined) {
      await untilListening(options.port);
    }
  } catch (error) {
    await running.stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return running;
}

async function withDeadline<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${ms / 1000} seconds`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function untilListening(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`nobody listens on port ${port}`);
}

/** A port that nobody listens on. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** The processor time of all threads of a process (and of its children), in microseconds. */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const process of [pid, ...childrenOf(pid)]) {
    for (const task of Deno.readDirSync(`/proc/${process}/task`)) {
      try {
        const text = Deno.readTextFileSync(`/proc/${process}/task/${task.name}/schedstat`);
        nanos += Number(text.split(" ")[0]);
      } catch {
        // The thread has ended.
      }
    }
  }
  return nanos / 1000;
}

function childrenOf(pid: number): number[] {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return []; // It has ended already.
  }
}

/** Resident memory now (`VmRSS`) or at its highest (`VmHWM`), in bytes, children included. */
export function memoryBytes(pid: number, which: "VmRSS" | "VmHWM"): number {
  let bytes = 0;
  for (const process of [pid, ...childrenOf(pid)]) {
    const text = Deno.readTextFileSync(`/proc/${process}/status`);
    bytes += Number(new RegExp(`${which}:\\s+(\\d+)`).exec(text)![1]) * 1024;
  }
  return bytes;
}

/** Where a program is, or `undefined`. */
export function findProgram(name: string): string | undefined {
  if (name.includes("/")) return exists(name) ? name : undefined;
  for (const folder of `${Deno.env.get("PATH")}:/usr/sbin`.split(":")) {
    if (exists(`${folder}/${name}`)) return `${folder}/${name}`;
  }
  return undefined;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
