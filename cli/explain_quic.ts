import { CliError, EXIT } from "./errors.ts";
import { transportError } from "./explain_error.ts";
import type { ConnectPlan } from "./protocols/mod.ts";
import { hostPort } from "./target.ts";
import { readTlsFacts } from "./tls_facts.ts";
import { formatDuration } from "./ui/units.ts";
import { TransportError } from "../semantics/errors.ts";
import { CertificateError, PermissionError } from "../transport/errors.ts";

/** How long TCP may take to show that it answers where UDP did not, in milliseconds. */
const TCP_TIMEOUT_MS = 300;

/** Whether TCP answers on the same port: yes, no by a refusal, or no word at all. */
async function tcpAnswers(plan: ConnectPlan): Promise<"yes" | "no" | "silent"> {
  const { connectTcp } = await import("../transport/deno_tcp.ts");
  try {
    const { hostname, port, signal } = plan;
    (await connectTcp({ hostname, port, signal, timeoutMs: TCP_TIMEOUT_MS })).close();
    return "yes";
  } catch (error) {
    return error instanceof TransportError && error.code === "refused" ? "no" : "silent";
  }
}

async function noAnswer(error: TransportError, plan: ConnectPlan, waitedMs: number): Promise<CliError> {
  const where = hostPort(plan.hostname, plan.port);
  const tcp = await tcpAnswers(plan);
  const says = {
    yes: `TCP ${plan.port} does answer: UDP is closed there, or filtered on the way`,
    no: `TCP ${plan.port} is closed as well: probably nothing listens there`,
    silent: `TCP ${plan.port} does not answer either`,
  }[tcp];
  return new CliError(`no answer over QUIC (UDP) from ${where} within ${formatDuration(waitedMs)}`, {
    code: "no-udp",
    exit: EXIT.UNREACHABLE,
    evidence: [says],
    hints: [
      tcp === "yes"
        ? "--http 2 uses TCP; a firewall that drops UDP looks like this"
        : "check the host and the port",
    ],
    cause: error,
  });
}

/** `-k` over QUIC goes by the certificate that TCP shows: without it there is nothing to go by. */
function noPin(error: TransportError, plan: ConnectPlan): CliError {
  return new CliError(`-k cannot be used over QUIC with ${hostPort(plan.hostname, plan.port)}`, {
    code: "no-pin",
    exit: EXIT.TLS,
    evidence: [
      "it takes the certificate that the same port shows over TCP, and there is none",
      ...error.cause instanceof Error ? [error.cause.message] : [],
    ],
    hints: [
      "--ca FILE trusts the certificate",
      `deno run --unsafely-ignore-certificate-errors=${plan.hostname} … looks at none`,
    ],
    cause: error,
  });
}

async function badCertificate(error: TransportError, plan: ConnectPlan): Promise<CliError> {
  const facts = await readTlsFacts({ ...plan, alpn: [], timeoutMs: TCP_TIMEOUT_MS });
  const found = transportError(error, plan, facts, "h3");
  const isDate = error instanceof CertificateError &&
    (error.problem === "expired" || error.problem === "not-yet-valid");
  const { code, exit, evidence } = found;
  let hints = found.hints;
  if (plan.insecure && isDate) {
    hints = ["-k over QUIC cannot overlook dates; with --http 2 it does"];
  } else if (plan.insecure) {
    hints = ["-k over QUIC takes the certificate that TCP shows; over UDP there is another one"];
  } else if (isDate) {
    hints = ["check the clock; --http 2 -k accepts it for this run"];
  }
  return new CliError(found.message, {
    code,
    exit,
    hints,
    cause: error,
    evidence: [...evidence, "over QUIC"],
  });
}

/** QUIC needs a UDP socket of its own beside the way to the server. */
function noSocket(error: TransportError, plan: ConnectPlan): CliError {
  const where = hostPort(plan.hostname, plan.port);
  const flag = error instanceof PermissionError ? error.flag.replace(/^--allow-net=?/, "") : "";
  return new CliError("this run may not open a UDP socket", {
    code: "permission",
    exit: EXIT.PERMISSION,
    evidence: [error.message],
    hints: [
      flag === "" || flag === where
        ? `--allow-net=${where} or -N allows it, --http 2 needs none`
        : `--allow-net=${where},${flag} or -N allows it, --http 2 needs none`,
    ],
    cause: error,
  });
}

/** Makes a `CliError` of a QUIC connect that failed: each reason has its own sentence and hint. */
export async function explainQuicError(
  error: unknown,
  plan: ConnectPlan,
  waitedMs: number,
): Promise<unknown> {
  if (!(error instanceof TransportError) || plan.signal.aborted) return error;
  switch (error.code) {
    case "timeout":
      return await noAnswer(error, plan, waitedMs);
    case "certificate":
      return await badCertificate(error, plan);
    case "unsupported":
      return plan.insecure ? noPin(error, plan) : transportError(error, plan, undefined, "h3");
    case "permission":
      return noSocket(error, plan);
    case "refused":
      return new CliError(`${hostPort(plan.hostname, plan.port)} takes no more QUIC connections`, {
        code: "refused",
        exit: EXIT.UNREACHABLE,
        evidence: ["the server refused ours before the handshake"],
        hints: ["try again later, or --http 2"],
        cause: error,
      });
  }
  return transportError(error, plan, undefined, "h3");
}
