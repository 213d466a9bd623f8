// The loop that every client of a comparison runs in: a line `COUNT CONCURRENCY PATH` on the input is one round,
// answered by `BYTES MILLISECONDS` or `failed: WHY`.
import process from "node:process";
import readline from "node:readline";

/** Runs rounds; `get(path)` fetches one response, takes its body and gives the number of its bytes. */
export function serveRounds(get) {
  answerRounds((count, concurrency, path) => round(get, count, concurrency, path));
}

/** Runs rounds; `run(count, concurrency, path)` makes a whole one and gives the number of bytes of its bodies. */
export function answerRounds(run) {
  console.log("ready");
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const [count, concurrency, path] = line.split(" ");
    try {
      const start = performance.now();
      const bytes = await run(Number(count), Number(concurrency), path);
      console.log(`${bytes} ${performance.now() - start}`);
    } catch (error) {
      console.log(`failed: ${String(error).replaceAll("\n", " ")}`);
    }
  });
}

/** Counts the bytes of a large body as they come; nobody collects those. */
export async function count(body) {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  return bytes;
}

/** Counts the bytes of a large body of ours where they arrive. */
export async function countShown(response) {
  let bytes = 0;
  await response.forEachChunk((chunk) => void (bytes += chunk.length));
  return bytes;
}

/** Whether a path has a large body. */
export function isLarge(path) {
  return path.startsWith("/m");
}

async function round(get, count, concurrency, path) {
  let left = count;
  let bytes = 0;
  async function work() {
    while (left-- > 0) {
      const size = await get(path);
      bytes += size;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work));
  return bytes;
}
