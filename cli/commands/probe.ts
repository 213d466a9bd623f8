import { makePlan, parseFields, type PlanContext } from "../connect_plan.ts";
import { type CliError, EXIT } from "../errors.ts";
import { Interrupted } from "../explain_error.ts";
import type { ConnectFlags, OutputFlags } from "../flags.ts";
import { openIo } from "../io.ts";
import { requirePermissions } from "../permissions.ts";
import { altSvcWords, parseAltSvc, planFor } from "../probe/alt_svc.ts";
import { type Choice, chooseProtocols } from "../protocols/choose.ts";
import { type ConnectPlan, type Protocol, PROTOCOLS } from "../protocols/mod.ts";
import type { FoundBy, ProbeReport, ProtocolFacts } from "../probe/facts.ts";
import { findingsOf } from "../probe/findings.ts";
import { probeJson } from "../probe/probe_json.ts";
import { probeProtocol, type ProtocolProbe } from "../probe/probe_protocol.ts";
import { printProbe } from "../probe/probe_text.ts";
import { checkSlo, parseSlo } from "../probe/slo.ts";
import type { CliContext } from "../routes.ts";
import { listenForInterrupt, runCommand } from "../run_command.ts";
import { hostPort, parseTarget } from "../target.ts";

/** The flags of `probe`. */
export interface ProbeFlags extends ConnectFlags, OutputFlags {
  /** Connections; timings are medians. */
  readonly repeat: number;
  /** Limits, as `name=ms,…`. */
  readonly slo?: string;
  /** The least finding that makes the exit code 1. */
  readonly failOn: "warn" | "fail" | "never";
}

/** `tandem probe [URL]`: what a server speaks, how well and how fast. */
export async function probe(this: CliContext, flags: ProbeFlags, url?: string): Promise<void> {
  await runCommand(this, () => runProbe(flags, url));
}

/** A server to probe where the user names none. */
interface BuiltIn extends AsyncDisposable {
  readonly plan: ConnectPlan;
}

async function startBuiltIn(flags: ProbeFlags, context: PlanContext): Promise<BuiltIn> {
  await requirePermissions([{ name: "net", host: "127.0.0.1" }], "probe");
  const { makeDevCertificate } = await import("../dev_cert.ts");
  const { echoHandler } = await import("../serve/echo.ts");
  const { serve } = await import("../../surface/serve.ts");
  const { cert, key } = await makeDevCertificate();
  const server = serve({ hostname: "127.0.0.1", port: 0, cert, key, onError(): void {} }, echoHandler);
  const target = parseTarget(`https://localhost:${server.addr.port}/`, "probe");
  const { ca: _ca, connect: _connect, ...rest } = flags;
  const plan = await makePlan(target, { ...rest, connect: "127.0.0.1" }, { ...context, needs: [] });
  return {
    plan: { ...plan, caCerts: [cert] },
    async [Symbol.asyncDispose](): Promise<void> {
      server.close();
      await server.finished;
    },
  };
}

function skipped({ protocol, obstacle }: Pick<Choice, "protocol" | "obstacle">): ProtocolFacts {
  const why = obstacle === undefined
    ? { code: "not-asked", text: "not asked for (--http)", hint: null }
    : { code: obstacle.code, text: obstacle.text, hint: obstacle.hint };
  return {
    name: protocol.name,
    state: "skipped",
    why: { ...why, rule: null, evidence: [] },
    short: obstacle?.short ?? "not asked",
    isExpected: false,
  };
}

interface Asked {
  readonly flags: ProbeFlags;
  readonly plan: ConnectPlan;
  readonly protocol: Protocol;
  /** What is known of the protocols before it. */
  readonly known: readonly ProtocolFacts[];
}

