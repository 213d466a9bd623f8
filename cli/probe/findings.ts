import type { Finding, ProtocolFacts, Severity, WorkingFacts } from "./facts.ts";
import { settingValue } from "./settings_table.ts";
import { plural } from "../ui/units.ts";

type Verdict = readonly [severity: Severity, text: string, advice?: string];

/** A check: what it is about, and what it says of a server; `undefined` where it does not apply. */
interface Check {
  readonly rule: string;
  readonly of: (facts: WorkingFacts) => Verdict | undefined;
}

function h2Setting(facts: WorkingFacts, name: string): number | undefined {
  return settingValue(facts.samples[0]!.settings, name);
}

function certificateVerdict(facts: WorkingFacts): Verdict | undefined {
  const { certificate } = facts;
  if (certificate === null) return undefined;
  const { daysLeft, daysTotal } = certificate;
  if (daysLeft < 0) return ["fail", "the certificate has expired", "Renew it."];
  if (daysLeft < Math.min(14, daysTotal / 4)) {
    return [
      "warn",
      `the certificate ends in ${plural(daysLeft, "day")}`,
      "Renew it, and find out why that did not happen by itself.",
    ];
  }
  return ["ok", `the certificate is valid for ${plural(daysLeft, "more day")}`];
}

function statusVerdict(facts: WorkingFacts): Verdict {
  const { status } = facts.samples[0]!.first;
  if (status >= 500) {
    return [
      "warn",
      `the server answered ${status}`,
      "The server, or what lies behind it, failed on this URL.",
    ];
  }
  return ["ok", `the server answered ${status}`];
}

function altSvcVerdict(facts: WorkingFacts): Verdict | undefined {
  const { altSvc } = facts.samples[0]!.first;
  if (altSvc === null || !/(?:^|,)\s*h3(?:-\d+)?=/.test(altSvc)) return undefined;
  const age = /;\s*ma=(\d+)/.exec(altSvc)?.[1];
  if (age !== undefined && Number(age) < 3600) {
    return [
      "warn",
      `Alt-Svc for h3 is forgotten after ${age} s`,
      "Clients go back to h2 that often. Use ma=86400.",
    ];
  }
  return ["info", "HTTP/3 is announced by Alt-Svc"];
}

const WEAK = /RC4|3DES|NULL|EXPORT|_CBC_|CBC|TLS_RSA_|^AES/i;

/** Checks for HTTP/2, in the order of the report. */
const H2_CHECKS: readonly Check[] = [
  {
    rule: "9113-3.2",
    of: ({ samples, tls }) =>
      tls === null && samples[0]!.alpn === null ? undefined : ["ok", "h2 is offered by ALPN"],
  },
  {
    rule: "9113-9.2",
    of: ({ tls }) => {
      if (tls === null) return undefined;
      if (tls.version === "1.3") return ["ok", "TLS 1.3"];
      return tls.version === "1.2"
        ? ["info", "TLS 1.2: one round trip more than TLS 1.3", "Turn TLS 1.3 on."]
        : ["fail", `TLS ${tls.version} is too old for HTTP/2`, "Use TLS 1.2 or 1.3."];
    },
  },
  {
    rule: "9113-9.2.2",
    of: ({ tls }) => {
      if (tls === null || tls.version !== "1.2") return undefined;
      return WEAK.test(tls.cipher)
        ? ["fail", `the cipher suite ${tls.cipher} is not for HTTP/2`, "Use ECDHE with AES-GCM or ChaCha20."]
        : ["ok", "the cipher suite is strong enough"];
    },
  },
  { rule: "9110-4.3.4", of: certificateVerdict },
  { rule: "9113-3.4", of: () => ["ok", "the server begins with SETTINGS"] },
  {
    rule: "9113-6.5.2",
    of: (facts) => {
      const streams = h2Setting(facts, "MAX_CONCURRENT_STREAMS");
      if (streams === undefined) {
        return [
          "info",
          "no limit of concurrent streams is announced",
          "Announce the limit that is enforced.",
        ];
      }
      return streams < 100
        ? [
          "warn",
          `only ${plural(streams, "concurrent stream")}`,
          "At least 100 keep clients from opening more connections.",
        ]
        : ["ok", `${streams} concurrent streams`];
    },
  },
  {
    rule: "9113-6.5.2",
    of: (facts) =>
      h2Setting(facts, "MAX_HEADER_LIST_SIZE") === undefined
        ? [
          "warn",
          "header list limit not announced",
          "Clients cannot avoid a 431. Announce the limit that is enforced.",
        ]
        : ["ok", "the header list limit is announced"],
  },
  {
    rule: "9113-6.9.2",
    of: (facts) => {
      const window = h2Setting(facts, "INITIAL_WINDOW_SIZE") ?? 65_535;
      return window < 65_535
        ? [
          "warn",
          `uploads begin with a window of ${window} bytes`,
          "A window below 65535 slows uploads down.",
        ]
        : ["ok", "the window for uploads is large enough"];
    },
  },
  {
    rule: "9113-6.7",
    of: ({ pingMs }) =>
      pingMs === null
        ? ["warn", "no answer to PING within 3 s", "Clients take such a connection for dead."]
        : ["ok", "PING is answered"],
  },
  {
    rule: "9113-9.1",
    of: ({ samples }) =>
      samples.some((sample) => sample.next === null)
        ? [
          "warn",
          "the connection did not take a second request",
          "Keep connections open; a new one costs several round trips.",
        ]
        : ["ok", "the connection is used again"],
  },
  {
    rule: "9218-2.1",
    of: (facts) =>
      h2Setting(facts, "NO_RFC7540_PRIORITIES") === 1
        ? ["ok", "the old priorities are turned off"]
        : ["info", "the priorities of RFC 7540 are not turned off"],
  },
  { rule: "9110-15", of: statusVerdict },
  {
    rule: "9110-6.6.1",
    of: ({ samples }) => {
      const { first } = samples[0]!;
      if (first.status >= 500) return undefined;
      return first.hasDate
        ? ["ok", "responses have a date"]
        : ["info", "the response has no date", "A server with a clock sends one."];
    },
  },
  { rule: "7838-3", of: altSvcVerdict },
];

const ORDER: Readonly<Record<Severity, number>> = { fail: 0, warn: 1, info: 2, ok: 3 };

/** Everything that can be said about what works, worst first. */
export function findingsOf(protocols: readonly ProtocolFacts[]): Finding[] {
  const findings: Finding[] = [];
  for (const facts of protocols) {
    if (facts.state === "failed") {
      findings.push({
        severity: "fail",
        protocol: facts.name,
        rule: facts.why.rule ?? "",
        text: facts.why.text,
        advice: null,
      });
    }
    if (facts.state !== "works") continue;
    const checks = facts.name === "h2" ? H2_CHECKS : [];
    for (const check of checks) {
      const verdict = check.of(facts);
      if (verdict === undefined) continue;
      const [severity, text, advice] = verdict;
      findings.push({ severity, protocol: facts.name, rule: check.rule, text, advice: advice ?? null });
    }
  }
  return findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}
