/**
 * Native responses whose body is all there.
 *
 * A `Response` has no public way to say whether it was made from a text, from bytes or from a
 * stream, and to read each as a stream is half of what a short response costs. Deno keeps the
 * source (the word of the Fetch standard) in properties of the object, where its own server
 * finds it. Which ones is looked up by trying. It is only a hint: what is sent comes from
 * `text()` and `bytes()`, and where no such property is found every body is read as a stream.
 */

type Source = string | Uint8Array;

/** Where responses keep their source: those that were made without an init, and all others. */
const KEYS: readonly symbol[] = findKeys();

function findKeys(): symbol[] {
  const text = "a text";
  const bytes = new Uint8Array(1);
  const found: symbol[] = [];
  for (const init of [undefined, { status: 404, headers: { "x-a": "b" } }]) {
    const ofText = new Response(text, init);
    const ofBytes = new Response(bytes, init);
    const ofStream = new Response(new Blob([bytes]).stream(), init);
    const key = Object.getOwnPropertySymbols(ofText).find((key) =>
      sourceAt(ofText, key) === text && sourceAt(ofBytes, key) instanceof Uint8Array &&
      sourceAt(ofStream, key) === undefined
    );
    if (key !== undefined && !found.includes(key)) found.push(key);
  }
  return found;
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
 * Takes the body of a response, where it is known to be all there; otherwise `undefined`, and
 * nothing has happened. The promise rejects with `TypeError` when the body is used or locked.
 */
export function takeWhole(response: Response): Promise<Source> | undefined {
  for (let i = 0; i < KEYS.length; i++) {
    const source = sourceAt(response, KEYS[i]!);
    if (source === undefined) continue;
    // `text()` leaves out a byte order mark.
    return typeof source === "string" && source.charCodeAt(0) !== 0xfeff ? response.text() : response.bytes();
  }
  return undefined;
}
