/**
 * A random run of exchanges over a pair of engines, with an oracle: what a receiver
 * takes for a whole message is exactly what its sender sent and finished.
 */
import assert from "node:assert/strict";
import type { H3Options } from "../../h3/engine.ts";
import { type AbortCause, type EngineEvent, Fields, type Side } from "../../semantics/mod.ts";
import { H3Pair, type PairEnd } from "./h3_pair.ts";
import { Random } from "./random.ts";

/** One direction of one exchange: what is sent, and what came. */
interface Flow {
  readonly pieces: Uint8Array[];
  readonly total: number;
  readonly trailers: boolean;
  readonly isDeclared: boolean;
  headSent: boolean;
  next: number;
  isBlocked: boolean;
  isFinished: boolean;
  isAborted: boolean;
  // Of the receiver:
  hasHead: boolean;
  received: number;
  unconsumed: number;
  gotTrailers: boolean;
  isComplete: boolean;
  isFailed: boolean;
  /** Whether the engine of the sender made the message itself: a refusal by status. */
  isBare: boolean;
  interims: number;
}

interface Run {
  readonly id: number;
  readonly request: Flow;
  readonly response: Flow;
  isKnownToServer: boolean;
}

const CAUSES: readonly AbortCause[] = ["cancelled", "refused", "internal", "unneeded", "calm", "connect"];
const SIDES: readonly Side[] = ["both", "both", "read", "write"];

/** What a run came to. */
export interface ScenarioResult {
  /** Exchanges of which both messages arrived whole. */
  readonly whole: number;
  /** Exchanges that were begun. */
  readonly begun: number;
  /** Messages that were poisoned. */
  readonly poisoned: number;
  /** Field sections that were blocked. */
  readonly blocked: number;
}

/** Plays one seed. Throws when anything is not as it must be. */
export function playScenario(seed: number): ScenarioResult {
  return new Scenario(seed).play();
}

class Scenario {
  readonly #random: Random;
  readonly #pair: H3Pair;
  readonly #runs: Map<number, Run> = new Map();
  readonly #hasAborts: boolean;
  #toOpen: number;
  #shutdownBy: PairEnd | undefined;
  readonly #byEnd: ReadonlySet<string>;

