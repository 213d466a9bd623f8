import type { CliError } from "../errors.ts";
import { explainLinkError } from "../explain_link.ts";
import type { ConnectPlan, HttpLink, Protocol } from "../protocols/mod.ts";
import { readTlsFacts } from "../tls_facts.ts";
import { median } from "../ui/units.ts";
import type { ProbeSample, ProbeTiming, ProtocolFacts } from "./facts.ts";
import { measure } from "./measure.ts";

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

/** Probes one protocol of a server over `repeat` connections, one after the other. */
export async function probeProtocol(
  protocol: Protocol,
  plan: ConnectPlan,
  options: { readonly repeat: number; readonly fields: readonly [string, string][] },
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
      const why = { code: failure.code, text: failure.message, rule: failure.rule ?? null };
      return { facts: { name: protocol.name, state: "failed", why }, error: failure, isPartial: false };
    }
    isPartial = true;
  }
  const tls = plan.target.scheme === "http" ? undefined : await readTlsFacts({
    hostname: plan.hostname,
    port: plan.port,
    serverName: plan.serverName,
    alpn: [samples[0]!.alpn ?? protocol.name],
  });
  const facts: ProtocolFacts = {
    name: protocol.name,
    state: "works",
    samples,
    timing: medianTiming(samples),
    nextMs: present(samples.map((sample) => sample.next?.waitMs ?? null)),
    pingMs: present(samples.map((sample) => sample.pingMs)),
    tls: tls === undefined ? null : { version: tls.version, cipher: tls.cipher },
    certificate: tls?.certificate ?? null,
  };
  return { facts, error: undefined, isPartial };
}
