import { PROGRAM } from "./version.ts";
import { usageError } from "./errors.ts";

/** Where a request goes, read from what the user typed. */
export interface Target {
  /** The URL, whole. */
  readonly url: URL;
  /** `https`, or `http` for HTTP/2 without TLS. */
  readonly scheme: "https" | "http";
  /** The host, an IPv6 address without brackets. */
  readonly hostname: string;
  /** The port, the default of the scheme filled in. */
  readonly port: number;
  /** As in `:authority`: the port only where it is not the default. */
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
}

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const PORT_ONLY = /^:(\d+)(?=$|[/?])/;

function expand(text: string): string {
  if (SCHEME.test(text)) return text;
  const port = PORT_ONLY.exec(text);
  if (port !== null) return `https://localhost${text}`;
  return `https://${text}`;
}

/**
 * Reads a URL or one of its short forms: `example.test`, `localhost:8443/x`, `:8443/x`.
 * Throws a `CliError` that says what is wrong with it.
 */
export function parseTarget(text: string, command: string): Target {
  const again = `${PROGRAM} ${command} https://example.com/`;
  if (text.trim() === "") throw usageError("the URL is empty", again);
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "https" && scheme !== "http") {
    throw usageError(
      `cannot use a URL with the scheme ${scheme}`,
      `https://… for TLS, http://… for HTTP/2 without TLS (prior knowledge)`,
    );
  }
  let url: URL;
  try {
    url = new URL(expand(text));
  } catch {
    throw usageError(`cannot read "${text}" as a URL`, `a URL looks like ${again}`);
  }
  if (url.hostname === "") throw usageError(`the URL "${text}" names no host`, again);
  if (url.username !== "" || url.password !== "") {
    throw usageError("the URL holds a user name or password", "-H 'authorization: …' sends credentials");
  }
  if (url.port === "0") throw usageError("port 0 cannot be connected to", again);
  return targetOf(url);
}

/** The parts of a URL that is known to be `https` or `http`. */
export function targetOf(url: URL): Target {
  const scheme = url.protocol === "http:" ? "http" : "https";
  return {
    url,
    scheme,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port),
    authority: url.host,
    path: url.pathname + url.search,
  };
}

/** A host with a port, as people write it: IPv6 in brackets. */
export function hostPort(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/;

/** Reads `--connect HOST[:PORT]`; either part may be missing. */
export function parseConnect(text: string): { readonly hostname?: string; readonly port?: number } {
  const match = HOST_PORT.exec(text);
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  const hostname = match?.[1] ?? match?.[2];
  if (match === null || (port !== undefined && (port === 0 || port > 65_535)) || text === "") {
    throw usageError(
      `cannot read --connect ${text}`,
      "--connect HOST, --connect HOST:PORT or --connect [::1]:PORT",
    );
  }
  return {
    ...(hostname === undefined || hostname === "" ? {} : { hostname }),
    ...(port === undefined ? {} : { port }),
  };
}