  constructor(seed: number) {
    const random = this.#random = new Random(seed);
    const exact = random.chance(0.5);
    this.#hasAborts = random.chance(0.4);
    this.#toOpen = 1 + random.below(5);
    const table = random.pick([0, 256, 4096]);
    const shared: Partial<H3Options> = {
      exactStreamErrors: exact,
      qpackPolicy: random.pick(["static", "safe", "eager"]),
      maxUnreadBytes: random.pick([500, 262_144]),
      grease: random.chance(0.3) ? seed : undefined,
      sendOrder: random.chance(0.5),
      datagrams: random.chance(0.3),
      goawayNoticeMs: random.pick([0, 50]),
      lingerMs: 100,
      limits: {
        qpackTableBytes: table,
        qpackBlockedStreams: random.pick([1, 16]),
        maxSendBufferBytes: random.pick([600, 409_600]),
        minDataRate: 0,
      },
    };
    this.#pair = new H3Pair({
      seed: seed ^ 0x5bd1e995,
      client: shared,
      server: shared,
      onEvent: (end, event) => this.#see(end, event),
    });
    this.#byEnd = new Set(random.chance(0.25) ? [random.pick(["client", "server"])] : []);
  }

  play(): ScenarioResult {
    const random = this.#random;
    const pair = this.#pair;
    for (let turn = 0; turn < 3000; turn++) {
      const kind = random.below(10);
      if (kind === 0) this.#open();
      else if (kind < 3) this.#send(pair.client);
      else if (kind < 5) this.#send(pair.server);
      else if (kind === 5) this.#consume();
      else if (kind === 6) this.#mischief();
      else if (!pair.step() && this.#toOpen === 0 && this.#isQuiet()) break;
    }
    this.#finish();
    return this.#check();
  }

  // ---- what the two applications do

  #flow(id: number, direction: number, hasBody: boolean): Flow {
    const random = this.#random;
    const pieces: Uint8Array[] = [];
    let total = 0;
    for (let left = hasBody ? random.below(6) : 0; left > 0; left--) {
      const size = random.chance(0.03) ? 90_000 : random.pick([0, 1, 20, 300, 700, 20_000]);
      const piece = new Uint8Array(size);
      for (let i = 0; i < size; i++) piece[i] = patternAt(id, direction, total + i);
      total += size;
      pieces.push(piece);
    }
    return {
      pieces,
      total,
      trailers: hasBody && random.chance(0.3),
      isDeclared: hasBody && random.chance(0.3),
      headSent: false,
      next: 0,
      isBlocked: false,
      isFinished: false,
      isAborted: false,
      hasHead: false,
      received: 0,
      unconsumed: 0,
      gotTrailers: false,
      isComplete: false,
      isFailed: false,
      isBare: false,
      interims: 0,
    };
  }

  #open(): void {
    const { engine } = this.#pair.client;
    if (this.#toOpen === 0 || !engine.canOpen) {
      if (engine.isGoingAway) this.#toOpen = 0;
      return;
    }
    this.#toOpen--;
    const random = this.#random;
    const hasBody = random.chance(0.5);
    const nextId = this.#runs.size * 4;
    const request = this.#flow(nextId, 0, hasBody);
    const fields = new Fields(["x-many", "yes", "x-seed", String(random.below(3)), "cookie", "a=b; c=d"]);
    if (request.isDeclared) fields.append("content-length", String(request.total));
    const end = !hasBody;
    const id = engine.sendRequest({
      method: hasBody ? "POST" : "GET",
      scheme: "https",
      authority: "a.example",
      path: `/${random.below(4)}`,
      fields,
    }, end);
    assert.equal(id, nextId);
    request.headSent = true;
    request.isFinished = end;
    this.#runs.set(id, {
      id,
      request,
      response: this.#flow(id, 1, random.chance(0.8)),
      isKnownToServer: false,
    });
    this.#pair.pump();
  }

  /** Sends the next part of some message. */
  #send(end: PairEnd): void {
    const isServer = end === this.#pair.server;
    const open: Run[] = [];
    for (const run of this.#runs.values()) {
      const flow = isServer ? run.response : run.request;
      if (flow.isFinished || flow.isAborted || flow.isBlocked || (isServer && !run.isKnownToServer)) continue;
      open.push(run);
    }
    if (open.length === 0) return;
    const run = this.#random.pick(open);
    if (isServer) this.#sendResponse(end, run);
    else this.#sendPart(end, run.id, run.request);
    if (this.#random.chance(0.6)) this.#pair.pump(); // else what follows is part of the same turn
  }

  #sendResponse(end: PairEnd, run: Run): void {
    const flow = run.response;
    if (flow.headSent) return this.#sendPart(end, run.id, flow);
    if (flow.interims < 4 && this.#random.chance(0.2)) {
      flow.interims++;
      return end.engine.sendResponse(run.id, { status: 103, fields: new Fields(["link", "</a>"]) }, false);
    }
    flow.headSent = true;
    const fields = new Fields(["server", "tandem", "x-seed", String(this.#random.below(3))]);
    if (flow.isDeclared) fields.append("content-length", String(flow.total));
    const isWhole = flow.pieces.length === 0 && !flow.trailers;
    flow.isFinished = isWhole;
    end.engine.sendResponse(run.id, { status: 200, fields }, isWhole);
  }

  #sendPart(end: PairEnd, id: number, flow: Flow): void {
    const piece = flow.pieces[flow.next];
    if (piece !== undefined) {
      flow.next++;
      const isLast = flow.next === flow.pieces.length && !flow.trailers;
      flow.isFinished = isLast;
      flow.isBlocked = !end.engine.sendBody(id, piece, isLast);
      return;
    }
    flow.isFinished = true;
    if (flow.trailers) end.engine.sendTrailers(id, new Fields(["x-check", String(flow.total)]));
    else end.engine.sendBody(id, new Uint8Array(0), true);
  }

  #consume(): void {
    for (const end of [this.#pair.client, this.#pair.server]) {
      for (const run of this.#runs.values()) {
        const flow = end === this.#pair.server ? run.request : run.response;
        if (flow.unconsumed === 0 || this.#random.chance(0.4)) continue;
        const bytes = this.#random.chance(0.5) ? flow.unconsumed : 1 + this.#random.below(flow.unconsumed);
        flow.unconsumed -= bytes;
        end.engine.consume(run.id, bytes);
      }
    }
    this.#pair.pump();
  }

  /** Aborts, shutdowns, priorities, datagrams and time. */
  #mischief(): void {
    const random = this.#random;
    const pair = this.#pair;
    const run = this.#runs.size === 0 ? undefined : random.pick([...this.#runs.values()]);
    const end = random.pick([pair.client, pair.server]);
    if (run !== undefined && this.#hasAborts && random.chance(0.15)) {
      if (end === pair.server && !run.isKnownToServer) return;
      end.engine.abort(run.id, random.pick(SIDES), random.pick(CAUSES));
    } else if (this.#byEnd.has(end.name) && random.chance(0.1)) {
      this.#shutdownBy = end;
      end.engine.shutdown();
    } else if (run !== undefined && random.chance(0.3)) {
      const priority = { urgency: random.below(8), incremental: random.chance(0.5) };
      end.engine.setPriority(run.id, priority);
      end.engine.sendDatagram(run.id, Uint8Array.of(1, 2, 3));
    } else {
      pair.advance(random.below(5));
    }
    pair.pump();
  }

  #isQuiet(): boolean {
    for (const run of this.#runs.values()) {
      for (const flow of [run.request, run.response]) {
        if (!flow.isFinished && !flow.isAborted) return false;
      }
    }
    return true;
  }

  #isConsumed(): boolean {
    for (const run of this.#runs.values()) {
      if (run.request.unconsumed > 0 || run.response.unconsumed > 0) return false;
    }
    return true;
  }

  /** Lets everybody finish what is open. */
  #finish(): void {
    this.#toOpen = 0;
    for (let round = 0; round < 400; round++) {
      const steps = this.#pair.settle();
      if (steps === 0 && this.#isQuiet() && this.#isConsumed()) break;
      this.#consume();
      for (const end of [this.#pair.client, this.#pair.server]) this.#send(end);
    }
    this.#pair.settle();
  }

  // ---- what they see

  #see(end: PairEnd, event: EngineEvent): void {
    if (event.type === "closed") {
      assert.equal(event.error, undefined, `${end.name}: ${event.error?.message}`);
      for (const run of this.#runs.values()) run.request.isAborted = run.response.isAborted = true;
      return;
    }
    if (!("id" in event)) return;
    const run = this.#runs.get(event.id)!;
    const isServer = end === this.#pair.server;
    const incoming = isServer ? run.request : run.response;
    const outgoing = isServer ? run.response : run.request;
    switch (event.type) {
      case "request":
        assert(!run.isKnownToServer);
        run.isKnownToServer = true;
        this.#head(incoming, event.end);
        return;
      case "response":
        incoming.isBare = event.head.status !== 200;
        if (incoming.isBare) {
          assert(this.#hasAborts && (event.head.status === 400 || event.head.status === 503));
        }
        this.#head(incoming, event.end);
        return;
      case "interim":
        assert(!incoming.hasHead && !incoming.isComplete);
        return;
      case "body":
        this.#body(run.id, isServer ? 0 : 1, incoming, event.data, event.end);
        return;
      case "trailers":
        assert(!incoming.isComplete && !incoming.isFailed);
        assert.equal(event.fields.get("x-check"), String(incoming.total));
        incoming.gotTrailers = incoming.isComplete = true;
        return;
      case "aborted":
        if (event.side !== "write") incoming.isFailed = true;
        if (event.side !== "read") outgoing.isAborted = true;
        return;
      case "drain":
        assert(outgoing.isBlocked);
        outgoing.isBlocked = false;
        return;
    }
  }

  #head(flow: Flow, end: boolean): void {
    assert(!flow.hasHead && !flow.isFailed);
    flow.hasHead = true;
    flow.isComplete = end;
  }

  #body(id: number, direction: number, flow: Flow, data: Uint8Array, end: boolean): void {
    assert(flow.hasHead && !flow.isComplete && !flow.isFailed, "a body where none may be");
    for (let i = 0; i < data.length; i++) {
      if (data[i] !== patternAt(id, direction, flow.received + i)) {
        assert.fail(`stream ${id}: octet ${flow.received + i} of direction ${direction} is wrong`);
      }
    }
    flow.received += data.length;
    flow.unconsumed += data.length;
    flow.isComplete = end;
  }

  #check(): ScenarioResult {
    const { client, server } = this.#pair;
    let whole = 0;
    for (const run of this.#runs.values()) {
      for (const flow of [run.request, run.response]) {
        if (!flow.isComplete || flow.isBare) continue;
        assert(flow.isFinished, `stream ${run.id}: an unfinished message was taken for whole`);
        assert.equal(flow.received, flow.total, `stream ${run.id}`);
        assert.equal(flow.gotTrailers, flow.trailers, `stream ${run.id}`);
      }
      const isWhole = run.request.isComplete && run.response.isComplete && !run.response.isBare;
      if (isWhole) whole++;
      const isUndisturbed = !this.#hasAborts && this.#shutdownBy === undefined;
      if (isUndisturbed) assert(isWhole, `stream ${run.id} did not get through`);
    }
    for (const end of [client, server]) {
      assert.equal(end.engine.counters.internalErrors, 0);
      assert.equal(end.engine.openExchanges, 0, `${end.name} has open exchanges`);
    }
    return {
      whole,
      begun: this.#runs.size,
      poisoned: client.engine.counters.poisoned + server.engine.counters.poisoned,
      blocked: client.engine.counters.blockedSections + server.engine.counters.blockedSections,
    };
  }
}

/** The octets of a message, by where they are. */
function patternAt(id: number, direction: number, offset: number): number {
  return (id * 5 + direction * 91 + offset * 7 + (offset >> 8)) & 0xff;
}
