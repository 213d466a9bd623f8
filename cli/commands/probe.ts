import { makePlan, parseFields, type PlanContext } from "../connect_plan.ts";
import { type CliError, EXIT } from "../errors.ts";
import { Interrupted } from "../explain_error.ts";
import type { ConnectFlags, OutputFlags } from "../flags.ts";
import { openIo } from "../io.ts";
import { requirePermissions } from "../permissions.ts";
import { chooseProtocols } from "../protocols/choose.ts";
import { type ConnectPlan, type Protocol, PROTOCOLS } from "../protocols/mod.ts";
import type { ProbeReport, ProtocolFacts } from "../probe/facts.ts";
import { findingsOf } from "../probe/findings.ts";
import { probeJson } from "../probe/probe_json.ts";
import { probeProtocol } from "../probe/probe_protocol.ts";
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
  const made = await makeDevCertificate();
  const server = await PROTOCOLS[0]!.listen({
    hostname: "127.0.0.1",
    port: 0,
    tls: made,
    handler: echoHandler,
    onError(): void {},
  });
  const target = parseTarget(`https://localhost:${server.port}/`, "probe");
  const { ca: _ca, connect: _connect, ...rest } = flags;
  const plan = await makePlan(target, { ...rest, connect: "127.0.0.1" }, { ...context, needs: [] });
  return {
    plan: { ...plan, caCerts: [made.cert] },
    async [Symbol.asyncDispose](): Promise<void> {
      server.close();
      await server.shutdown(0);
    },
  };
}

function skipped(protocol: Protocol): ProtocolFacts {
  const why = protocol.unavailable ?? { code: "not-asked", text: "not asked for (--http)" };
  return { name: protocol.name, state: "skipped", why: { ...why, rule: null } };
}

async function makeReport(
  flags: ProbeFlags,
  plan: ConnectPlan,
  isBuiltIn: boolean,
): Promise<{ report: ProbeReport; error: CliError | undefined }> {
  const limits = parseSlo(flags.slo);
  const fields = parseFields(flags.header);
  const asked = chooseProtocols(flags.http);
  const at = new Date().toISOString();
  const startedAt = performance.now();
  const protocols: ProtocolFacts[] = [];
  let error: CliError | undefined;
  let isPartial = false;
  for (const protocol of PROTOCOLS) {
    if (!asked.includes(protocol) || protocol.unavailable !== undefined) {
      protocols.push(skipped(protocol));
      continue;
    }
    const probed = await probeProtocol(protocol, plan, { repeat: flags.repeat, fields });
    protocols.push(probed.facts);
    error ??= probed.error;
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

function exitOf(report: ProbeReport, failOn: ProbeFlags["failOn"]): number {
  if (report.slo.some((result) => !result.met)) return EXIT.SLO;
  if (failOn === "never") return EXIT.OK;
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
  chooseProtocols(flags.http);
  const target = url === undefined ? undefined : parseTarget(url, "probe");
  const io = openIo(flags);
  using interrupt = listenForInterrupt();
  const context: PlanContext = { command: "probe", needs: [], interrupt: interrupt.signal };
  await using builtIn = target === undefined ? await startBuiltIn(flags, context) : undefined;
  const plan = builtIn === undefined ? await makePlan(target!, flags, context) : builtIn.plan;
  const { report, error } = await makeReport(flags, plan, builtIn !== undefined);
  // Where nothing works there is nothing to report but the error.
  if (error !== undefined && !report.protocols.some(({ state }) => state === "works")) throw error;
  if (flags.json === true) io.out(JSON.stringify(probeJson(report)) + "\n");
  else await printProbe(io, report);
  if (report.isPartial) return endedEarly(plan.signal.reason);
  return exitOf(report, flags.failOn);
}
