const CODINGS = ["gzip", "deflate", "br"] as const;
const FORMATS: Readonly<Record<string, string>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "brotli",
};

function isSupported(coding: string): boolean {
  try {
    new DecompressionStream(FORMATS[coding] as CompressionFormat);
    return true;
  } catch {
    return false;
  }
}

let accepted: string | undefined;

/** What `accept-encoding` says: the codings that this platform can undo (RFC 9110 section 12.5.3). */
export function acceptedCodings(): string {
  return accepted ??= CODINGS.filter(isSupported).join(",");
}

/** The codings of a body in the order in which they are undone; `undefined` when one of them cannot be. */
export function codingsOf(contentEncoding: string | null): readonly string[] | undefined {
  if (contentEncoding === null) return undefined;
  const codings = contentEncoding.split(",").map((one) => one.trim().toLowerCase())
    .filter((one) => one !== "" && one !== "identity");
  if (codings.length === 0 || codings.length > CODINGS.length) return undefined;
  const known = acceptedCodings().split(",");
  const isKnown = (one: string): boolean => known.includes(one === "x-gzip" ? "gzip" : one);
  return codings.every(isKnown) ? codings.reverse() : undefined;
}

/** Undoes content codings (RFC 9110 section 8.4). An empty body is an empty body whatever its coding. */
export function decodeBody(
  body: ReadableStream<Uint8Array>,
  codings: readonly string[],
): ReadableStream<Uint8Array> {
  return codings.reduce(decodeOne, body);
}

function decodeOne(body: ReadableStream<Uint8Array>, coding: string): ReadableStream<Uint8Array> {
  const source = body.getReader();
  let decoded: ReadableStreamDefaultReader<Uint8Array> | undefined;

  async function open(): Promise<ReadableStreamDefaultReader<Uint8Array> | undefined> {
    const first = await source.read();
    if (first.done) return undefined;
    let isFirst = true;
    const whole = new ReadableStream<BufferSource>({
      async pull(controller): Promise<void> {
        const { done, value } = isFirst ? first : await source.read();
        isFirst = false;
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      },
      cancel: (reason) => source.cancel(reason),
    }, { highWaterMark: 0 });
    return whole.pipeThrough(new DecompressionStream(formatOf(coding, first.value[0]!))).getReader();
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      decoded ??= await open();
      const { done, value } = await decoded?.read() ?? { done: true, value: undefined };
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => decoded === undefined ? source.cancel(reason) : decoded.cancel(reason),
  }, { highWaterMark: 0 });
}

/** `deflate` is the zlib format, but there are servers that send it bare. */
function formatOf(coding: string, first: number): CompressionFormat {
  if (coding === "deflate" && (first & 0x0f) !== 8) return "deflate-raw";
  return FORMATS[coding] as CompressionFormat;
}
