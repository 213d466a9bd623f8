import type { Clock } from "../shell/clock.ts";
import { type Alternative, parseAltSvc } from "./alt_svc.ts";

interface Kept {
  readonly alternative: Alternative;
  readonly until: number;
}

interface Broken {
  failures: number;
  until: number;
}

const MAX_ORIGINS = 1000;
const MAX_BROKEN = 1000;
/** What an alternative that failed is left alone for at first, and at most, in milliseconds. */
const FIRST_PAUSE_MS = 300_000;
const LAST_PAUSE_MS = 172_800_000;

/** The alternative services of all origins that a client knows (RFC 7838), and which of them did not work. */
export class Alternatives {
  readonly #clock: Clock;
  readonly #origins: Map<string, Kept[]> = new Map();
  readonly #broken: Map<string, Broken> = new Map();

  /** Makes an empty cache. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many origins have alternatives. */
  get size(): number {
    return this.#origins.size;
  }

  /** Takes in what an origin says: its whole list anew, or that there is none. Says whether it was readable. */
  learn(origin: string, value: string): boolean {
    const parsed = parseAltSvc(value);
    if (parsed === undefined) return false;
    this.#origins.delete(origin);
    if (parsed === "clear" || parsed.length === 0) return true;
    const now = this.#clock.now();
    const kept = parsed
      .filter(({ maxAgeS }) => maxAgeS > 0)
      .map((alternative) => ({ alternative, until: now + alternative.maxAgeS * 1000 }));
    if (kept.length > 0) this.#origins.set(origin, kept);
    for (const oldest of this.#origins.keys()) {
      if (this.#origins.size <= MAX_ORIGINS) break;
      this.#origins.delete(oldest);
    }
    return true;
  }

  /** The alternatives of an origin that are fresh and not known to fail, the preferred one first. */
  find(origin: string): readonly Alternative[] {
    const kept = this.#origins.get(origin);
    if (kept === undefined) return [];
    const now = this.#clock.now();
    const fresh = kept.filter(({ until }) => until > now);
    if (fresh.length === 0) this.#origins.delete(origin);
    else if (fresh.length < kept.length) this.#origins.set(origin, fresh);
    return fresh.map(({ alternative }) => alternative).filter((one) => !this.isBroken(origin, one));
  }

  /** Forgets one alternative, which has said that it is not authoritative (RFC 7838 section 6). */
  forget(origin: string, alternative: Alternative): void {
    const key = keyOf(origin, alternative);
    const kept = this.#origins.get(origin)?.filter((one) => keyOf(origin, one.alternative) !== key);
    if (kept === undefined || kept.length === 0) this.#origins.delete(origin);
    else this.#origins.set(origin, kept);
  }

  /** One that could not be reached is left alone: five minutes, then twice as long each time, two days at most. */
  fail(origin: string, alternative: Place): void {
    const key = keyOf(origin, alternative);
    const broken = this.#broken.get(key) ?? { failures: 0, until: 0 };
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** broken.failures, LAST_PAUSE_MS);
    this.#broken.delete(key);
    this.#broken.set(key, { failures: broken.failures + 1, until: this.#clock.now() + pauseMs });
    for (const oldest of this.#broken.keys()) {
      if (this.#broken.size <= MAX_BROKEN) break;
      this.#broken.delete(oldest);
    }
  }

  /** One that worked has no past. */
  succeed(origin: string, alternative: Place): void {
    this.#broken.delete(keyOf(origin, alternative));
  }

  /** Whether one is left alone for now. */
  isBroken(origin: string, alternative: Place): boolean {
    const broken = this.#broken.get(keyOf(origin, alternative));
    return broken !== undefined && broken.until > this.#clock.now();
  }

  /** The network is another one: only what was said to persist is kept, and what failed may work. */
  changeNetwork(): void {
    this.#broken.clear();
    for (const [origin, kept] of this.#origins) {
      const left = kept.filter(({ alternative }) => alternative.isPersistent);
      if (left.length === 0) this.#origins.delete(origin);
      else this.#origins.set(origin, left);
    }
  }
}

/** What of an alternative says where it is. */
export type Place = Pick<Alternative, "protocol" | "hostname" | "port">;

function keyOf(origin: string, { protocol, hostname, port }: Place): string {
  // That a host cannot be reached over UDP is true for all of its origins.
  return `${protocol} ${hostname === "" ? new URL(origin).hostname : hostname}:${port}`;
}
