/** What the tables of cases are written with. */
import type { RuleId, ViolationKind } from "../../../semantics/mod.ts";
import type { MessageCase, MessageSight, MessageStep } from "../message_cases.ts";

export const TARGET = [":scheme", "https", ":authority", "a.example", ":path", "/"] as const;
export const GET = [":method", "GET", ...TARGET] as const;
export const POST = [":method", "POST", ...TARGET] as const;
export const CONNECT = [":method", "CONNECT", ":authority", "b.example:443"] as const;
export const WEBSOCKET = [":method", "CONNECT", ":protocol", "websocket", ...TARGET] as const;
export const OK = [":status", "200"] as const;

export const A_REQUEST: MessageSight = { kind: "request" };
export const A_RESPONSE: MessageSight = { kind: "response" };
export const AN_INTERIM: MessageSight = { kind: "interim" };

type Extra = Partial<
  Pick<MessageCase, "method" | "extendedConnect" | "ends" | "limits" | "seen" | "writerRule">
>;

/** A sound request of one section, which ends it. */
export function request(
  title: string,
  section: readonly string[],
  sight: object = {},
  extra: Extra = {},
): MessageCase {
  return {
    title,
    role: "request",
    steps: [{ section, end: true }],
    seen: [{ kind: "request", ...sight }],
    outcome: "complete",
    ...extra,
  };
}

/** A request whose only section is malformed. */
export function badRequest(
  title: string,
  section: readonly string[],
  rule: RuleId,
  extra: Extra = {},
): MessageCase {
  const outcome = { kind: "malformed", rule } as const;
  return { title, role: "request", steps: [{ section, end: true }], seen: [], outcome, ...extra };
}

/** A sound response of one section, which ends it. */
export function response(
  title: string,
  section: readonly string[],
  sight: object = {},
  extra: Extra = {},
): MessageCase {
  return {
    title,
    role: "response",
    steps: [{ section, end: true }],
    seen: [{ kind: "response", ...sight }],
    outcome: "complete",
    ...extra,
  };
}

/** A response whose only section is malformed. */
export function badResponse(
  title: string,
  section: readonly string[],
  rule: RuleId,
  extra: Extra = {},
): MessageCase {
  const outcome = { kind: "malformed", rule } as const;
  return { title, role: "response", steps: [{ section, end: true }], seen: [], outcome, ...extra };
}

/** Any other case. */
export function flow(
  title: string,
  role: "request" | "response",
  steps: readonly MessageStep[],
  outcome: "complete" | "open" | `${ViolationKind} ${RuleId}`,
  extra: Extra = {},
): MessageCase {
  const seen = extra.seen ?? [role === "request" ? A_REQUEST : A_RESPONSE];
  if (outcome === "complete" || outcome === "open") return { title, role, steps, ...extra, seen, outcome };
  const [kind, rule] = outcome.split(" ") as [ViolationKind, RuleId];
  return { title, role, steps, ...extra, seen, outcome: { kind, rule } };
}

/** A GET with more fields. */
export const get = (...fields: string[]): string[] => [...GET, ...fields];
/** A GET with another :path. */
export const path = (value: string, method = "GET"): string[] => [
  ":method",
  method,
  ":scheme",
  "https",
  ":authority",
  "a.example",
  ":path",
  value,
];
/** A GET with another :authority. */
export const authority = (value: string, scheme = "https"): string[] => [
  ":method",
  "GET",
  ":scheme",
  scheme,
  ":authority",
  value,
  ":path",
  "/",
];
/** A GET without :authority. */
export const bare = (
  ...fields: string[]
): string[] => [":method", "GET", ":scheme", "https", ":path", "/", ...fields];
