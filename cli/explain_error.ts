import { CliError, EXIT, type ExitCode } from "./errors.ts";
import type { ConnectPlan, ProtocolName } from "./protocols/mod.ts";
import { ConnectionError, StreamError, TransportError } from "../semantics/errors.ts";
import { CertificateError, type CertificateProblem } from "../transport/errors.ts";
import type { TlsFacts } from "./tls_facts.ts";
import { hostPort } from "./target.ts";
import { formatDuration } from "./ui/units.ts";
import { printable } from "./ui/style.ts";
import { PROGRAM } from "./version.ts";

/** The run was ended from outside. */
export class Interrupted extends Error {
  /** The name of the class, as in stack traces. */
  override readonly name: string = "Interrupted";
  /** The exit code that tells how. */
  readonly exit: ExitCode;

  /** Makes the reason of an abort. */
  constructor(exit: ExitCode) {
    super("interrupted");
    this.exit = exit;
  }
}

/** The message of an error and of what lies under it, innermost last, without repetition. */
function causes(error: unknown): string[] {
  const lines: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (!lines.some((line) => line.includes(at.message))) lines.push(at.message);
  }
  return lines;
}

function denoSays(error: Error): string[] {
  return causes(error.cause).slice(-1).map((line) => `Deno: ${printable(line)}`);
}

/** An error that no command expected: a bug of this tool. */
function bug(error: unknown): CliError {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return new CliError("this is a bug of the tool", {
    code: "bug",
    exit: EXIT.BUG,
    evidence: text.split("\n").slice(0, 12).map((line) => line.trim()),
    hints: ["please report it, with the command line and these lines"],
    cause: error,
  });
}

/** The error of the connection or stream that lies at the bottom: what it says is the most exact. */
function innermost(error: ConnectionError | StreamError): ConnectionError | StreamError {
  let found = error;
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof ConnectionError || at instanceof StreamError) found = at;
  }
  return found;
}

/** Rules that only say what a peer did within its rights. */
const HARMLESS: ReadonlySet<string> = new Set([
  "9113-6.4:received",
  "9113-6.8:refused",
  "9114-4.1.1:cancelled",
  "9114-5.2:refused",
]);

function isHttp3(error: ConnectionError | StreamError): boolean {
  return /^(?:H3|QPACK)_/.test(error.code);
}

function blame(error: ConnectionError | StreamError): { readonly what: string; readonly code: string } {
  const version = isHttp3(error) ? "HTTP/3" : "HTTP/2";
  if (error.rule?.startsWith("limit:")) return { what: "the peer went over a limit of ours", code: "limit" };
  if (error.rule !== undefined && error.initiator === "remote" && !HARMLESS.has(error.rule)) {
    return { what: `the peer broke ${version}`, code: "protocol" };
  }
  if (error.scope === "stream") return { what: "the peer gave the request up", code: "reset" };
  return { what: "the connection failed", code: "connection" };
}

function protocolError(outer: ConnectionError | StreamError, plan: ConnectPlan | undefined): CliError {
  const error = innermost(outer);
  const rule = error.rule ?? outer.rule;
  const hints = rule === undefined ? [] : [`${PROGRAM} explain ${rule}`];
  if (plan !== undefined) {
    const version = isHttp3(error) ? "3" : "2";
    hints.push(`${PROGRAM} get ${plan.target.url} --http ${version} -vv shows the frames`);
  }
  const { what, code } = blame(error);
  const message = printable(
    error.message.replace(/ \[[^\]]*\]$/, "").replace(/^Cannot go on with [^:]*: /, ""),
  );
  return new CliError(`${what}: ${message}${rule === undefined ? "" : ` (${rule})`}`, {
    code,
    exit: EXIT.PEER,
    evidence: [
      `code ${printable(error.code)}${
        error.wireCode === undefined ? "" : ` (0x${error.wireCode.toString(16)})`
      }`,
    ],
    hints,
    rule,
    cause: outer,
  });
}

