import { detectContentType } from "@remix-run/mime";
import { createFileResponse } from "@remix-run/response/file";
import { basename, join, sep } from "node:path";
import type { Handler, ServerExchange } from "../../h2/mod.ts";
import { fileSlice } from "./file_slice.ts";

/** Why a path leads to no file. */
type Refusal = { readonly status: 400 | 403 | 404 };

/** Where a path leads: a file, or another path that the client shall ask for. */
type Found =
  | { readonly path: string; readonly info: Deno.FileInfo }
  | { readonly redirect: string }
  | Refusal;

/** The segments of a request path, decoded; `undefined` where it is not to be trusted. */
export function pathSegments(path: string): string[] | undefined {
  const query = path.search(/[?#]/);
  const raw = query === -1 ? path : path.slice(0, query);
  if (!raw.startsWith("/")) return undefined;
  const segments: string[] = [];
  for (const part of raw.split("/")) {
    let segment: string;
    try {
      segment = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    // A separator or NUL within a segment, and climbing, have no place in a path to a file.
    if (segment === ".." || /[/\\\0]/.test(segment)) return undefined;
    if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments;
}

function isHidden(segments: readonly string[]): boolean {
  return segments.some((segment, at) => segment.startsWith(".") && !(at === 0 && segment === ".well-known"));
}

async function realFile(
  path: string,
  root: string,
): Promise<{ path: string; info: Deno.FileInfo } | Refusal> {
  let real: string;
  let info: Deno.FileInfo;
  try {
    real = await Deno.realPath(path);
    // A link may lead anywhere within the directory, and nowhere out of it.
    const prefix = root.endsWith(sep) ? root : root + sep;
    if (real !== root && !real.startsWith(prefix)) return { status: 404 };
    info = await Deno.stat(real);
  } catch (error) {
    const denied = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable;
    return { status: denied ? 403 : 404 };
  }
  return { path: real, info };
}

async function find(root: string, requestPath: string): Promise<Found> {
  const segments = pathSegments(requestPath);
  if (segments === undefined) return { status: 400 };
  if (isHidden(segments)) return { status: 404 };
  let found = await realFile(join(root, ...segments), root);
  if ("status" in found) return found;
  const queryAt = requestPath.indexOf("?");
  const query = queryAt === -1 ? "" : requestPath.slice(queryAt);
  const asDirectory = (queryAt === -1 ? requestPath : requestPath.slice(0, queryAt)).endsWith("/");
  if (found.info.isDirectory) {
    if (!asDirectory) {
      return { redirect: `/${segments.map((segment) => encodeURIComponent(segment)).join("/")}/${query}` };
    }
    found = await realFile(join(found.path, "index.html"), root);
    if ("status" in found) return found;
  } else if (asDirectory) {
    return { status: 404 };
  }
  // Pipes and devices would never end.
  return found.info.isFile ? found : { status: 404 };
}

const ONE_RANGE = /^bytes=(?:\d+-\d*|-\d+)$/;

/**
 * The fields that decide about a file, in the form that `createFileResponse` reads right: a range that is
 * not one range of bytes is left out (RFC 9110 section 14.2 lets a server ignore it), and an entity tag
 * of `if-none-match` is compared weakly (section 13.1.2).
 */
function conditionsOf(headers: Headers): Headers {
  const conditions = new Headers();
  for (const name of ["if-match", "if-unmodified-since", "if-modified-since", "if-range"]) {
    const value = headers.get(name);
    if (value !== null) conditions.set(name, value);
  }
  const range = headers.get("range")?.trim().toLowerCase();
  if (range !== undefined && ONE_RANGE.test(range)) conditions.set("range", range);
  const none = headers.get("if-none-match");
  if (none !== null) {
    conditions.set("if-none-match", none.replaceAll(/(?:W\/)?("[^"]*")/g, "W/$1, $1"));
  }
  return conditions;
}

function fileLike(path: string, info: Deno.FileInfo) {
  const dot = basename(path).lastIndexOf(".");
  const type = dot <= 0 ? undefined : detectContentType(basename(path).slice(dot + 1));
  return {
    name: basename(path),
    size: info.size,
    type: type ?? "application/octet-stream",
    lastModified: Math.floor((info.mtime?.getTime() ?? 0) / 1000) * 1000,
    stream: () => fileSlice(path, 0, info.size),
    arrayBuffer: () => new Response(fileSlice(path, 0, info.size)).arrayBuffer(),
    slice: (start = 0, end = info.size) => ({
      stream: () => fileSlice(path, start, Math.min(end, info.size)),
    }),
  };
}

const TEXTS = { 400: "Bad path", 403: "Not readable", 404: "Not found", 405: "Method not allowed" } as const;

function plain(status: keyof typeof TEXTS, headers: Record<string, string> = {}): Response {
  return new Response(`${TEXTS[status]}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

/**
 * Makes a handler that serves the files below a directory, read only: types by the file name, ranges,
 * conditional requests, `index.html` for a directory. Nothing outside the directory can be reached, be it
 * by dots, by encoded separators or through links; names that begin with a dot are not there.
 */
export async function staticFiles(directory: string): Promise<Handler> {
  const root = await Deno.realPath(directory);
  return async (request: Request, exchange: ServerExchange): Promise<Response> => {
    if (request.method !== "GET" && request.method !== "HEAD") return plain(405, { allow: "GET, HEAD" });
    const found = await find(root, exchange.path);
    if ("status" in found) return plain(found.status);
    if ("redirect" in found) {
      return new Response(null, { status: 301, headers: { location: found.redirect } });
    }
    const asked = new Request(request.url, {
      method: request.method,
      headers: conditionsOf(request.headers),
    });
    const response = await createFileResponse(fileLike(found.path, found.info), asked, {
      acceptRanges: true,
    });
    response.headers.set("x-content-type-options", "nosniff");
    return response;
  };
}
