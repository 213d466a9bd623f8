import { parseAltSvc } from "./alt_svc.ts";
import type { Finding, ProtocolFacts, Severity, WorkingFacts } from "./facts.ts";
import type { ProtocolName } from "../protocols/mod.ts";
import { settingValue } from "./settings_table.ts";
import { plural } from "../ui/units.ts";

type Verdict = readonly [severity: Severity, text: string, advice?: string];

/** A check: what it is about, and what it says of a server; `undefined` where it does not apply. */
interface Check {
  readonly rule: string;
  readonly of: (facts: WorkingFacts) => Verdict | undefined;
}

function settingOf(facts: WorkingFacts, name: string): number | undefined {
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
  const altSvc = parseAltSvc(facts.samples[0]!.first.altSvc);
  if (altSvc === undefined) return undefined;
  const { maxAgeSeconds } = altSvc;
  if (maxAgeSeconds < 3600) {
    return [
      "warn",
      `Alt-Svc for h3 is forgotten after ${maxAgeSeconds} s`,
      "Clients go back to h2 that often. Use ma=86400.",
    ];
  }
  return ["ok", `HTTP/3 is announced by Alt-Svc for ${maxAgeSeconds} s`];
}

function reuseVerdict({ samples }: WorkingFacts): Verdict {
  return samples.some((sample) => sample.next === null)
    ? [
      "warn",
      "the connection did not take a second request",
      "Keep connections open; a new one costs several round trips.",
    ]
    : ["ok", "the connection is used again"];
}

function dateVerdict({ samples }: WorkingFacts): Verdict | undefined {
  const { first } = samples[0]!;
  if (first.status >= 500) return undefined;
  return first.hasDate
    ? ["ok", "responses have a date"]
    : ["info", "the response has no date", "A server with a clock sends one."];
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
      return WEAK.test(tls.cipher ?? "")
        ? ["fail", `the cipher suite ${tls.cipher} is not for HTTP/2`, "Use ECDHE with AES-GCM or ChaCha20."]
        : ["ok", "the cipher suite is strong enough"];
    },
  },
  { rule: "9110-4.3.4", of: certificateVerdict },
  { rule: "9113-3.4", of: () => ["ok", "the server begins with SETTINGS"] },
  {
    rule: "9113-6.5.2",
    of: (facts) => {
      const streams = settingOf(facts, "MAX_CONCURRENT_STREAMS");
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
      settingOf(facts, "MAX_HEADER_LIST_SIZE") === undefined
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
      const window = settingOf(facts, "INITIAL_WINDOW_SIZE") ?? 65_535;
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
  { rule: "9113-9.1", of: reuseVerdict },
  {
    rule: "9218-2.1",
    of: (facts) =>
      settingOf(facts, "NO_RFC7540_PRIORITIES") === 1
        ? ["ok", "the old priorities are turned off"]
        : ["info", "the priorities of RFC 7540 are not turned off"],
  },
  { rule: "9110-15", of: statusVerdict },
  { rule: "9110-6.6.1", of: dateVerdict },
  { rule: "7838-3", of: altSvcVerdict },
];

/** Checks for HTTP/3, in the order of the report. */
const H3_CHECKS: readonly Check[] = [
  { rule: "9114-3.1", of: () => ["ok", "h3 is offered by ALPN over QUIC"] },
  {
    rule: "7838-2.1",
    of: ({ sameCertificate }) => {
      if (sameCertificate === null) return undefined;
      return sameCertificate
        ? ["ok", "the certificate is the same over TCP and QUIC"]
        : ["info", "the certificate over QUIC is another than over TCP", "Renew both, or clients fall back."];
    },
  },
  { rule: "9114-6.2.1", of: () => ["ok", "the server begins with SETTINGS"] },
  {
    rule: "9114-4.2.2",
    of: (facts) => {
      const bytes = settingOf(facts, "MAX_FIELD_SECTION_SIZE");
      if (bytes === undefined) {
        return [
          "warn",
          "MAX_FIELD_SECTION_SIZE not announced",
          "Clients cannot avoid a 431. Announce the limit that is enforced.",
        ];
      }
      return bytes < 4096
        ? ["warn", `field sections of ${bytes} bytes at most`, "Cookies alone can be larger. Take 16384."]
        : ["ok", "the limit of field sections is announced"];
    },
  },
  {
    rule: "9204-5",
    of: (facts) => {
      const table = settingOf(facts, "QPACK_MAX_TABLE_CAPACITY") ?? 0;
      const blocked = settingOf(facts, "QPACK_BLOCKED_STREAMS") ?? 0;
      if (table === 0) {
        return [
          "info",
          "no QPACK table: requests repeat their fields in full",
          "4096 bytes save most of them.",
        ];
      }
      return blocked === 0
        ? ["info", "a QPACK table, but no stream may wait for it", "It helps one round trip later then."]
        : ["ok", `a QPACK table of ${table} bytes`];
    },
  },
  { rule: "9114-3.3", of: reuseVerdict },
  { rule: "9110-15", of: statusVerdict },
  { rule: "9110-6.6.1", of: dateVerdict },
];

const CHECKS: Readonly<Record<ProtocolName, readonly Check[]>> = { h2: H2_CHECKS, h3: H3_CHECKS };

/** What only shows when both protocols are looked at. */
function joinedFindings(protocols: readonly ProtocolFacts[]): Finding[] {
  const works = (name: ProtocolName) =>
    protocols.find((facts): facts is WorkingFacts => facts.name === name && facts.state === "works");
  const h2 = works("h2");
  const h3 = works("h3");
  if (h2 === undefined || h3 === undefined || h3.foundBy !== "asked") return [];
  return [{
    severity: "info",
    protocol: "h3",
    rule: "7838-3",
    text: "works, but h2 does not announce it",
    advice: `Send alt-svc: h3=":PORT"; ma=86400, or browsers will not use it.`,
  }];
}

/** Codes of failures that say no more than that a protocol is not there. */
const ABSENT: ReadonlySet<string> = new Set(["no-udp", "refused", "alpn", "timeout", "not-h2"]);

/** Whether a protocol is just not there, and nobody said that it should be. */
export function isAbsent(facts: ProtocolFacts): boolean {
  return facts.state === "failed" && !facts.isExpected && ABSENT.has(facts.why.code);
}

function failedFinding(facts: Exclude<ProtocolFacts, WorkingFacts>): Finding {
  return {
    severity: !isAbsent(facts) ? "fail" : facts.name === "h3" ? "info" : "warn",
    protocol: facts.name,
    rule: facts.why.rule ?? "",
    text: facts.why.text,
    advice: null,
  };
}

const ORDER: Readonly<Record<Severity, number>> = { fail: 0, warn: 1, info: 2, ok: 3 };

/** Everything that can be said about what works, worst first. */
export function findingsOf(protocols: readonly ProtocolFacts[]): Finding[] {
  const findings: Finding[] = [];
  for (const facts of protocols) {
    if (facts.state === "failed") findings.push(failedFinding(facts));
    if (facts.state !== "works") continue;
    for (const check of CHECKS[facts.name]) {
      const verdict = check.of(facts);
      if (verdict === undefined) continue;
      const [severity, text, advice] = verdict;
      findings.push({ severity, protocol: facts.name, rule: check.rule, text, advice: advice ?? null });
    }
  }
  findings.push(...joinedFindings(protocols));
  return findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}
