import { usageError } from "../errors.ts";
import type { ProtocolFacts, SloResult, WorkingFacts } from "./facts.ts";

const VALUES: Readonly<Record<string, (facts: WorkingFacts) => number | null>> = {
  dns: (facts) => facts.timing.dnsMs,
  tcp: (facts) => facts.timing.tcpMs,
  tls: (facts) => facts.timing.tlsMs,
  quic: (facts) => facts.timing.quicMs,
  wait: (facts) => facts.timing.waitMs,
  ttfb: (facts) => facts.timing.ttfbMs,
  total: (facts) => facts.timing.totalMs,
  next: (facts) => facts.nextMs,
  ping: (facts) => facts.pingMs,
};

/** Parts that may be missing in good health: a name that needs no look-up, no TLS, no QUIC, no PING in HTTP/3. */
function mayBeAbsent(name: string, facts: WorkingFacts): boolean {
  return ["dns", "tls", "quic", "tcp"].includes(name) || (name === "ping" && facts.name === "h3");
}

/** Reads `--slo ttfb=200,total=500`. */
export function parseSlo(text: string | undefined): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const part of text === undefined ? [] : text.split(",")) {
    const match = /^\s*([a-z]+)\s*=\s*(\d+(?:\.\d+)?)(?:ms)?\s*$/.exec(part);
    if (match === null || !(match[1]! in VALUES)) {
      throw usageError(
        `cannot read --slo ${part}`,
        `--slo ttfb=200,total=500; names are ${Object.keys(VALUES).join(", ")}`,
      );
    }
    limits.set(match[1]!, Number(match[2]));
  }
  return limits;
}

/** Holds what was measured against the limits. A value that could not be measured misses its limit. */
export function checkSlo(
  limits: ReadonlyMap<string, number>,
  protocols: readonly ProtocolFacts[],
): SloResult[] {
  const results: SloResult[] = [];
  for (const facts of protocols) {
    if (facts.state !== "works") continue;
    for (const [name, limitMs] of limits) {
      const actualMs = VALUES[name]!(facts);
      const met = actualMs === null ? mayBeAbsent(name, facts) : actualMs <= limitMs;
      results.push({ name, protocol: facts.name, limitMs, actualMs, met });
    }
  }
  return results;
}
