/** The server that the cases of `fetch_cases.ts` run against. */

/** Encodes a text with a content coding. */
async function encoded(text: string, format: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream(format as CompressionFormat));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function slowBody(pieces: number, ms: number): ReadableStream<Uint8Array> {
  let left = pieces;
  return new ReadableStream({
    async pull(to) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      to.enqueue(new TextEncoder().encode("piece "));
      if (--left === 0) to.close();
    },
  });
}

const FORMATS: Readonly<Record<string, string>> = { gzip: "gzip", br: "brotli" };

/** Answers by path: see the cases. */
export async function fetchSite(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const query = url.searchParams;
  const [, name, value = ""] = url.pathname.split("/");
  switch (name) {
    case "status": {
      const status = Number(value);
      const isEmpty = [204, 205, 304].includes(status);
      return new Response(isEmpty ? null : `status ${status}`, { status });
    }
    case "echo":
      return Response.json({
        method: request.method,
        path: url.pathname + url.search,
        fields: [...request.headers].filter(([field]) => !HOP_FIELDS.has(field)),
        body: await request.text(),
      });
    case "length":
      return new Response(String((await request.arrayBuffer()).byteLength));
    case "to":
      return new Response("moved", {
        status: Number(value),
        headers: { location: query.get("to") ?? "/echo" },
      });
    case "no-location":
      return new Response("moved, but where", { status: 302 });
    case "loop": {
      const left = Number(value);
      return left === 0
        ? new Response("end of the loop")
        : new Response(null, { status: 302, headers: { location: `/loop/${left - 1}` } });
    }
    case "coded": {
      const codings = value.split(",");
      let body: BodyInit = "decoded text";
      if (codings.length === 1) body = await encoded("decoded text", FORMATS[value]!);
      return new Response(body, { headers: { "content-encoding": value, "content-type": "text/plain" } });
    }
    case "coded-empty":
      return new Response(null, { headers: { "content-encoding": "gzip" } });
    case "coded-badly":
      return new Response("this is not gzip", { headers: { "content-encoding": "gzip" } });
    case "coded-unknown":
      return new Response("as it is", { headers: { "content-encoding": "rot13" } });
    case "bytes":
      return new Response(new Uint8Array(Number(value)).fill(7));
    case "fields": {
      const headers = new Headers({ "x-one": "1", "x-empty": "" });
      headers.append("x-two", "a");
      headers.append("x-two", "b");
      headers.append("set-cookie", "a=1");
      headers.append("set-cookie", "b=2; Path=/");
      return new Response("fields", { headers });
    }
    case "slow":
      return new Response(slowBody(50, 20));
    case "never":
      return await new Promise(() => {});
    case "broken":
      return new Response(
        new ReadableStream({
          start(to) {
            to.enqueue(new TextEncoder().encode("half"));
            setTimeout(() => to.error(new Error("broken")), 10);
          },
        }),
      );
    default:
      return new Response("not here", { status: 404 });
  }
}

/** What the two clients send of themselves; the one case about it looks at it. */
const HOP_FIELDS = new Set(["user-agent", "accept-encoding", "alt-used"]);