/** Makes a `CliError` of whatever a run ended with. */
export function explainError(error: unknown, plan?: ConnectPlan): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof Interrupted) {
    return new CliError("interrupted", { code: "interrupted", exit: error.exit });
  }
  if (error instanceof DOMException && error.name === "TimeoutError") return timeout(plan, error);
  if (error instanceof TransportError) return transportError(error, plan, undefined);
  if (error instanceof ConnectionError || error instanceof StreamError) {
    const under = error.cause;
    if (under instanceof DOMException && under.name === "TimeoutError") return timeout(plan, error);
    if (under instanceof Interrupted || under instanceof CliError) return explainError(under, plan);
    const refused = refusedRequest(under);
    if (refused !== undefined) return refused;
    return protocolError(error, plan);
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new CliError(`a permission is missing: ${error.message.split(",")[0]}`, {
      code: "permission",
      exit: EXIT.PERMISSION,
      hints: ["-N grants the network, -R reading files, -W writing them"],
      cause: error,
    });
  }
  return refusedRequest(error) ?? bug(error);
}

/** Our own end refuses to send what breaks HTTP: then it is the command line that asked for it. */
function refusedRequest(error: unknown): CliError | undefined {
  const match = error instanceof TypeError ? /^Cannot .*?: (.*) \[([\w.:-]+)\]$/.exec(error.message) : null;
  if (match === null) return undefined;
  return new CliError(`such a request cannot be sent: ${match[1]} (${match[2]})`, {
    code: "request",
    exit: EXIT.USAGE,
    hints: [`${PROGRAM} explain ${match[2]}`],
    rule: match[2],
    cause: error,
  });
}

function timeout(plan: ConnectPlan | undefined, error: unknown): CliError {
  const where = plan === undefined ? "" : ` from ${hostPort(plan.hostname, plan.port)}`;
  const within = plan?.timeoutMs === undefined ? "in time" : `within ${formatDuration(plan.timeoutMs)}`;
  return new CliError(`no answer${where} ${within}`, {
    code: "timeout",
    exit: EXIT.UNREACHABLE,
    hints: ["--timeout 30s waits longer"],
    cause: error,
  });
}

/** Makes a `CliError` of a failed connect; `facts` are what a second look at the server showed. */
export function transportError(
  error: TransportError,
  plan: ConnectPlan | undefined,
  facts: TlsFacts | undefined,
  protocol: ProtocolName = "h2",
): CliError {
  const where = plan === undefined ? "the server" : hostPort(plan.hostname, plan.port);
  const host = plan?.hostname ?? "the host";
  const evidence = denoSays(error);
  const details = { evidence, cause: error };
  switch (error.code) {
    case "dns":
      return new CliError(`there is no host called ${host}`, {
        ...details,
        code: "dns",
        exit: EXIT.UNREACHABLE,
        hints: ["check the spelling; --connect ADDRESS goes around the name look-up"],
      });
    case "refused":
      return new CliError(`nothing listens on ${where}`, {
        ...details,
        code: "refused",
        exit: EXIT.UNREACHABLE,
        hints: [`check the port; ${PROGRAM} serve starts a server here`],
      });
    case "unreachable":
      return new CliError(`there is no way to ${where}`, {
        ...details,
        code: "unreachable",
        exit: EXIT.UNREACHABLE,
        hints: ["check the network and the address"],
      });
    case "timeout":
      return timeout(plan, error);
    case "certificate":
      return certificateError(error, plan, facts);
    case "alpn":
      return notOffered(plan, protocol, facts, details);
    case "tls":
      return tlsError(where, protocol, error, details);
    case "permission":
      return new CliError(`this run may not use the network for ${where}`, {
        ...details,
        code: "permission",
        exit: EXIT.PERMISSION,
        hints: [`deno run --unstable-net --allow-net=${where} cli/main.ts …`],
      });
    case "aborted":
      if (error.cause instanceof DOMException && error.cause.name === "TimeoutError") {
        return timeout(plan, error);
      }
      if (error.cause instanceof Interrupted) return explainError(error.cause, plan);
      break;
  }
  return new CliError(`the connection to ${where} was lost`, {
    code: error.code,
    exit: EXIT.UNREACHABLE,
    evidence: evidence.length > 0 ? evidence : [printable(error.message)],
    hints: [`${PROGRAM} probe ${plan?.target.url ?? "URL"} shows how far a connection comes`],
    cause: error,
  });
}

