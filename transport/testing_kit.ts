import { joinBytes } from "../wire/join_bytes.ts";

/** One case of a suite. */
export interface TransportCase {
  /** What the case shows, for the title of a test. */
  readonly name: string;
  /** Runs it; rejects with an `Error` that says what is wrong. */
  run(): Promise<void>;
}

/** How long anything in a suite may take, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Throws when `condition` does not hold. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws when two byte strings differ, and says where. */
export function checkBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  check(actual.length === expected.length, `${what}: ${actual.length} bytes instead of ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    check(actual[i] === expected[i], `${what}: byte ${i} is ${actual[i]} instead of ${expected[i]}`);
  }
}

/** Waits for `promise`, but not for ever. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const never = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what}: nothing happened within ${PATIENCE_MS} ms`)),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([promise, never]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits a while. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The reason with which `promise` rejects; throws when it does not. */
export async function failureOf(promise: Promise<unknown>, what: string): Promise<unknown> {
  try {
    await soon(promise, what);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(`${what}: nothing`)) throw error;
    return error;
  }
  throw new Error(`${what} did not fail`);
}

/** `length` bytes that repeat nowhere soon. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Reads until the end. */
export async function readAll(read: () => Promise<Uint8Array | null>, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = await soon(read(), what);
    if (part === null) break;
    parts.push(part);
  }
  return joinBytes(parts);
}

/** Reads until `length` bytes are there. */
export async function readExactly(
  read: () => Promise<Uint8Array | null>,
  length: number,
  what: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let seen = 0;
  while (seen < length) {
    const part = await soon(read(), what);
    check(part !== null, `${what}: the end came after ${seen} of ${length} bytes`);
    parts.push(part);
    seen += part.length;
  }
  check(seen === length, `${what}: ${seen} bytes came instead of ${length}`);
  return joinBytes(parts);
}
