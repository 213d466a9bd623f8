import type { ConnectPlan, HttpLink, Protocol } from "../protocols/mod.ts";
import type { ClientExchange } from "../../shell/client_exchange.ts";
import type { ProbeAnswer, ProbeSample, ProbeTiming } from "./facts.ts";
import { PROGRAM, VERSION } from "../version.ts";

/** Bodies are read up to here, in bytes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** A PING without an answer for so long is lost, in milliseconds. */
const PING_TIMEOUT_MS = 3000;

async function readBody(exchange: ClientExchange): Promise<{ bytes: number; isWhole: boolean }> {
  const response = await exchange.response;
  let bytes = 0;
  if (response.body === null) return { bytes, isWhole: true };
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return { bytes, isWhole: false }; // leaving the loop cancels the rest
  }
  return { bytes, isWhole: true };
}

async function ask(
  link: HttpLink,
  plan: ConnectPlan,
  fields: readonly [string, string][],
): Promise<ProbeAnswer> {
  const interim: number[] = [];
  const sentAt = performance.now();
  const exchange = link.request({
    method: "GET",
    scheme: plan.target.scheme,
    authority: plan.target.authority,
    path: plan.target.path,
    fields: [["user-agent", `${PROGRAM}/${VERSION}`], ["accept", "*/*"], ...fields],
    signal: plan.signal,
    onInterim: (head) => {
      if (interim.length < 100) interim.push(head.status);
    },
  });
  exchange.closed.catch(() => {}); // told by `response` and the body
  const response = await exchange.response;
  const waitMs = performance.now() - sentAt;
  const { bytes, isWhole } = await readBody(exchange);
  return {
    status: response.status,
    waitMs,
    bodyBytes: bytes,
    isWhole,
    interim,
    hasDate: response.fields.has("date"),
    altSvc: response.fields.get("alt-svc") ?? null,
  };
}

async function pingOnce(link: HttpLink): Promise<number | null> {
  if (link.ping === undefined || link.isClosed) return null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => timer = setTimeout(resolve, PING_TIMEOUT_MS, null));
  const answer = link.ping().catch(() => null);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function askAgain(
  link: HttpLink,
  plan: ConnectPlan,
  fields: readonly [string, string][],
): Promise<ProbeAnswer | null> {
  if (link.isClosed) return null;
  try {
    return await ask(link, plan, fields);
  } catch (error) {
    if (plan.signal.aborted) throw error;
    return null; // a finding, not a failure: the first answer was there
  }
}

/** Opens one connection and does all that the probe does on it. `onLink` is told of the connection. */
export async function measure(
  protocol: Protocol,
  plan: ConnectPlan,
  fields: readonly [string, string][],
  onLink: (link: HttpLink) => void,
): Promise<ProbeSample> {
  const startedAt = performance.now();
  const link = await protocol.connect(plan, undefined);
  onLink(link);
  link.ready.catch(() => {}); // the request fails with the same error
  try {
    const connectedMs = performance.now() - startedAt;
    const first = await ask(link, plan, fields);
    const totalMs = first.isWhole ? performance.now() - startedAt : null;
    await link.ready;
    const pingMs = await pingOnce(link);
    const next = await askAgain(link, plan, fields);
    const parts = link.info.timing;
    const timing: ProbeTiming = {
      dnsMs: parts?.dnsMs ?? null,
      tcpMs: parts?.tcpMs ?? null,
      tlsMs: parts?.tlsMs ?? null,
      quicMs: parts?.quicMs ?? null,
      waitMs: first.waitMs,
      ttfbMs: connectedMs + first.waitMs,
      totalMs,
    };
    return {
      timing,
      first,
      next,
      pingMs,
      settings: [...link.settings],
      alpn: link.info.alpn ?? null,
      address: link.info.remote?.hostname ?? null,
    };
  } finally {
    await link.close();
  }
}
