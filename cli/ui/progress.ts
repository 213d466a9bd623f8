import type { Io } from "../io.ts";
import { formatBytes } from "./units.ts";

/** A progress bar on stderr. */
export interface Progress {
  /** Says how many bytes are there. */
  update(bytes: number): void;
  /** Takes the bar off the screen. */
  stop(): void;
}

const NONE: Progress = { update(): void {}, stop(): void {} };

/** Bodies below this size get no bar, in bytes. */
const LEAST_BYTES = 1024 * 1024;

/**
 * Shows how a large body comes along: on a terminal only, and only once it is known or seen to be large.
 * The package behind it is loaded then and not before.
 */
export function openProgress(io: Io, totalBytes: number | undefined): Progress {
  if (!io.errIsTerminal || (totalBytes !== undefined && totalBytes < LEAST_BYTES)) return NONE;
  const started = performance.now();
  let bar: { update(value: number, payload: object): void; stop(): void } | undefined;
  let isLoading = false;
  let isStopped = false;
  let seen = 0;

  function payload(bytes: number): object {
    const rate = bytes / Math.max(0.001, (performance.now() - started) / 1000);
    return {
      done: formatBytes(bytes),
      all: totalBytes === undefined ? "?" : formatBytes(totalBytes),
      rate: formatBytes(Math.round(rate)),
    };
  }

  async function load(): Promise<void> {
    isLoading = true;
    const { default: progress } = await import("cli-progress");
    if (isStopped) return;
    const draw = io.errStyle.ascii ? ["#", "."] as const : ["█", "░"] as const;
    const shape = totalBytes === undefined ? "" : "{bar} {percentage} %  ";
    const single = new progress.SingleBar({
      format: `${shape}{done} of {all}  {rate}/s`,
      barCompleteChar: draw[0],
      barIncompleteChar: draw[1],
      barsize: 30,
      fps: 8,
      clearOnComplete: true,
      hideCursor: true,
    });
    single.start(totalBytes ?? Number.MAX_SAFE_INTEGER, seen, payload(seen));
    bar = single;
  }

  return {
    update(bytes): void {
      seen = bytes;
      if (bar !== undefined) bar.update(bytes, payload(bytes));
      else if (!isLoading && bytes >= LEAST_BYTES) load().catch(() => {});
    },
    stop(): void {
      isStopped = true;
      bar?.stop();
    },
  };
}
