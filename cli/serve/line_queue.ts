/** Lines that wait to be written, so that a slow reader of stdout never holds the server back. */
export interface LineQueue {
  /** Queues a line; drops it when too many wait. */
  push(line: string): void;
  /** Resolves when all that waits is written. */
  flush(): Promise<void>;
}

const MAX_WAITING = 10_000;

/** Opens a queue in front of `write`. Once `write` fails, lines are dropped without a word. */
export function openLineQueue(write: (bytes: Uint8Array) => Promise<void>): LineQueue {
  const encoder = new TextEncoder();
  let waiting: string[] = [];
  let dropped = 0;
  let isBroken = false;
  let writing: Promise<void> | undefined;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      let text = waiting.join("\n") + "\n";
      waiting = [];
      if (dropped > 0) text += `(${dropped} lines dropped)\n`;
      dropped = 0;
      try {
        await write(encoder.encode(text));
      } catch {
        isBroken = true;
        waiting = [];
      }
    }
    writing = undefined;
  }

  return {
    push(line): void {
      if (isBroken) return;
      if (waiting.length >= MAX_WAITING) {
        dropped++;
        return;
      }
      waiting.push(line);
      writing ??= Promise.resolve().then(drain);
    },
    async flush(): Promise<void> {
      await writing;
    },
  };
}
