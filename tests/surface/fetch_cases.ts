/** One table for `client.fetch` and the global `fetch`: what is done, not what comes out. */

/** What a case is run with. */
export interface CaseContext {
  /** The fetch under test. */
  readonly fetch: (input: Request | string | URL, init?: RequestInit) => Promise<Response>;
  /** The origin of the server, such as `https://127.0.0.1:1234`. */
  readonly origin: string;
  /** Another origin of the same server. */
  readonly other: string;
}

/** One case. What it returns must be the same for both, unless `difference` says why not. */
export interface FetchCase {
  readonly name: string;
  readonly run: (context: CaseContext) => Promise<unknown>;
  /** How and why `client.fetch` differs. */
  readonly difference?: string;
}

/** What can be compared of a response. */
export async function facts(response: Response, { origin, other }: CaseContext): Promise<unknown> {
  const url = response.url.replace(origin, "").replace(other, "other");
  const headers = [...response.headers].filter(([name]) => name !== "date" && name !== "alt-svc");
  const { status, statusText, ok, redirected, type } = response;
  const hasBody = response.body !== null;
  let body: string;
  try {
    const text = await response.text();
    body = text.length > 1000
      ? `${text.length} characters`
      : text.replaceAll(origin, "").replaceAll(other, "other");
  } catch (error) {
    body = failure(error);
  }
  return { status, statusText, ok, redirected, type, url, headers, hasBody, body, used: response.bodyUsed };
}

/** What can be compared of a failure: its classes, not its words. */
export function failure(error: unknown): string {
  if (error instanceof DOMException) return `DOMException ${error.name}`;
  if (error instanceof TypeError) return "TypeError";
  if (error instanceof RangeError) return `RangeError ${error.message}`;
  return `other ${String(error)}`;
}

type Init = RequestInit | (() => RequestInit);

function get(name: string, path: string, init: Init = {}, difference?: string): FetchCase {
  return {
    name,
    run: async (context) => {
      const own = typeof init === "function" ? init() : init;
      return facts(await context.fetch(context.origin + path, own), context);
    },
    ...(difference === undefined ? {} : { difference }),
  };
}

function streamOf(text: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new Blob([text]).stream();
}

function form(): FormData {
  const data = new FormData();
  data.append("a", "1");
  data.append("file", new Blob(["content"], { type: "text/plain" }), "name.txt");
  return data;
}

const STATUSES = [
  200,
  201,
  202,
  204,
  205,
  206,
  300,
  304,
  400,
  401,
  403,
  404,
  410,
  418,
  422,
  429,
  451,
  500,
  502,
  503,
];
const REDIRECTS: readonly (readonly [status: number, method: string])[] = [
  [301, "GET"],
  [301, "POST"],
  [302, "POST"],
  [302, "PUT"],
  [303, "GET"],
  [303, "HEAD"],
  [303, "POST"],
  [303, "PUT"],
  [307, "GET"],
  [307, "POST"],
  [308, "POST"],
  [308, "DELETE"],
];

function redirect(status: number, method: string): FetchCase {
  const init = method === "GET" || method === "HEAD" || method === "DELETE"
    ? { method }
    : { method, body: "text", headers: { "content-language": "en", "x-kept": "yes" } };
  return get(`${status} after ${method}`, `/to/${status}`, init);
}

function bodyCase(name: string, body: () => BodyInit): FetchCase {
  return {
    name: `the body is ${name}`,
    run: async (context) => {
      const response = await context.fetch(`${context.origin}/echo`, { method: "POST", body: body() });
      const answer = await response.json();
      const text = JSON.stringify(answer).replaceAll(/-+[0-9a-zA-Z]{16,}/g, "boundary");
      // The boundary is drawn by lot, and so may be its length.
      return text.replace(/"content-length","(\d+)"/, name === "a form" ? '"content-length","n"' : "$&");
    },
  };
}

function aborted(
  name: string,
  path: string,
  when: (controller: AbortController) => void,
  reason?: unknown,
): FetchCase {
  return {
    name,
    run: async ({ fetch, origin }) => {
      const controller = new AbortController();
      const abort = controller.abort.bind(controller);
      controller.abort = (): void => abort(reason);
      when(controller);
      return await fetch(origin + path, { signal: controller.signal }).then(
        () => "answered",
        failure,
      );
    },
  };
}

