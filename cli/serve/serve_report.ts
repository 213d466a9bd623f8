import type { HttpServer } from "../../surface/serve_options.ts";
import type { Io } from "../io.ts";
import type { Choice } from "../protocols/choose.ts";
import { type ProtocolName, PROTOCOLS } from "../protocols/mod.ts";
import { hostPort } from "../target.ts";
import { PROGRAM, VERSION } from "../version.ts";
import type { ServerCertificate } from "./certificate.ts";

/** What a server says once it listens. */
export interface ServeFacts {
  /** The directory, `undefined` for the echo. */
  readonly directory: string | undefined;
  /** The address that was asked for. */
  readonly hostname: string;
  /** The certificate, `undefined` without TLS. */
  readonly certificate: ServerCertificate | undefined;
  /** The server. */
  readonly server: Pick<HttpServer, "addr" | "protocols">;
  /** How many threads serve; HTTP/3 is in the first alone. */
  readonly workers: number;
  /** What was asked for, and what kept it from being served. */
  readonly choices: readonly Choice[];
}

function urlHost(facts: ServeFacts): string {
  return facts.hostname === "0.0.0.0" || facts.hostname === "::" ? "localhost" : facts.hostname;
}

/** The document of `tandem.serve/1`: the first line of stdout under `--json`. */
export function serveJson(facts: ServeFacts): Record<string, unknown> {
  const scheme = facts.certificate === undefined ? "http" : "https";
  const { addr, protocols } = facts.server;
  const document: Record<string, unknown> = { schema: "tandem.serve/1" };
  for (const { name } of PROTOCOLS) {
    document[name] = !protocols.includes(name) ? null : {
      port: addr.port,
      hostname: addr.hostname,
      url: `${scheme}://${hostPort(urlHost(facts), addr.port)}/`,
    };
  }
  const { certificate } = facts;
  document["workers"] = facts.workers;
  document["serves"] = facts.directory === undefined ? "echo" : "files";
  document["directory"] = facts.directory ?? null;
  document["certificate"] = certificate === undefined ? null : {
    sha256: certificate.sha256,
    path: certificate.path ?? null,
    names: certificate.names ?? null,
    notAfter: certificate.notAfter?.toISOString() ?? null,
  };
  return document;
}

function channelOf(protocol: ProtocolName, facts: ServeFacts): string {
  if (protocol === "h3") {
    const one = facts.workers === 1 ? "" : ", in one worker";
    return facts.server.protocols.includes("h2") ? `QUIC, announced by Alt-Svc${one}` : "QUIC";
  }
  return facts.certificate === undefined ? "no TLS (prior knowledge)" : "TLS";
}

/** The same for people. */
export function printListening(io: Io, facts: ServeFacts): void {
  const { bold, cyan, dim } = io.outStyle;
  const { certificate } = facts;
  const scheme = certificate === undefined ? "http" : "https";
  const what = facts.directory === undefined ? "an echo" : `${facts.directory} (read only)`;
  const where = facts.workers === 1 ? "" : ` in ${facts.workers} workers`;
  const lines = [bold(`${PROGRAM} ${VERSION} serving ${what}${where}`)];
  const url = `${scheme}://${hostPort(urlHost(facts), facts.server.addr.port)}`;
  for (const protocol of PROTOCOLS) {
    if (!facts.server.protocols.includes(protocol.name)) {
      const obstacle = facts.choices.find((choice) => choice.protocol === protocol)?.obstacle;
      if (obstacle !== undefined) lines.push(dim(`  ${protocol.name}   not served: ${obstacle.text}`));
      continue;
    }
    lines.push(`  ${protocol.name}   ${cyan(url)}   ${channelOf(protocol.name, facts)}`);
  }
  if (certificate !== undefined) {
    const pairs = certificate.sha256.match(/../g)!.join(":");
    lines.push(
      certificate.names === undefined
        ? `  certificate  ${certificate.path}`
        : `  certificate  made now for ${certificate.names.join(", ")}; valid until ${
          certificate.notAfter!.toISOString().slice(0, 10)
        }`,
      dim(`               sha256 ${pairs}`),
      dim(`               base64 ${Uint8Array.fromHex(certificate.sha256).toBase64()}`),
    );
    if (certificate.names !== undefined) {
      lines.push(
        dim(
          certificate.path === undefined
            ? "               written nowhere; --cert-out DIR keeps it"
            : `               kept in ${certificate.path}`,
        ),
      );
    }
  }
  const trust = certificate === undefined || certificate.names === undefined ? "" : "-k ";
  lines.push(`  try  ${PROGRAM} get ${trust}${url}/     ctrl-c stops, twice at once`, "");
  io.out(lines.join("\n") + "\n");
}
