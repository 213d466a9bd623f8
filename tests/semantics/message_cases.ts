/**
 * Cases of the message rules that hold for both protocols: what arrives on one half of an
 * exchange, and what is to be made of it. The reader's test runs them, and so do the tests
 * of both engines.
 */
import type { Limits, RuleId, ViolationKind } from "../../semantics/mod.ts";
import { AUTHORITIES, PATHS, PSEUDO_FIELDS } from "./cases/targets.ts";
import { FIELDS } from "./cases/fields.ts";
import { LENGTHS } from "./cases/lengths.ts";
import { RESPONSES } from "./cases/responses.ts";
import { ORDER } from "./cases/order.ts";
import { TUNNELS } from "./cases/tunnels.ts";

/** One thing that arrives. */
export type MessageStep =
  /** A field section: name, value, …; `end`: it ends the message. */
  | { readonly section: readonly string[]; readonly end?: true }
  /** A piece of content of so many octets; `end`: it ends the message. */
  | { readonly body: number; readonly end?: true }
  /** The end of the message by itself. */
  | { readonly end: true }
  /** The server accepts the CONNECT that has arrived. */
  | { readonly accept: true };

/** What the application gets to see; what is left out does not matter. */
export type MessageSight =
  | {
    readonly kind: "request";
    readonly method?: string;
    readonly scheme?: string;
    readonly authority?: string;
    readonly path?: string;
    readonly protocol?: string;
    readonly fields?: readonly string[];
  }
  | { readonly kind: "interim" | "response"; readonly status?: number; readonly fields?: readonly string[] }
  | { readonly kind: "trailers"; readonly fields?: readonly string[] };

/** One case. */
export interface MessageCase {
  /** What the case is about; unique. */
  readonly title: string;
  /** Which half of an exchange it is. */
  readonly role: "request" | "response";
  /** The method of the request that the response answers. @default {"GET"} */
  readonly method?: string;
  /** Whether extended CONNECT was enabled. @default {false} */
  readonly extendedConnect?: true;
  /** Set when it can only be said where the end may come by itself (h3), or only where it cannot (h2). */
  readonly ends?: "alone" | "together";
  /** Limits other than the defaults. */
  readonly limits?: Partial<Pick<Limits, "maxHeaderListBytes" | "maxHeaderFields" | "maxInterimResponses">>;
  /** What arrives, in order; with a violation the last step is the one that breaks the rule. */
  readonly steps: readonly MessageStep[];
  /** Sections that the application gets to see, in order. */
  readonly seen: readonly MessageSight[];
  /** The outcome: the message is complete, still open, or breaks a rule. */
  readonly outcome: "complete" | "open" | { readonly kind: ViolationKind; readonly rule: RuleId };
  /** The rule by which a writer refuses what a reader puts up with. */
  readonly writerRule?: RuleId;
}

/** All cases. */
export const MESSAGE_CASES: readonly MessageCase[] = [
  ...PSEUDO_FIELDS,
  ...PATHS,
  ...AUTHORITIES,
  ...FIELDS,
  ...LENGTHS,
  ...RESPONSES,
  ...ORDER,
  ...TUNNELS,
];
