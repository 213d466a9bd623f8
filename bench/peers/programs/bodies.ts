/** What the servers of a comparison answer with. */

/** The smallest answer. */
export const HELLO: Uint8Array<ArrayBuffer> = new TextEncoder().encode("Hello world\n");

const K1 = new Uint8Array(1024).fill(120);
const M1 = new Uint8Array(1_048_576).fill(120);
const M64 = new Uint8Array(64 * 1_048_576).fill(120);

/** Every body by its path. */
export const BODIES: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map([
  ["/hello", HELLO],
  ["/k1", K1],
  ["/m1", M1],
  ["/m64", M64],
]);

/** The body for a path: the smallest for what is not known, such as one with a query. */
export function bodyFor(path: string): Uint8Array<ArrayBuffer> {
  if (path === "/k1") return K1;
  if (path === "/m1") return M1;
  if (path === "/m64") return M64;
  return HELLO;
}
