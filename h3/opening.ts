import type { RequestHead } from "../semantics/head.ts";
import { MessageReader } from "../semantics/message_reader.ts";
import { MessageWriter } from "../semantics/message_writer.ts";
import { parsePriority } from "../semantics/priority.ts";
import type { StreamRef } from "./command.ts";
import type { Core } from "./core.ts";
import { Exchange } from "./exchange.ts";
import { writeGreaseFrame } from "./grease.ts";
import { pushOrder } from "./receiver.ts";
import { checkSectionSize, finishSending, releaseHeld, writeSection } from "./sender.ts";
import type { H3Settings } from "./settings.ts";

/** What the pseudo-fields of a request add to its size beside their values, at most, in bytes. */
const PSEUDO_BYTES = 5 * 32 + 40;

/** How a client opens requests: their ids in order, and those that wait for the end of early data. */
export class Opening {
  readonly #core: Core;
  /** The id of the next request. */
  nextId = 0;
  /** Requests that the transport has not opened a stream for. */
  #unopened = 0;
  readonly #held: Exchange[] = [];
  #hasGreased = false;

  /** Makes one for a connection that has no requests. */
  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether another request may wait for a stream. */
  get hasRoom(): boolean {
    return this.#unopened < this.#core.limits.initialMaxSendStreams;
  }

  /** The settings that requests may rely on: those that came, or those remembered for early data. */
  get settings(): H3Settings {
    const { hasPeerSettings, peer, options } = this.#core;
    return hasPeerSettings ? peer : options.rememberedSettings ?? peer;
  }

  /** Opens an exchange with a request. Throws for a head that breaks HTTP or is too large, before anything changes. */
  open(head: RequestHead, end: boolean): void {
    const core = this.#core;
    const { method, fields } = head;
    const { extendedConnect } = this.settings;
    const pseudoBytes = PSEUDO_BYTES + method.length + head.scheme.length + head.authority.length +
      head.path.length + (head.protocol?.length ?? 0);
    checkSectionSize(this.settings, pseudoBytes, fields);
    const writer = new MessageWriter({ role: "request", extendedConnect });
    const flat = writer.sendRequest(head, end);
    const reader = new MessageReader({ role: "response", limits: core.limits, method, endComesAlone: true });
    const id = this.nextId;
    this.nextId += 4;
    const exchange = new Exchange(id, reader, writer);
    exchange.isOpened = false;
    exchange.isAnnounced = true;
    exchange.isConnect = method === "CONNECT";
    const priority = fields.get("priority");
    if (priority !== undefined) exchange.priority = parsePriority(priority);
    core.exchanges.add(exchange);
    core.counters.exchangesOpened++;
    this.#unopened++;
    if (core.isEarly && (this.#held.length > 0 || !core.options.allowsEarly(head))) {
      exchange.sending = "held";
      exchange.heldEnd = end;
      exchange.heldSection = flat;
      exchange.heldSensitive = fields.sensitive;
      this.#held.push(exchange);
    } else {
      this.#write(exchange, flat, fields.sensitive, end);
    }
  }

  #write(
    exchange: Exchange,
    flat: readonly string[],
    sensitive: ReadonlySet<string> | undefined,
    end: boolean,
  ): void {
    const core = this.#core;
    const { grease } = core.options;
    core.out.push({ type: "openRequest", stream: exchange.id });
    pushOrder(core, exchange);
    if (grease !== undefined && !this.#hasGreased) {
      this.#hasGreased = true;
      exchange.inFlight += writeGreaseFrame(core, exchange.id, grease);
    }
    writeSection(core, exchange, flat, sensitive);
    exchange.hasSentHead = true;
    if (end) finishSending(core, exchange);
  }

  /** Takes note that the transport opened a stream; answers whether that made room. */
  opened(stream: StreamRef): boolean {
    const exchange = this.#core.exchanges.get(stream);
    if (exchange !== undefined && exchange.isOpened) return false;
    if (exchange !== undefined) exchange.isOpened = true;
    const hadRoom = this.hasRoom;
    this.#unopened--;
    return !hadRoom && this.hasRoom;
  }

  /** Writes the requests that were held back. */
  releaseHeld(): void {
    for (let i = 0; i < this.#held.length; i++) releaseHeld(this.#core, this.#held[i]!);
    this.#held.length = 0;
  }

  /** Forgets the requests that are held back. */
  clear(): void {
    this.#held.length = 0;
  }
}
