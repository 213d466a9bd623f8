/** One handler with native objects, for Deno's server and for ours. */
import { BODIES } from "./bodies.ts";

const INIT = { headers: { "content-type": "text/plain" } };
const K1 = "x".repeat(1024);

/** Answers as every server of the comparison does. */
export function handle(request: Request): Response | Promise<Response> {
  if (request.method === "POST") return handlePost(request);
  const { url } = request;
  if (url.endsWith("/k1")) return new Response(K1, INIT);
  if (url.endsWith("/m1")) return new Response(BODIES.get("/m1"), INIT);
  if (url.endsWith("/m64")) return new Response(BODIES.get("/m64"), INIT);
  if (url.endsWith("/wait")) return waitForever();
  return new Response("Hello world\n", INIT);
}

/** Who waits for an answer, as a program would know them that has one to give some day. */
const waiting: ((response: Response) => void)[] = [];

function waitForever(): Promise<Response> {
  return new Promise((resolve) => waiting.push(resolve));
}

async function handlePost(request: Request): Promise<Response> {
  if (request.url.endsWith("/json")) {
    let size = 0;
    for (const [name, value] of request.headers) size += name.length + value.length;
    return Response.json({ size, body: await request.json() });
  }
  if (request.url.endsWith("/wait")) return waitForever();
  if (request.url.endsWith("/echo")) return new Response(request.body);
  let bytes = 0;
  for await (const chunk of request.body!) bytes += chunk.length;
  return new Response(String(bytes));
}
