/** What the servers of a comparison answer with. */

/** The smallest answer. */
export const HELLO: Uint8Array<ArrayBuffer> = new TextEncoder().encode("Hello world\n");

/** Every body by its path. */
export const BODIES: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map([
  ["/hello", HELLO],
  ["/k1", new Uint8Array(1024).fill(120)],
  ["/m1", new Uint8Array(1_048_576).fill(120)],
  ["/m64", new Uint8Array(64 * 1_048_576).fill(120)],
]);
