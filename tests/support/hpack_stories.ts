import { readCorpus } from "./corpora.ts";

/** The encoders whose output the corpora hold. */
export const ENCODERS = [
  "go-hpack",
  "haskell-http2-linear-huffman",
  "haskell-http2-naive-huffman",
  "haskell-http2-naive",
  "haskell-http2-static-huffman",
  "haskell-http2-static",
  "nghttp2-16384-4096",
  "nghttp2",
  "node-http2-hpack",
  "python-hpack",
  "swift-nio-hpack-plain-text",
] as const;

/** The blocks of one decoding context. */
export interface Story {
  readonly cases: readonly {
    readonly wire?: string;
    readonly headers: readonly Readonly<Record<string, string>>[];
    readonly header_table_size?: number | null;
  }[];
}

/** One block of a story: its octets in hex, its list, and the table size set before it. */
export interface StoryCase {
  readonly wire: string | undefined;
  readonly flat: string[];
  readonly tableBytes: number | undefined;
}

/** The stories of one encoder, or of `raw-data`, which has lists only. */
export async function readStories(encoder: string): Promise<Story[]> {
  const file = await readCorpus<{ stories: Record<string, Story> }>(`hpack/${encoder}.json.gz`);
  return Object.values(file.stories);
}

/** The cases of a story. */
export function casesOf(story: Story): StoryCase[] {
  return story.cases.map((entry) => ({
    wire: entry.wire,
    flat: entry.headers.flatMap((header) => Object.entries(header)[0]!),
    tableBytes: entry.header_table_size ?? undefined,
  }));
}
