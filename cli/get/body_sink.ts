import { CliError, EXIT } from "../errors.ts";
import type { Io } from "../io.ts";

/** Where the body of a response goes. */
export interface BodySink {
  /** Takes a chunk; resolves when the next may come. */
  write(chunk: Uint8Array): Promise<void>;
  /** Says that the body is whole; gives what was kept of it, if that was asked for. */
  finish(): Uint8Array | undefined;
  /** Lets go of what is open. */
  close(): void;
}

/** Bodies larger than this are not put into JSON, in bytes. */
export const MAX_JSON_BODY_BYTES = 8 * 1024 * 1024;

function stdoutSink(io: Io): BodySink {
  let isFirst = true;
  return {
    async write(chunk): Promise<void> {
      if (isFirst && io.outIsTerminal && chunk.includes(0)) {
        throw new CliError("the body is binary and stdout is a terminal", {
          code: "binary",
          exit: EXIT.USAGE,
          hints: ["--out FILE saves it; a pipe takes it as it is"],
        });
      }
      isFirst = false;
      await io.write(chunk);
    },
    finish: () => undefined,
    close(): void {},
  };
}

async function fileSink(path: string): Promise<BodySink> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw new CliError(`cannot write ${path}: ${error instanceof Error ? error.message : error}`, {
      code: "file",
      exit: error instanceof Deno.errors.NotCapable ? EXIT.PERMISSION : EXIT.USAGE,
      hints: ["check that the directory is there and may be written"],
      cause: error,
    });
  }
  return {
    async write(chunk): Promise<void> {
      for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    },
    finish: () => undefined,
    close: () => file.close(),
  };
}

function memorySink(): BodySink {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  return {
    write(chunk): Promise<void> {
      bytes += chunk.length;
      if (bytes <= MAX_JSON_BODY_BYTES) chunks.push(chunk.slice());
      else chunks.length = 0;
      return Promise.resolve();
    },
    finish(): Uint8Array | undefined {
      if (bytes > MAX_JSON_BODY_BYTES) return undefined;
      const whole = new Uint8Array(bytes);
      let at = 0;
      for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      return whole;
    },
    close(): void {},
  };
}

/** Opens where the body goes: `--out`, else the JSON document, else stdout. */
export async function openBodySink(
  io: Io,
  choice: { readonly out: string | undefined; readonly json: boolean },
): Promise<BodySink> {
  if (choice.out !== undefined) return await fileSink(choice.out);
  return choice.json ? memorySink() : stdoutSink(io);
}
