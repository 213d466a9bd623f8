import type { ConnectPlan } from "../protocols/mod.ts";
import { hostPort } from "../target.ts";

/** An alternative service for HTTP/3 (RFC 7838). */
export interface AltSvcH3 {
  /** The host; `undefined` for the same one. */
  readonly hostname: string | undefined;
  /** The UDP port. */
  readonly port: number;
  /** How long it may be remembered, in seconds; a day unless it says so. */
  readonly maxAgeSeconds: number;
}

const ENTRY = /(?:^|,)\s*h3="(?:\[([^\]"]+)\]|([^:"[\]]*)):(\d{1,5})"((?:\s*;\s*[^,;"]+(?:"[^"]*")?)*)/;

/** The first entry for `h3` in the value of an `alt-svc` field, if there is one. */
export function parseAltSvc(value: string | null): AltSvcH3 | undefined {
  const match = value === null ? null : ENTRY.exec(value);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port === 0 || port > 65_535) return undefined;
  const hostname = match[1] ?? match[2];
  const age = /;\s*ma\s*=\s*"?(\d+)/.exec(match[4] ?? "")?.[1];
  return {
    hostname: hostname === "" ? undefined : hostname,
    port,
    maxAgeSeconds: age === undefined ? 86_400 : Number(age),
  };
}

/**
 * Where an alternative is to be looked for. What `--connect` says goes first; else the host and port that were
 * announced, with the server name of the origin, for which the certificate has to be good (section 2.1).
 */
export function planFor(plan: ConnectPlan, altSvc: AltSvcH3): ConnectPlan {
  const { target } = plan;
  const isRedirected = plan.hostname !== target.hostname || plan.port !== target.port;
  if (isRedirected) return plan;
  return { ...plan, hostname: altSvc.hostname ?? plan.hostname, port: altSvc.port };
}

/** The words for an announcement. */
export function altSvcWords({ hostname, port }: AltSvcH3): string {
  return `Alt-Svc announces h3 on ${hostname === undefined ? `UDP ${port}` : hostPort(hostname, port)}`;
}
