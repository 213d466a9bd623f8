import { CliError, EXIT } from "../errors.ts";
import { explainLinkError } from "../explain_link.ts";
import type { Choice } from "../protocols/choose.ts";
import type { ConnectPlan, HttpLink, Protocol, ProtocolName } from "../protocols/mod.ts";
import type { TraceHook } from "../../semantics/trace.ts";

/** How long HTTP/3 is tried alone before HTTP/2 is tried as well, in milliseconds. */
export const HEAD_START_MS = 200;

/** What became of a protocol that did not win. */
export interface Loser {
  /** Which one. */
  readonly protocol: ProtocolName;
  /** It was not needed, it was slower, it failed, or this run cannot use it. */
  readonly outcome: "not-tried" | "slower" | "failed" | "skipped";
  /** Why, where it failed or was skipped. */
  readonly why: { readonly code: string; readonly text: string; readonly hint: string | null } | null;
}

/** How `--http auto` came to its protocol. */
export interface RaceReport {
  /** The one that is used. */
  readonly winner: ProtocolName;
  /** How long the race took, in milliseconds. */
  readonly tookMs: number;
  /** The others. */
  readonly losers: readonly Loser[];
}

/** A connection, and the race that led to it if there was one. */
export interface Raced {
  /** The connection. */
  readonly link: HttpLink;
  /** The race; `undefined` where one protocol was asked for. */
  readonly race: RaceReport | undefined;
}

interface Runner {
  readonly protocol: Protocol;
  state: "waiting" | "trying" | "slower" | "failed";
  error: CliError | undefined;
}

/** Holds the events of each runner back until it is known whose are wanted. */
function openGate(trace: TraceHook | undefined) {
  const held = new Map<Protocol, Parameters<TraceHook>[0][]>();
  let winner: Protocol | undefined;
  return {
    hookOf(protocol: Protocol): TraceHook | undefined {
      if (trace === undefined) return undefined;
      const events: Parameters<TraceHook>[0][] = [];
      held.set(protocol, events);
      return (event) => {
        if (winner === undefined) events.push(event);
        else if (winner === protocol) trace(event);
      };
    },
    open(protocol: Protocol): void {
      winner = protocol;
      for (const event of held.get(protocol) ?? []) trace?.(event);
      held.clear();
    },
  };
}

/** The failure that tells most: the one of the protocol that came furthest, with the other's as evidence. */
function joinErrors(runners: readonly Runner[]): CliError {
  const depth = [EXIT.UNREACHABLE, EXIT.TLS, EXIT.PROTOCOL, EXIT.PEER] as readonly number[];
  // The oldest first: where both say as little, what TCP says is the surer.
  const failed = runners.filter(({ error }) => error !== undefined).toReversed();
  const byDepth = failed.toSorted((a, b) => depth.indexOf(b.error!.exit) - depth.indexOf(a.error!.exit));
  const first = byDepth[0]!;
  const error = first.error!;
  const others = byDepth.slice(1).filter((other) => other.error!.message !== error.message);
  if (others.length === 0) return error;
  return new CliError(error.message, {
    code: error.code,
    exit: error.exit,
    hints: error.hints,
    rule: error.rule,
    cause: error,
    evidence: [
      ...error.evidence,
      ...others.map((other) => `${other.protocol.title}: ${other.error!.message}`),
    ],
  });
}

/** Where there is nothing to be gained from the other protocol any more. */
function isFinal(error: CliError): boolean {
  return error.exit === EXIT.INTERRUPTED || error.exit === EXIT.TERMINATED || error.exit === EXIT.BUG ||
    error.code === "dns";
}

/**
 * Connects by the newest protocol, and by the next one as well if that takes longer than 200 ms or fails; the
 * first that is connected wins. Nothing is silent: the report names the winner, and why the others are not it.
 */
export async function connectFirst(
  choices: readonly Choice[],
  plan: ConnectPlan,
  trace: TraceHook | undefined,
): Promise<Raced> {
  const usable = choices.filter(({ obstacle }) => obstacle === undefined).map(({ protocol }) => protocol);
  if (usable.length === 1 && choices.length === 1) {
    return { link: await usable[0]!.connect(plan, trace), race: undefined };
  }
  await usable.at(-1)!.load(); // the newest, which gets the head start
  const startedAt = performance.now();
  const gate = openGate(trace);
  const losing = new AbortController();
  const signal = AbortSignal.any([plan.signal, losing.signal]);
  // The newest first.
  const runners = usable.toReversed().map((protocol): Runner => ({
    protocol,
    state: "waiting",
    error: undefined,
  }));
  const { promise, resolve, reject } = Promise.withResolvers<{ runner: Runner; link: HttpLink }>();
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function startNext(): void {
    clearTimeout(timer);
    const runner = runners.find(({ state }) => state === "waiting");
    if (isOver || runner === undefined) return;
    runner.state = "trying";
    timer = setTimeout(startNext, HEAD_START_MS);
    runner.protocol.connect({ ...plan, signal }, gate.hookOf(runner.protocol)).then(
      (link) => {
        if (isOver) {
          link.ready.catch(() => {});
          void link.close();
          return;
        }
        isOver = true;
        resolve({ runner, link });
      },
      (error) => {
        if (isOver) return;
        runner.state = "failed";
        runner.error = explainLinkError(error, plan, undefined);
        if (isFinal(runner.error)) return reject(runner.error);
        startNext();
        if (runners.every(({ state }) => state === "failed")) reject(joinErrors(runners));
      },
    );
  }

  startNext();
  try {
    const { runner, link } = await promise;
    gate.open(runner.protocol);
    const tookMs = performance.now() - startedAt;
    const losers = choices.filter(({ protocol }) => protocol !== runner.protocol).map(
      ({ protocol, obstacle }): Loser => {
        const name = protocol.name;
        if (obstacle !== undefined) {
          const { code, text, hint } = obstacle;
          return { protocol: name, outcome: "skipped", why: { code, text, hint } };
        }
        const { state, error } = runners.find((other) => other.protocol === protocol)!;
        if (state === "waiting") return { protocol: name, outcome: "not-tried", why: null };
        if (error === undefined) return { protocol: name, outcome: "slower", why: null };
        const why = { code: error.code, text: error.message, hint: error.hints[0] ?? null };
        return { protocol: name, outcome: "failed", why };
      },
    );
    return { link, race: { winner: runner.protocol.name, tookMs, losers } };
  } finally {
    isOver = true;
    clearTimeout(timer);
    losing.abort(new DOMException("The other protocol was first", "AbortError"));
  }
}
