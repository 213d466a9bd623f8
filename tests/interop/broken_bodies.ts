/** How much of a broken body is sent, in bytes. */
const CUT_BYTES = 20_000;
/** What a broken body says that it will be, in bytes. */
export const DECLARED_BYTES = 50_000;

/** A body that fails after a part of it. */
export function brokenBody(): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      // Slow enough that what was sent has left before the end comes.
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (sent >= CUT_BYTES) return controller.error(new Error("the source failed"));
      controller.enqueue(new Uint8Array(5000).fill(120));
      sent += 5000;
    },
  });
}

/** Answers `/declared` and `/undeclared` with a body that breaks off, with and without content-length. */
export function breakingHandler(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/undeclared") return new Response(brokenBody());
  if (pathname === "/declared") {
    return new Response(brokenBody(), { headers: { "content-length": `${DECLARED_BYTES}` } });
  }
  return new Response(null, { status: 404 });
}
