import type { ConnectionTracer } from "../observe/connection.ts";
import { CliError, EXIT } from "./errors.ts";

/** A log of frames in a file. */
export interface QlogFile extends Disposable {
  /** Makes the hook of one connection. */
  readonly open: ConnectionTracer;
}

/** What is logged. */
export interface QlogFileOptions {
  /** Which end this is. */
  readonly role: "client" | "server";
  /** The title of the log. */
  readonly title: string;
  /** Whether credentials are logged. @default {false} */
  readonly showSecrets?: boolean;
}

/** How much is kept before it is written, in characters. */
const CHUNK_CHARACTERS = 65_536;
/** How long it is kept at most, in milliseconds. */
const FLUSH_MS = 200;

/** Opens the file of `--qlog`; what was in it is gone. Throws a `CliError` when it cannot be written. */
export async function openQlogFile(path: string, options: QlogFileOptions): Promise<QlogFile> {
  const { qlogWriter } = await import("../observe/qlog.ts");
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw unwritable(path, error);
  }
  const encoder = new TextEncoder();
  let waiting = "";
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const bytes = encoder.encode(waiting);
    waiting = "";
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  }

  function flushLater(): void {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      try {
        flush();
      } catch {
        // The next record fails as well, and ends the log.
      }
    }, FLUSH_MS);
    Deno.unrefTimer(timer);
  }

  const writer = qlogWriter({
    ...options,
    write(record): void {
      waiting += record;
      if (waiting.length >= CHUNK_CHARACTERS) flush();
      else flushLater();
    },
  });
  try {
    flush(); // the header, so that a disk that is full is known before anything else happens
  } catch (error) {
    file.close();
    throw unwritable(path, error);
  }
  return {
    open: writer.open,
    [Symbol.dispose](): void {
      try {
        flush();
      } catch (error) {
        throw unwritable(path, error);
      } finally {
        file.close();
      }
    },
  };
}

function unwritable(path: string, error: unknown): CliError {
  const isDenied = error instanceof Deno.errors.NotCapable;
  const why = error instanceof Deno.errors.NotFound
    ? "there is no such directory"
    : error instanceof Deno.errors.IsADirectory
    ? "it is a directory"
    : error instanceof Deno.errors.PermissionDenied || isDenied
    ? "it may not be written"
    : error instanceof Error
    ? error.message
    : String(error);
  return new CliError(`cannot write the log ${path}: ${why}`, {
    code: "file",
    exit: isDenied ? EXIT.PERMISSION : EXIT.USAGE,
    hints: ["--qlog takes the name of a file, such as trace.sqlog"],
    cause: error,
  });
}
