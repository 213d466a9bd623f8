import type { IncomingBody } from "./incoming_body.ts";

/** The bodies of a connection whose bytes arrived in this turn and are not copied yet. */
export class Arrivals {
  readonly #bodies: IncomingBody[] = [];

  /** Adds a body; each at most once a turn. */
  add(body: IncomingBody): void {
    this.#bodies.push(body);
  }

  /** Has every body take a copy, while what arrived is still valid. */
  settle(): void {
    const bodies = this.#bodies;
    if (bodies.length === 0) return;
    for (let i = 0; i < bodies.length; i++) bodies[i]!.settle();
    bodies.length = 0;
  }
}