/** The server speaks TLS, but not the protocol that was offered. */
export function notOffered(
  plan: ConnectPlan | undefined,
  protocol: ProtocolName,
  facts: TlsFacts | undefined,
  details: { readonly evidence: readonly string[]; readonly cause?: unknown },
): CliError {
  const where = plan === undefined ? "the server" : hostPort(plan.hostname, plan.port);
  const chose = facts === undefined
    ? []
    : [`without an offer of ours the server speaks ${facts.alpn ?? "no named protocol"}`];
  const isH2 = protocol === "h2";
  return new CliError(`${where} does not offer HTTP/${protocol.slice(1)}`, {
    code: "alpn",
    exit: EXIT.PROTOCOL,
    evidence: [...details.evidence, ...chose, isH2 ? "we offered h2" : "we offered h3 over QUIC"],
    hints: [
      isH2
        ? "the server has to offer h2 by ALPN (this tool speaks no HTTP/1.1); --http 3 tries HTTP/3"
        : "the server has to offer h3 by ALPN; --http 2 tries HTTP/2",
    ],
    cause: details.cause,
  });
}

function tlsError(
  where: string,
  protocol: ProtocolName,
  error: TransportError,
  details: { readonly evidence: readonly string[] },
): CliError {
  const text = causes(error).join(" ");
  if (/corrupt message|InvalidContentType|not TLS|plain/i.test(text)) {
    return new CliError(`${where} does not speak TLS`, {
      ...details,
      code: "not-tls",
      exit: EXIT.TLS,
      hints: [`http://${where}/ speaks HTTP/2 without TLS, if the server does (prior knowledge)`],
      cause: error,
    });
  }
  return new CliError(`the TLS handshake with ${where} failed`, {
    ...details,
    code: "tls",
    exit: EXIT.TLS,
    hints: [
      protocol === "h2"
        ? "the server has to speak TLS 1.2 or 1.3"
        : "QUIC has TLS 1.3 in it; --http 2 shows whether TLS over TCP works",
    ],
    cause: error,
  });
}

function describeCertificate(facts: TlsFacts | undefined): string[] {
  const certificate = facts?.certificate;
  if (certificate === undefined || certificate === null) return [];
  const issuer = certificate.selfIssued
    ? "issued by itself"
    : `issued by ${certificate.issuer || "nobody named"}`;
  const left = certificate.daysLeft < 0
    ? `expired ${-certificate.daysLeft} days ago`
    : `${certificate.daysLeft} days left`;
  return [printable(`the certificate is of ${certificate.subject || "nobody named"}, ${issuer}, ${left}`)];
}

const PROBLEMS: Readonly<Record<CertificateProblem, string>> = {
  "unknown-issuer": "is not trusted",
  "wrong-name": "is for other names",
  "expired": "has expired",
  "not-yet-valid": "is not valid yet",
  "authority": "is that of an authority, not of a server",
  "refused": "was accepted, but the server refused ours",
  "other": "cannot be accepted",
};

function wrongName(
  error: CertificateError,
  plan: ConnectPlan | undefined,
  facts: TlsFacts | undefined,
): string[][] {
  const names = error.coveredNames.length > 0 ? error.coveredNames : facts?.certificate?.names ?? [];
  const shown = printable(names.slice(0, 8).join(", ")) + (names.length > 8 ? ", …" : "");
  const other = names.find((name) => !name.includes("*"));
  return [
    [`wanted ${plan?.serverName ?? "another name"}`, ...names.length === 0 ? [] : [`it covers ${shown}`]],
    [`--sni ${
      other === undefined ? "NAME" : printable(other)
    } asks for another name, -k accepts it for this run`],
  ];
}

function certificateError(
  error: TransportError,
  plan: ConnectPlan | undefined,
  facts: TlsFacts | undefined,
): CliError {
  const where = plan === undefined ? "the server" : hostPort(plan.hostname, plan.port);
  const problem = error instanceof CertificateError ? error.problem : "other";
  let evidence = [...denoSays(error), ...describeCertificate(facts)];
  let hints = ["--ca FILE trusts it, -k accepts it for this run"];
  if (error instanceof CertificateError && problem === "wrong-name") {
    [evidence, hints] = wrongName(error, plan, facts) as [string[], string[]];
  } else if (problem === "expired" || problem === "not-yet-valid") {
    hints = ["check the clock; -k accepts it for this run"];
  }
  return new CliError(`the certificate of ${where} ${PROBLEMS[problem]}`, {
    code: problem === "unknown-issuer" ? "certificate" : `certificate-${problem}`,
    exit: EXIT.TLS,
    evidence,
    hints,
    cause: error,
  });
}
