import { Fields } from "../semantics/fields.ts";
import type { RequestHead } from "../semantics/head.ts";
import { DEFAULT_PRIORITY, type Priority, serializePriority } from "../semantics/priority.ts";
import type { ClientRequest } from "./client_request.ts";

/** Scheme, authority and path of a URL. */
export interface Target {
  /** `https` or `http`, mostly. */
  readonly scheme: string;
  /** Host and port. */
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
}

/** Takes a URL apart; user info and fragment are not sent. Throws `TypeError` for what is no URL. */
export function targetOf(url: string | URL): Target {
  const parsed = typeof url === "string" ? new URL(url) : url;
  return {
    scheme: parsed.protocol.slice(0, -1),
    authority: parsed.host,
    path: parsed.pathname + parsed.search,
  };
}

/** Makes the head of a request; `bodyBytes` is the length of the body, or -1. Throws `TypeError` for what cannot be sent. */
export function requestHead(request: ClientRequest, bodyBytes: number): RequestHead {
  const method = request.method ?? "GET";
  const fields = requestFields(request, method, bodyBytes);
  if (method === "CONNECT" && request.protocol === undefined) {
    const authority = request.authority ??
      (request.url === undefined ? undefined : targetOf(request.url).authority);
    if (authority === undefined) throw new TypeError("Cannot send a CONNECT: it has no authority");
    return { method, scheme: "", authority, path: "", fields };
  }
  const target = request.url === undefined ? undefined : targetOf(request.url);
  const authority = request.authority ?? target?.authority;
  if (authority === undefined) throw new TypeError("Cannot send a request: it has neither url nor authority");
  return {
    method,
    scheme: request.scheme ?? target?.scheme ?? "https",
    authority,
    path: request.path ?? target?.path ?? "/",
    ...(request.protocol === undefined ? {} : { protocol: request.protocol }),
    fields,
  };
}

/** Methods for which content means nothing, so that there is no need to say that there is none (RFC 9110 section 8.6). */
const BODYLESS = new Set(["GET", "HEAD", "DELETE"]);

function requestFields(request: ClientRequest, method: string, bodyBytes: number): Fields {
  const given = Fields.from(request.fields);
  const needsLength = (bodyBytes > 0 || (bodyBytes === 0 && !BODYLESS.has(method))) &&
    method !== "CONNECT" && !given.has("content-length");
  const needsPriority = request.priority !== undefined && !given.has("priority");
  if (!needsLength && !needsPriority) return given;
  const fields = given === request.fields ? given.clone() : given;
  if (needsLength) fields.append("content-length", String(bodyBytes));
  if (needsPriority) {
    const value = serializePriority(fullPriority(request.priority!));
    if (value !== "") fields.append("priority", value);
  }
  return fields;
}

/** A priority with its defaults filled in. */
export function fullPriority(priority: Partial<Priority> | undefined): Priority {
  return priority === undefined ? DEFAULT_PRIORITY : { ...DEFAULT_PRIORITY, ...priority };
}
