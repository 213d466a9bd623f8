import type { ObservedConnection } from "./connection.ts";
import { fieldOf, type WatchedExchange } from "./exchange_watch.ts";
import type { OtelAttributes } from "./otel_api.ts";

/** The methods that have a name of their own in attributes. */
const METHODS = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "QUERY",
  "TRACE",
]);

/** Query parameters that are signatures or keys, by the conventions. */
const SECRET_PARAMETERS = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/g;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** What is known of a request when it begins. */
export interface RequestFacts {
  /** The name of its span. */
  readonly name: string;
  /** The attributes that metrics have as well: few, and of few values. */
  readonly shared: OtelAttributes;
  /** Those of `shared` that say which server; for a server's metrics they are left out. */
  readonly server: OtelAttributes;
  /** The attributes that only the span has. */
  readonly detail: OtelAttributes;
}

/** Splits `example.com:8443` and `[::1]:8443`. */
export function splitAuthority(authority: string): { hostname: string; port: number | undefined } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(
    authority.slice(authority.lastIndexOf("@") + 1),
  );
  if (match === null) return { hostname: authority, port: undefined };
  return { hostname: match[1] ?? match[2]!, port: match[3] === undefined ? undefined : Number(match[3]) };
}

/** Reads a request by the semantic conventions for HTTP. */
export function requestFacts(exchange: WatchedExchange, connection: ObservedConnection): RequestFacts {
  const { flat } = exchange;
  const { role, protocol, info } = connection;
  const given = fieldOf(flat, ":method")!;
  const method = METHODS.has(given) ? given : "_OTHER";
  const scheme = fieldOf(flat, ":scheme") ?? "https";
  const authority = fieldOf(flat, ":authority") ?? fieldOf(flat, "host") ?? "";
  const { hostname, port } = splitAuthority(authority);
  const serverPort = port ?? DEFAULT_PORTS[scheme];
  const target = fieldOf(flat, ":path");
  const userAgent = fieldOf(flat, "user-agent");
  const remote = info?.remote;
  const detail: OtelAttributes = {};
  if (method !== given) detail["http.request.method_original"] = given;
  if (remote !== undefined) {
    detail["network.peer.address"] = remote.hostname;
    detail["network.peer.port"] = remote.port;
    if (role === "server") detail["client.address"] = remote.hostname;
  }
  if (userAgent !== undefined) detail["user_agent.original"] = userAgent;
  if (target !== undefined) describeTarget(detail, role, `${scheme}://${authority}`, target);
  return {
    name: method === "_OTHER" ? "HTTP" : method,
    shared: {
      "http.request.method": method,
      "url.scheme": scheme,
      "network.protocol.version": protocol === "h2" ? "2" : "3",
    },
    server: {
      "server.address": hostname,
      ...(serverPort === undefined ? {} : { "server.port": serverPort }),
    },
    detail,
  };
}

function describeTarget(
  detail: OtelAttributes,
  role: "client" | "server",
  origin: string,
  target: string,
): void {
  const shown = target.replaceAll(SECRET_PARAMETERS, "$1REDACTED");
  if (role === "client") {
    detail["url.full"] = shown === "*" ? origin : origin + shown;
    return;
  }
  const question = shown.indexOf("?");
  detail["url.path"] = question < 0 ? shown : shown.slice(0, question);
  if (question >= 0) detail["url.query"] = shown.slice(question + 1);
}

/** What is known of how an exchange ended. */
export function responseFacts(exchange: WatchedExchange, role: "client" | "server"): OtelAttributes {
  const { status, error } = exchange;
  const isError = status !== undefined && status >= (role === "client" ? 400 : 500);
  const type = error ?? (isError ? String(status) : undefined);
  return {
    ...(status === undefined ? {} : { "http.response.status_code": status }),
    ...(type === undefined ? {} : { "error.type": type }),
  };
}
