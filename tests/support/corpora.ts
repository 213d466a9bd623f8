/** The third-party vectors beside the repository, and tests that need them. */

const folder = new URL("../../../shared/corpora/", import.meta.url);

function isThere(): boolean {
  try {
    return Deno.statSync(new URL("README.md", folder)).isFile;
  } catch {
    return false;
  }
}

/** Whether the vectors are there. */
export const corpora: { readonly available: boolean } = { available: isThere() };

/** Reads a file of the vectors as bytes, without gzip if its name ends in `.gz`. */
export async function readCorpusBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await Deno.readFile(new URL(path, folder));
  if (!path.endsWith(".gz")) return bytes;
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unzipped).arrayBuffer());
}

/** Reads a file of the vectors, such as `hpack/nghttp2.json.gz`, as JSON. */
export async function readCorpus<T = unknown>(path: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await readCorpusBytes(path))) as T;
}

/** Registers a test that needs the vectors; without them it is ignored and says why. */
export function corpusTest(name: string, test: () => void | Promise<void>): void {
  if (corpora.available) Deno.test(name, test);
  else Deno.test.ignore(`${name} (the corpora are not at ../shared/corpora)`, test);
}

/** The bytes of a hexadecimal string. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex);
}
