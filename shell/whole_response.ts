/**
 * Native responses whose body is all there.
 *
 * A `Response` has no public way to say whether it was made from a text, from bytes or from a
 * stream, and to read each as a stream is half of what a short response costs. Deno keeps the
 * source (the word of the Fetch standard) in properties of the object, where its own server
 * finds it. Which ones is looked up by trying: a property counts that has the text and a copy
 * of the bytes, and nothing of a stream. Where none is found every body is read as a stream.
 */

type Source = string | Uint8Array;

/** Where responses keep their source: those that were made without an init, and all others. */
const KEYS: readonly symbol[] = findKeys();

function findKeys(): symbol[] {
  const text = "a text";
  const found: symbol[] = [];
  for (const init of [undefined, { status: 404, headers: { "x-a": "b" } }]) {
    const bytes = Uint8Array.of(1);
    const ofText = new Response(text, init);
    const ofBytes = new Response(bytes, init);
    bytes[0] = 2; // what the caller does with its array later is not sent
    const ofStream = new Response(new Blob([bytes]).stream(), init);
    const key = Object.getOwnPropertySymbols(ofText).find((key) =>
      sourceAt(ofText, key) === text && isOne(sourceAt(ofBytes, key)) &&
      sourceAt(ofStream, key) === undefined
    );
    if (key !== undefined && !found.includes(key)) found.push(key);
  }
  return found;
}

function isOne(source: Source | undefined): boolean {
  return source instanceof Uint8Array && source.length === 1 && source[0] === 1;
}

/** A text or bytes under a key, or in the body of what is there. */
function sourceAt(response: Response, key: symbol): Source | undefined {
  const kept = (response as unknown as Record<symbol, unknown>)[key];
  if (isSource(kept)) return kept;
  const source = (kept as Kept | null | undefined)?.body?.source;
  return isSource(source) ? source : undefined;
}

/** A response as the Fetch standard describes it. */
interface Kept {
  readonly body?: { readonly source?: unknown } | null;
}

function isSource(value: unknown): value is Source {
  return typeof value === "string" || value instanceof Uint8Array;
}

/**
 * The body of a response, where it is known to be all there; otherwise `undefined`. The bytes
 * are nobody else's. Throws `TypeError` when the body was used; does not mark it so, which
 * would cost as much as all the rest of sending it.
 */
export function wholeOf(response: Response): Source | undefined {
  for (let i = 0; i < KEYS.length; i++) {
    const source = sourceAt(response, KEYS[i]!);
    if (source === undefined) continue;
    if (response.bodyUsed) throw new TypeError("Cannot send the response: its body was used already");
    return source;
  }
  return undefined;
}