function rejects(
  name: string,
  run: (context: CaseContext) => Promise<unknown>,
  difference?: string,
): FetchCase {
  return {
    name,
    run: async (context) => {
      try {
        await run(context);
        return "no failure";
      } catch (error) {
        return failure(error);
      }
    },
    ...(difference === undefined ? {} : { difference }),
  };
}

/** The table. */
export const FETCH_CASES: readonly FetchCase[] = [
  ...STATUSES.map((status) => get(`status ${status}`, `/status/${status}`)),
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "post", "QUERY"].map((method) =>
    get(`method ${method}`, "/echo/x?y=%20z", { method })
  ),
  get("path and query are kept as they are", "/echo/%7Ea/..;/b?c=d&c=%C3%A9#fragment"),
  get("fields of the request", "/echo", { headers: { "X-Upper": "A", accept: "text/html", "x-empty": "" } }),
  get("several fields of one name", "/echo", {
    headers: [["x-a", "1"], ["x-a", "2"], ["cookie", "a=1; b=2"]],
  }),
  get("fields of the connection are left out", "/echo", {
    headers: { connection: "x", "transfer-encoding": "chunked", "keep-alive": "1", upgrade: "h2c" },
  }),
  get("host and te are not the caller's", "/echo", { headers: { host: "x.test", te: "trailers, deflate" } }),
  get("a content-length of the caller's does not count", "/echo", {
    method: "POST",
    body: "abc",
    headers: { "content-length": "77" },
  }),
  get("a content type of the caller's counts", "/echo", {
    method: "POST",
    body: "abc",
    headers: { "content-type": "a/b" },
  }),
  get("fields of the response, cookies apart", "/fields"),
  {
    name: "a user in the URL becomes basic authentication",
    run: async (context) => {
      const response = await context.fetch(`${context.origin.replace("//", "//us%20er:p%C3%A4ss@")}/echo`);
      return (await response.json()).fields;
    },
  },
  {
    name: "what the client says of itself",
    run: async ({ fetch, origin }) => {
      const response = await fetch(`${origin}/to/302?to=/status/200`, { redirect: "manual" });
      return response.headers.get("location");
    },
  },
  bodyCase("a string", () => "text é"),
  bodyCase("bytes", () => new Uint8Array([65, 66, 67])),
  bodyCase("a view of a part", () => new Uint8Array([1, 65, 66, 2]).subarray(1, 3)),
  bodyCase("an ArrayBuffer", () => new Uint8Array([65, 66]).buffer),
  bodyCase("a Blob with a type", () => new Blob(["blob"], { type: "text/x" })),
  bodyCase("search parameters", () => new URLSearchParams({ a: "1", b: "é" })),
  bodyCase("a form", form),
  bodyCase("a stream", () => streamOf("stream")),
  bodyCase("empty", () => ""),
  {
    name: "a body of 300,000 bytes is sent whole",
    run: async (context) =>
      facts(
        await context.fetch(`${context.origin}/length`, { method: "POST", body: new Uint8Array(300_000) }),
        context,
      ),
  },
  get("a body of 300,000 bytes is received whole", "/bytes/300000"),
  get("an empty body", "/bytes/0"),
  {
    name: "a Request object",
    run: async (context) => {
      const request = new Request(`${context.origin}/echo`, { headers: { "x-a": "b" } });
      return facts(await context.fetch(request), context);
    },
  },
  {
    name: "a Request object with a body is used up",
    run: async ({ fetch, origin }) => {
      const request = new Request(`${origin}/echo`, { method: "POST", body: "own" });
      const answer = await (await fetch(request)).json();
      return [answer.body, request.bodyUsed, await fetch(request).then(() => "sent twice", failure)];
    },
  },
  {
    name: "the length of a Request object's body",
    run: async ({ fetch, origin }) => {
      const request = new Request(`${origin}/echo`, { method: "POST", body: "own" });
      return (await (await fetch(request)).json()).fields;
    },
    difference: "no content-length: what the body of a Request object was made of cannot be seen",
  },
  {
    name: "a Request object with changes",
    run: async (context) => {
      const request = new Request(`${context.origin}/echo`, { method: "POST", body: "own" });
      return facts(await context.fetch(request, { method: "PUT", body: "other" }), context);
    },
  },
  {
    name: "a URL object",
    run: async (context) => facts(await context.fetch(new URL("/echo#x", context.origin)), context),
  },
  {
    name: "a clone of the response has the same text",
    run: async ({ fetch, origin }) => {
      const response = await fetch(`${origin}/status/200`);
      const clone = response.clone();
      return [await response.text(), await clone.text()];
    },
  },
  {
    name: "a body can be read once",
    run: async ({ fetch, origin }) => {
      const response = await fetch(`${origin}/status/200`);
      await response.text();
      return await response.text().then(() => "twice", failure);
    },
  },
  ...REDIRECTS.map(([status, method]) => redirect(status, method)),
  get("redirect: manual", "/to/302", { redirect: "manual" }),
  rejects("redirect: error", ({ fetch, origin }) => fetch(`${origin}/to/302`, { redirect: "error" })),
  get("redirect: error without a redirect", "/status/200", { redirect: "error" }),
  get(
    "a redirect without a location is a response",
    "/no-location",
    {},
    "its body is there, as the Fetch standard has it; the global one loses it",
  ),
  get("the fragment goes along", "/to/302?to=/echo#own"),
  get("20 redirects are followed", "/loop/20"),
  rejects("21 are too many", ({ fetch, origin }) => fetch(`${origin}/loop/21`)),
  rejects("a location that is no URL", ({ fetch, origin }) => fetch(`${origin}/to/302?to=http://:99999`)),
  rejects("a location of another scheme", ({ fetch, origin }) => fetch(`${origin}/to/302?to=ftp://a/`)),
  rejects("a location of the scheme data", ({ fetch, origin }) => fetch(`${origin}/to/302?to=data:,x`)),
  rejects(
    "a stream cannot be sent again",
    ({ fetch, origin }) => fetch(`${origin}/to/307`, { method: "POST", body: streamOf("x") }),
  ),
  get("a stream that is dropped need not be", "/to/303", () => ({ method: "POST", body: streamOf("x") })),
  {
    name: "the body of a Request object goes along",
    run: async ({ fetch, origin }) => {
      const request = new Request(`${origin}/to/308`, { method: "POST", body: "own" });
      const answer = await (await fetch(request)).json();
      return [answer.method, answer.body];
    },
  },
  {
    name: "secrets do not go to another origin",
    run: async (context) => {
      const to = encodeURIComponent(`${context.other}/echo`);
      const headers = {
        authorization: "Basic x",
        "proxy-authorization": "y",
        cookie: "a=b",
        "x-kept": "yes",
      };
      return facts(await context.fetch(`${context.origin}/to/302?to=${to}`, { headers }), context);
    },
  },
  {
    name: "secrets stay within one origin",
    run: async (context) => {
      const headers = { authorization: "Basic x", cookie: "a=b" };
      return facts(await context.fetch(`${context.origin}/to/302`, { headers }), context);
    },
  },
  get("gzip", "/coded/gzip"),
  get("br", "/coded/br"),
  get("gzip, asked for by the caller", "/coded/gzip", { headers: { "accept-encoding": "gzip" } }),
  get("an unknown coding is left alone", "/coded-unknown"),
  get("HEAD of something coded", "/coded/gzip", { method: "HEAD" }),
  get("a coding that is not true", "/coded-badly"),
  get("an empty body with a coding", "/coded-empty"),
  {
    name: "which codings are asked for",
    run: async ({ fetch, origin }) => {
      const response = await fetch(`${origin}/coded/gzip`);
      return [response.headers.get("content-encoding"), response.headers.get("content-length")];
    },
  },
  aborted("aborted before", "/status/200", (controller) => controller.abort()),
  aborted(
    "aborted while it is sent",
    "/status/200",
    (controller) => queueMicrotask(() => controller.abort()),
  ),
  aborted("aborted before the head", "/never", (controller) => setTimeout(() => controller.abort(), 30)),
  aborted(
    "aborted with a reason",
    "/never",
    (controller) => setTimeout(() => controller.abort(), 10),
    new RangeError("own"),
  ),
  rejects(
    "aborted by time",
    ({ fetch, origin }) => fetch(`${origin}/never`, { signal: AbortSignal.timeout(20) }),
  ),
  rejects("aborted by the signal of a Request object", ({ fetch, origin }) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    return fetch(new Request(`${origin}/never`, { signal: controller.signal }));
  }),
  rejects("aborted in the body", async ({ fetch, origin }) => {
    const controller = new AbortController();
    const response = await fetch(`${origin}/slow`, { signal: controller.signal });
    const reader = response.body!.getReader();
    await reader.read();
    controller.abort();
    for (;;) if ((await reader.read()).done) return;
  }),
  rejects("aborted in the body with a reason", async ({ fetch, origin }) => {
    const controller = new AbortController();
    const response = await fetch(`${origin}/slow`, { signal: controller.signal });
    setTimeout(() => controller.abort(new RangeError("own")), 30);
    await response.text();
  }),
  {
    name: "aborted after the end",
    run: async ({ fetch, origin }) => {
      const controller = new AbortController();
      const response = await fetch(`${origin}/status/200`, { signal: controller.signal });
      const text = await response.text();
      controller.abort();
      return text;
    },
  },
  {
    name: "aborting cancels the stream that is sent",
    run: async ({ fetch, origin }) => {
      const controller = new AbortController();
      const cancelled = Promise.withResolvers<string>();
      const body = new ReadableStream({
        pull: (to) => to.enqueue(new Uint8Array(1000)),
        cancel: () => cancelled.resolve("cancelled"),
      });
      setTimeout(() => controller.abort(), 20);
      const outcome = await fetch(`${origin}/never`, { method: "POST", body, signal: controller.signal })
        .catch(failure);
      const late = new Promise((resolve) => setTimeout(() => resolve("not cancelled"), 300));
      return [outcome, await Promise.race([cancelled.promise, late])];
    },
    difference: "the stream is cancelled, as the Fetch standard has it; the global one leaves it open",
  },
  {
    name: "cancelling the body is no failure",
    run: async ({ fetch, origin }) => {
      const response = await fetch(`${origin}/slow`);
      await response.body!.cancel();
      return response.bodyUsed;
    },
  },
  rejects("a body that the server cuts off", async ({ fetch, origin }) => {
    await (await fetch(`${origin}/broken`)).text();
  }),
  rejects("a stream that fails while it is sent", ({ fetch, origin }) =>
    fetch(`${origin}/length`, {
      method: "POST",
      body: new ReadableStream({
        start(to) {
          to.enqueue(new Uint8Array(3));
          to.error(new RangeError("own"));
        },
      }),
    })),
  rejects("a stream of strings", ({ fetch, origin }) =>
    fetch(`${origin}/length`, {
      method: "POST",
      body: new ReadableStream({
        start(to) {
          to.enqueue("text" as never);
          to.close();
        },
      }),
    })),
  rejects("nobody listens", ({ fetch }) => fetch("https://127.0.0.1:9443/")),
  rejects("no such host", ({ fetch }) => fetch("https://no-such-host.invalid/")),
  rejects("GET with a body", ({ fetch, origin }) => fetch(origin, { body: "x" })),
  rejects("method CONNECT", ({ fetch, origin }) => fetch(origin, { method: "CONNECT" })),
  rejects("method TRACE", ({ fetch, origin }) => fetch(origin, { method: "TRACE" })),
  rejects("a method that is none", ({ fetch, origin }) => fetch(origin, { method: "a b" })),
  rejects("a field name that is none", ({ fetch, origin }) => fetch(origin, { headers: { "a b": "c" } })),
  rejects("a field value that is none", ({ fetch, origin }) => fetch(origin, { headers: { a: "b\nc" } })),
  rejects("a URL that is none", ({ fetch }) => fetch("//")),
  rejects("a relative URL", ({ fetch }) => fetch("/relative")),
  rejects("another scheme", ({ fetch }) => fetch("ftp://a.example/")),
  {
    name: "a port that browsers avoid",
    run: async ({ fetch, origin }) => {
      const url = `${origin.replace(/:\d+$/, "")}:6667/`;
      const error = await fetch(url, { signal: AbortSignal.timeout(200) }).catch((error) => error);
      return /blocked/.test(error.message) ? "blocked" : "tried";
    },
    difference: "no port is blocked: this is no browser, and nobody else chooses the URL",
  },
  {
    name: "data: URLs",
    run: async (context) => facts(await context.fetch("data:text/plain,hi"), context),
  },
  {
    name: "blob: URLs",
    run: async (context) => {
      const url = URL.createObjectURL(new Blob(["inside"]));
      const response = await context.fetch(url);
      URL.revokeObjectURL(url);
      return await response.text();
    },
  },
  {
    name: "user-agent and accept-encoding",
    run: async ({ fetch, origin }) => {
      const response = await fetch(`${origin}/whoami`);
      return await response.text();
    },
    difference: "the user-agent is `tandem`, and `deflate` is accepted as well",
  },
  {
    name: "50 at once",
    run: async ({ fetch, origin }) => {
      const paths = Array.from({ length: 50 }, (_, n) => `${origin}/bytes/${n}`);
      return await Promise.all(paths.map(async (path) => (await (await fetch(path)).bytes()).length));
    },
  },
];
