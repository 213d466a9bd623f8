import { CliError, EXIT } from "../errors.ts";
import { hostPort } from "../target.ts";
import type { Listening, ListenPlan, Protocol, ProtocolName } from "../protocols/mod.ts";
import { TransportError } from "../../semantics/errors.ts";
import { altSvcValue, announceAltSvc } from "./alt_svc.ts";

/** How often a free TCP port is looked for whose UDP namesake is free as well. */
const MAX_TRIES = 20;

/** What listens, by protocol; all on the same port number. */
export type Servers = Map<ProtocolName, Listening>;

/** What differs between the protocols. */
export interface ListenAllPlan extends Omit<ListenPlan, "traceOf"> {
  /** Makes the trace hook of a new connection. */
  readonly traceOf?:
    | ((protocol: Protocol, connection: number) => NonNullable<ReturnType<TraceOf>>)
    | undefined;
}

type TraceOf = NonNullable<ListenPlan["traceOf"]>;

function explain(error: unknown, protocol: Protocol, plan: ListenAllPlan, port: number): unknown {
  if (!(error instanceof TransportError)) return error;
  const where = `${protocol.name === "h3" ? "UDP " : ""}${hostPort(plan.hostname, port)}`;
  if (error.code === "tls") {
    return new CliError("the certificate and the key cannot be used together", {
      code: "certificate",
      exit: EXIT.TLS,
      evidence: [error.message],
      hints: ["--cert and --key take the two files of one certificate, PEM"],
      cause: error,
    });
  }
  const isTaken = error.code === "in-use";
  const hint = !isTaken
    ? "check the address; a port below 1024 may need rights"
    : protocol.name === "h3"
    ? "--port 0 picks a port that is free for TCP and UDP; --http 2 needs no UDP"
    : "--port 0 picks a free port";
  return new CliError(isTaken ? `${where} is taken` : `cannot listen on ${where}`, {
    code: isTaken ? "in-use" : "listen",
    exit: EXIT.UNREACHABLE,
    evidence: [error.message],
    hints: [hint],
    cause: error,
  });
}

async function listenOnce(protocols: readonly Protocol[], plan: ListenAllPlan): Promise<Servers> {
  const servers: Servers = new Map();
  const { traceOf } = plan;
  // HTTP/2 says where HTTP/3 is, once that is known.
  const altSvc = () => {
    const h3 = servers.get("h3");
    return h3 === undefined ? undefined : altSvcValue(h3.port);
  };
  let port = plan.port;
  for (const protocol of protocols) {
    try {
      const server = await protocol.listen({
        ...plan,
        port,
        handler: protocol.name === "h2" && protocols.length > 1
          ? announceAltSvc(plan.handler, altSvc)
          : plan.handler,
        traceOf: traceOf === undefined ? undefined : (connection) => traceOf(protocol, connection),
      });
      servers.set(protocol.name, server);
      port = server.port;
    } catch (error) {
      for (const server of servers.values()) await server.close();
      const isRetry = plan.port === 0 && servers.size > 0 && error instanceof TransportError &&
        error.code === "in-use";
      throw isRetry ? error : explain(error, protocol, plan, port);
    }
  }
  return servers;
}

/**
 * Listens by all of `protocols` on one port number. Port 0 takes a TCP port that is free for UDP as well.
 * HTTP/2 responses announce HTTP/3 by `alt-svc` where both are there.
 */
export async function listenAll(protocols: readonly Protocol[], plan: ListenAllPlan): Promise<Servers> {
  for (let tries = 1;; tries++) {
    try {
      return await listenOnce(protocols, plan);
    } catch (error) {
      if (error instanceof TransportError && tries < MAX_TRIES) continue;
      throw explain(error, protocols.at(-1)!, plan, plan.port);
    }
  }
}