/** Probes one protocol where the ones before it said that it is. */
async function probeOne({ flags, plan, protocol, known }: Asked): Promise<ProtocolProbe> {
  const before = known.find((facts) => facts.state === "works");
  const altSvc = protocol.name !== "h3" || before?.state !== "works"
    ? undefined
    : parseAltSvc(before.samples[0]!.first.altSvc);
  const isInsisted = flags.http !== "auto" || (protocol.name === "h2" && plan.target.scheme === "http");
  const foundBy: FoundBy = protocol.name === "h3"
    ? altSvc === undefined ? "asked" : "alt-svc"
    : plan.target.scheme === "http"
    ? "prior-knowledge"
    : "alpn";
  const probed = await probeProtocol(protocol, altSvc === undefined ? plan : planFor(plan, altSvc), {
    repeat: flags.repeat,
    fields: parseFields(flags.header),
    foundBy,
    isExpected: isInsisted || altSvc !== undefined,
  });
  if (altSvc === undefined || probed.facts.state !== "failed") return probed;
  const { why } = probed.facts;
  const evidence = [...why.evidence, altSvcWords(altSvc)];
  return { ...probed, facts: { ...probed.facts, why: { ...why, evidence } } };
}

async function makeReport(
  flags: ProbeFlags,
  plan: ConnectPlan,
  isBuiltIn: boolean,
): Promise<{ report: ProbeReport; error: CliError | undefined }> {
  const limits = parseSlo(flags.slo);
  const choices = chooseProtocols(flags.http, plan.target.scheme === "https");
  const at = new Date().toISOString();
  const startedAt = performance.now();
  const protocols: ProtocolFacts[] = [];
  let error: CliError | undefined;
  let isPartial = false;
  for (const protocol of PROTOCOLS) {
    const choice = choices.find((one) => one.protocol === protocol);
    if (choice === undefined || choice.obstacle !== undefined) {
      protocols.push(skipped(choice ?? { protocol, obstacle: undefined }));
      continue;
    }
    const probed = await probeOne({ flags, plan, protocol, known: protocols });
    protocols.push(probed.facts);
    if (probed.error !== undefined && (error === undefined || isMoreTelling(probed.error, error))) {
      error = probed.error;
    }
    isPartial ||= probed.isPartial;
  }
  const report: ProbeReport = {
    url: plan.target.url.href,
    at,
    where: hostPort(plan.hostname, plan.port),
    isBuiltIn,
    tookMs: performance.now() - startedAt,
    protocols,
    findings: findingsOf(protocols),
    slo: checkSlo(limits, protocols),
    isPartial,
  };
  return { report, error };
}

/** Whether an error says more than that nobody is there. */
function isMoreTelling(error: CliError, other: CliError): boolean {
  return other.exit === EXIT.UNREACHABLE && error.exit !== EXIT.UNREACHABLE;
}

function exitOf(report: ProbeReport, error: CliError | undefined, failOn: ProbeFlags["failOn"]): number {
  if (report.slo.some((result) => !result.met)) return EXIT.SLO;
  if (failOn === "never") return EXIT.OK;
  // A column that should be there and is not: its own code tells why.
  const isMissing = report.protocols.some((facts) => facts.state === "failed" && facts.isExpected);
  if (isMissing && error !== undefined) return error.exit;
  const bad = report.findings.some(({ severity }) =>
    severity === "fail" || (failOn === "warn" && severity === "warn")
  );
  return bad ? EXIT.FINDINGS : EXIT.OK;
}

/** The exit code of a report that was cut short by ctrl-c or `--timeout`. */
function endedEarly(reason: unknown): number {
  return reason instanceof Interrupted ? reason.exit : EXIT.UNREACHABLE;
}

async function runProbe(flags: ProbeFlags, url: string | undefined): Promise<number> {
  parseSlo(flags.slo);
  parseFields(flags.header);
  const target = url === undefined ? undefined : parseTarget(url, "probe");
  chooseProtocols(flags.http, target?.scheme !== "http");
  const io = openIo(flags);
  using interrupt = listenForInterrupt();
  const context: PlanContext = { command: "probe", needs: [], interrupt: interrupt.signal };
  await using builtIn = target === undefined ? await startBuiltIn(flags, context) : undefined;
  const plan = builtIn === undefined ? await makePlan(target!, flags, context) : builtIn.plan;
  using _log = plan.qlog;
  const { report, error } = await makeReport(flags, plan, builtIn !== undefined);
  // Where nothing works there is nothing to report but the error.
  if (error !== undefined && !report.protocols.some(({ state }) => state === "works")) throw error;
  if (flags.json === true) io.out(JSON.stringify(probeJson(report)) + "\n");
  else await printProbe(io, report);
  if (report.isPartial) return endedEarly(plan.signal.reason);
  return exitOf(report, error, flags.failOn);
}
