import type { CertificateFacts } from "../tls_facts.ts";
import type { ProtocolName, ReceivedSetting } from "../protocols/mod.ts";

/** How long the parts of a first request took, in milliseconds; `null` where there was no such part. */
export interface ProbeTiming {
  /** Name look-up. */
  readonly dnsMs: number | null;
  /** TCP handshake. */
  readonly tcpMs: number | null;
  /** TLS handshake. */
  readonly tlsMs: number | null;
  /** QUIC handshake, TLS included. */
  readonly quicMs: number | null;
  /** From the request to the head of the response. */
  readonly waitMs: number | null;
  /** From the start to the head of the response. */
  readonly ttfbMs: number | null;
  /** From the start to the end of the body; `null` when the body was not read to its end. */
  readonly totalMs: number | null;
}

/** One answer to a request of the probe. */
export interface ProbeAnswer {
  /** The final status. */
  readonly status: number;
  /** From the request to the head of the response, in milliseconds. */
  readonly waitMs: number;
  /** Bytes of the body that were read. */
  readonly bodyBytes: number;
  /** Whether the body was read to its end. */
  readonly isWhole: boolean;
  /** The interim statuses before it. */
  readonly interim: readonly number[];
  /** Whether there is a date field. */
  readonly hasDate: boolean;
  /** The alternative services that were announced. */
  readonly altSvc: string | null;
}

/** All that one connection showed. */
export interface ProbeSample {
  /** How long the parts took. */
  readonly timing: ProbeTiming;
  /** The first request. */
  readonly first: ProbeAnswer;
  /** A second one, on the same connection; `null` where it could not be sent. */
  readonly next: ProbeAnswer | null;
  /** The round trip of a PING, in milliseconds; `null` without an answer. */
  readonly pingMs: number | null;
  /** The settings as received. */
  readonly settings: readonly ReceivedSetting[];
  /** The protocol that ALPN chose. */
  readonly alpn: string | null;
  /** The address behind the name. */
  readonly address: string | null;
}

/** Why a protocol is not there. */
export interface ProbeWhy {
  /** A stable word for programs. */
  readonly code: string;
  /** The sentence. */
  readonly text: string;
  /** The rule that was broken, if one was. */
  readonly rule: string | null;
  /** Lines of evidence. */
  readonly evidence: readonly string[];
  /** What to try; `null` where there is nothing to. */
  readonly hint: string | null;
}

/**
 * How a protocol was found: agreed on by ALPN over TLS, known beforehand, announced by `alt-svc` over HTTP/2,
 * or just asked for at the same port.
 */
export type FoundBy = "alpn" | "prior-knowledge" | "alt-svc" | "asked";

/** What is known about one protocol of a server. */
export type ProtocolFacts =
  | {
    /** Which protocol. */
    readonly name: ProtocolName;
    /** It works. */
    readonly state: "works";
    /** One sample for each connection. */
    readonly samples: readonly ProbeSample[];
    /** Medians over the samples. */
    readonly timing: ProbeTiming;
    /** Median of the waits of the second requests, in milliseconds. */
    readonly nextMs: number | null;
    /** Median of the round trips, in milliseconds. */
    readonly pingMs: number | null;
    /** How it was found. */
    readonly foundBy: FoundBy;
    /** Host and port that were connected to. */
    readonly where: string;
    /** What TLS agreed on, the cipher `null` where it cannot be seen; `null` without TLS. */
    readonly tls: { readonly version: string; readonly cipher: string | null } | null;
    /** The certificate; `null` without TLS, and where it cannot be seen. */
    readonly certificate: CertificateFacts | null;
    /** Whether the certificate is that which TLS over TCP shows; `null` where that is not known. */
    readonly sameCertificate: boolean | null;
  }
  | {
    /** Which protocol. */
    readonly name: ProtocolName;
    /** It could not be reached, it was not asked for, or this tool cannot speak it. */
    readonly state: "failed" | "skipped";
    /** Why. */
    readonly why: ProbeWhy;
    /** A word or two for the table. */
    readonly short: string;
    /** Whether it was asked for, or announced by the server, so that it should have worked. */
    readonly isExpected: boolean;
  };

/** Facts of a protocol that works. */
export type WorkingFacts = Extract<ProtocolFacts, { state: "works" }>;

/** How much a finding matters. */
export type Severity = "ok" | "info" | "warn" | "fail";

/** Something that was checked. */
export interface Finding {
  /** How much it matters. */
  readonly severity: Severity;
  /** The protocol that it is about. */
  readonly protocol: ProtocolName;
  /** The section or rule that it is about. */
  readonly rule: string;
  /** What was seen. */
  readonly text: string;
  /** What to change; `null` where there is nothing to. */
  readonly advice: string | null;
}

/** A limit of `--slo` and how it was met. */
export interface SloResult {
  /** The name of the measured value. */
  readonly name: string;
  /** The protocol. */
  readonly protocol: ProtocolName;
  /** The limit, in milliseconds. */
  readonly limitMs: number;
  /** What was measured; `null` where there was nothing to measure. */
  readonly actualMs: number | null;
  /** Whether it is within the limit. */
  readonly met: boolean;
}

/** A whole report. */
export interface ProbeReport {
  /** The URL that was probed. */
  readonly url: string;
  /** When, ISO 8601. */
  readonly at: string;
  /** Host and port that were connected to. */
  readonly where: string;
  /** Whether the built-in server was probed. */
  readonly isBuiltIn: boolean;
  /** How long the probe took, in milliseconds. */
  readonly tookMs: number;
  /** One entry for each protocol, in the order of columns. */
  readonly protocols: readonly ProtocolFacts[];
  /** What was checked, worst first. */
  readonly findings: readonly Finding[];
  /** The limits of `--slo`. */
  readonly slo: readonly SloResult[];
  /** Whether the probe was interrupted before all samples were there. */
  readonly isPartial: boolean;
}
