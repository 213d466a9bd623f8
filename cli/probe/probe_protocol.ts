import type { CliError } from "../errors.ts";
import { explainLinkError } from "../explain_link.ts";
import type { ConnectPlan, HttpLink, Protocol } from "../protocols/mod.ts";
import { hostPort } from "../target.ts";
import { readTlsFacts } from "../tls_facts.ts";
import { median } from "../ui/units.ts";
import type { FoundBy, ProbeSample, ProbeTiming, ProbeWhy, ProtocolFacts, WorkingFacts } from "./facts.ts";
import { measure } from "./measure.ts";
import { sameCertificate } from "./same_certificate.ts";

/** What the probe of one protocol ended with. */
export interface ProtocolProbe {
  /** What was found. */
  readonly facts: ProtocolFacts;
  /** The error, where it does not work. */
  readonly error: CliError | undefined;
  /** Whether it was interrupted before all samples were there. */
  readonly isPartial: boolean;
}

function present(values: readonly (number | null)[]): number | null {
  return median(values.filter((value) => value !== null));
}

function medianTiming(samples: readonly ProbeSample[]): ProbeTiming {
  const timings = samples.map((sample) => sample.timing);
  return {
    dnsMs: present(timings.map((timing) => timing.dnsMs)),
    tcpMs: present(timings.map((timing) => timing.tcpMs)),
    tlsMs: present(timings.map((timing) => timing.tlsMs)),
    quicMs: present(timings.map((timing) => timing.quicMs)),
    waitMs: present(timings.map((timing) => timing.waitMs)),
    ttfbMs: present(timings.map((timing) => timing.ttfbMs)),
    totalMs: present(timings.map((timing) => timing.totalMs)),
  };
}

/** How one protocol is probed. */
export interface ProbeProtocolOptions {
  /** Connections; timings are medians. */
  readonly repeat: number;
  /** More fields of the requests. */
  readonly fields: readonly [string, string][];
  /** How it was found. */
  readonly foundBy: FoundBy;
  /** Whether it has to work. */
  readonly isExpected: boolean;
}

function whyOf(failure: CliError): ProbeWhy {
  return {
    code: failure.code,
    text: failure.message,
    rule: failure.rule ?? null,
    evidence: failure.evidence,
    hint: failure.hints[0] ?? null,
  };
}

/** What TLS shows of the server; over QUIC nothing of it can be seen, but it can be held against TCP. */
async function channelOf(
  protocol: Protocol,
  plan: ConnectPlan,
  alpn: string | null,
): Promise<Pick<WorkingFacts, "tls" | "certificate" | "sameCertificate">> {
  if (plan.target.scheme === "http") return { tls: null, certificate: null, sameCertificate: null };
  const { hostname, port, serverName } = plan;
  if (protocol.name === "h2") {
    const tls = await readTlsFacts({ hostname, port, serverName, alpn: [alpn ?? "h2"] });
    return {
      tls: tls === undefined ? null : { version: tls.version, cipher: tls.cipher },
      certificate: tls?.certificate ?? null,
      sameCertificate: null,
    };
  }
  const overTcp = await readTlsFacts({ hostname, port, serverName, alpn: [], timeoutMs: 1000 });
  const certificate = overTcp?.certificate ?? null;
  const isSame = certificate === null ? null : await sameCertificate(plan, certificate.sha256);
  return {
    tls: { version: "1.3", cipher: null },
    certificate: isSame === true ? certificate : null,
    sameCertificate: isSame,
  };
}

/** Probes one protocol of a server over `repeat` connections, one after the other. */
export async function probeProtocol(
  protocol: Protocol,
  plan: ConnectPlan,
  options: ProbeProtocolOptions,
): Promise<ProtocolProbe> {
  const samples: ProbeSample[] = [];
  let link: HttpLink | undefined;
  let isPartial = false;
  try {
    await protocol.warmUp();
    while (samples.length < options.repeat) {
      samples.push(await measure(protocol, plan, options.fields, (opened) => link = opened));
    }
  } catch (error) {
    if (!plan.signal.aborted || samples.length === 0) {
      const failure = explainLinkError(error, plan, link);
      const facts: ProtocolFacts = {
        name: protocol.name,
        state: "failed",
        why: whyOf(failure),
        short: "-",
        isExpected: options.isExpected,
      };
      return { facts, error: failure, isPartial: false };
    }
    isPartial = true;
  }
  const facts: ProtocolFacts = {
    name: protocol.name,
    state: "works",
    samples,
    timing: medianTiming(samples),
    nextMs: present(samples.map((sample) => sample.next?.waitMs ?? null)),
    pingMs: present(samples.map((sample) => sample.pingMs)),
    foundBy: options.foundBy,
    where: hostPort(plan.hostname, plan.port),
    ...await channelOf(protocol, plan, samples[0]!.alpn),
  };
  return { facts, error: undefined, isPartial };
}
