/**
 * Cases of the message rules that hold for both protocols: what arrives on one half of an
 * exchange, and what is to be made of it. The reader's test runs them, and so do the tests
 * of both engines.
 */
import type { Limits, RuleId, ViolationKind } from "../../semantics/mod.ts";

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

const TARGET = [":scheme", "https", ":authority", "a.example", ":path", "/"] as const;
const GET = [":method", "GET", ...TARGET] as const;
const POST = [":method", "POST", ...TARGET] as const;
const CONNECT = [":method", "CONNECT", ":authority", "b.example:443"] as const;
const WEBSOCKET = [":method", "CONNECT", ":protocol", "websocket", ...TARGET] as const;
const OK = [":status", "200"] as const;

const A_REQUEST: MessageSight = { kind: "request" };
const A_RESPONSE: MessageSight = { kind: "response" };
const AN_INTERIM: MessageSight = { kind: "interim" };

type Extra = Partial<
  Pick<MessageCase, "method" | "extendedConnect" | "ends" | "limits" | "seen" | "writerRule">
>;

/** A sound request of one section, which ends it. */
function request(
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
function badRequest(title: string, section: readonly string[], rule: RuleId, extra: Extra = {}): MessageCase {
  const outcome = { kind: "malformed", rule } as const;
  return { title, role: "request", steps: [{ section, end: true }], seen: [], outcome, ...extra };
}

/** A sound response of one section, which ends it. */
function response(
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
function badResponse(
  title: string,
  section: readonly string[],
  rule: RuleId,
  extra: Extra = {},
): MessageCase {
  const outcome = { kind: "malformed", rule } as const;
  return { title, role: "response", steps: [{ section, end: true }], seen: [], outcome, ...extra };
}

/** Any other case. */
function flow(
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
const get = (...fields: string[]): string[] => [...GET, ...fields];
/** A GET with another :path. */
const path = (value: string, method = "GET"): string[] => [
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
const authority = (value: string, scheme = "https"): string[] => [
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
const bare = (
  ...fields: string[]
): string[] => [":method", "GET", ":scheme", "https", ":path", "/", ...fields];

const PSEUDO_FIELDS: readonly MessageCase[] = [
  request("a plain GET", GET, {
    method: "GET",
    scheme: "https",
    authority: "a.example",
    path: "/",
    fields: [],
  }),
  request("pseudo-fields in another order", [
    ":path",
    "/x",
    ":scheme",
    "http",
    ":method",
    "GET",
    ":authority",
    "a",
  ], {
    path: "/x",
    scheme: "http",
    authority: "a",
  }),
  request("a scheme in capitals is put in lower case", authority("a.example", "HTTPS"), { scheme: "https" }),
  request("a method that nobody knows", [":method", "BREW!", ...TARGET], { method: "BREW!" }),
  request("a method in lower case stays as it is", [":method", "get", ...TARGET], { method: "get" }),
  badRequest("no :method", [...TARGET], "9113-8.3.1:missing"),
  badRequest("no :scheme", [":method", "GET", ":authority", "a.example", ":path", "/"], "9113-8.3.1:missing"),
  badRequest(
    "no :path",
    [":method", "GET", ":scheme", "https", ":authority", "a.example"],
    "9113-8.3.1:missing",
  ),
  badRequest("an empty section", [], "9113-8.3.1:missing"),
  badRequest(":method twice", [":method", "GET", ...GET], "9113-8.3:duplicate"),
  badRequest(":scheme twice", [...GET, ":scheme", "https"], "9113-8.3:duplicate"),
  badRequest(":authority twice", [...GET, ":authority", "a.example"], "9113-8.3:duplicate"),
  badRequest(":path twice", [...GET, ":path", "/"], "9113-8.3:duplicate"),
  badRequest(":protocol twice", [...WEBSOCKET, ":protocol", "websocket"], "9113-8.3:duplicate", {
    extendedConnect: true,
  }),
  badRequest("a pseudo-field that nobody knows", [...GET, ":color", "red"], "9113-8.3:unknown"),
  badRequest("a name that is one colon", [...GET, ":", "x"], "9113-8.3:unknown"),
  badRequest("a pseudo-field of responses", [...GET, ":status", "200"], "9113-8.3:unknown"),
  badRequest("a pseudo-field with a capital letter", [":Method", "GET", ...TARGET], "9113-8.3:unknown"),
  badRequest(
    "a pseudo-field after a regular field",
    [":method", "GET", "accept", "*/*", ...TARGET],
    "9113-8.3:order",
  ),
  badRequest(
    "an unknown pseudo-field after a regular field",
    get("accept", "*/*", ":color", "red"),
    "9113-8.3:order",
  ),
  badRequest("an empty :method", [":method", "", ...TARGET], "9113-8.3.1:method"),
  badRequest("a :method with a space", [":method", "GET /", ...TARGET], "9113-8.3.1:method"),
  badRequest("a :method with a line feed", [":method", "GET\n", ...TARGET], "9113-8.3.1:method"),
  badRequest("an empty :scheme", authority("a.example", ""), "9113-8.3.1:scheme"),
  badRequest("a :scheme with a colon", authority("a.example", "https:"), "9113-8.3.1:scheme"),
  badRequest("a :scheme that begins with a digit", authority("a.example", "1http"), "9113-8.3.1:scheme"),
  badRequest("a :scheme with NUL", authority("a.example", "http\0"), "9113-8.3.1:scheme"),
];

const PATHS: readonly MessageCase[] = [
  request("a path with a query", path("/a/b?c=d&e"), { path: "/a/b?c=d&e" }),
  request("a path with two slashes", path("//x"), { path: "//x" }),
  request("a path with octets above 127", path("/\xfc"), { path: "/\xfc" }),
  request("an asterisk for OPTIONS", path("*", "OPTIONS"), { path: "*" }),
  request("a path for OPTIONS", path("/x", "OPTIONS"), { path: "/x" }),
  request("a scheme other than http with a free path", [":method", "GET", ":scheme", "urn", ":path", "a:b"], {
    scheme: "urn",
    path: "a:b",
    authority: "",
  }),
  badRequest("an empty :path", path(""), "9113-8.3.1:path"),
  badRequest("an empty :path for OPTIONS", path("", "OPTIONS"), "9113-8.3.1:path"),
  badRequest("an asterisk for GET", path("*"), "9113-8.3.1:path"),
  badRequest("a path that does not begin with a slash", path("x/y"), "9113-8.3.1:path"),
  badRequest("a whole URL as path", path("https://a.example/"), "9113-8.3.1:path"),
  badRequest("a path that begins with a question mark", path("?x"), "9113-8.3.1:path"),
  badRequest("a path with a fragment", path("/x#y"), "9113-8.3.1:path"),
  badRequest("a path with a space", path("/x y"), "9113-8.3.1:path"),
  badRequest("a path with a tab", path("/x\ty"), "9113-8.3.1:path"),
  badRequest("a path with a carriage return", path("/x\ry"), "9113-8.3.1:path"),
  badRequest("a path with NUL", path("/\0"), "9113-8.3.1:path"),
  badRequest("a path with DEL", path("/\x7f"), "9113-8.3.1:path"),
  badRequest(
    "a space in the path of another scheme",
    [":method", "GET", ":scheme", "urn", ":path", "a b"],
    "9113-8.3.1:path",
  ),
];

const AUTHORITIES: readonly MessageCase[] = [
  request("an authority with a port", authority("a.example:8443"), { authority: "a.example:8443" }),
  request("an authority with an empty port", authority("a.example:"), { authority: "a.example:" }),
  request("an IPv4 address", authority("127.0.0.1:80"), { authority: "127.0.0.1:80" }),
  request("an IPv6 address", authority("[::1]:8080"), { authority: "[::1]:8080" }),
  request("host in place of :authority", bare("host", "h.example"), {
    authority: "h.example",
    fields: ["host", "h.example"],
  }),
  request("host equal to :authority", get("host", "a.example"), {
    authority: "a.example",
    fields: ["host", "a.example"],
  }),
  request("host equal but for case", get("host", "A.Example"), { authority: "a.example" }),
  request("host equal but for the default port", get("host", "a.example:443"), { authority: "a.example" }),
  badRequest("host that differs from :authority", get("host", "b.example"), "9113-8.3.1:host"),
  badRequest("host that differs in the port", get("host", "a.example:80"), "9113-8.3.1:host"),
  badRequest("an empty host beside :authority", get("host", ""), "9113-8.3.1:host"),
  badRequest("two equal host fields", get("host", "a.example", "host", "a.example"), "9110-7.2"),
  badRequest("two host fields without :authority", bare("host", "a", "host", "b"), "9110-7.2"),
  badRequest("neither :authority nor host", bare(), "9114-4.3.1"),
  badRequest("an empty :authority", authority(""), "9114-4.3.1"),
  badRequest("an empty :authority for http", authority("", "http"), "9114-4.3.1"),
  badRequest("an empty host and no :authority", bare("host", ""), "9114-4.3.1"),
  badRequest("an empty :authority beside a host", [...authority(""), "host", "a.example"], "9114-4.3.1"),
  badRequest("userinfo in :authority", authority("user@a.example"), "9113-8.3.1:userinfo"),
  badRequest("userinfo with a password", authority("user:secret@a.example", "http"), "9113-8.3.1:userinfo"),
  badRequest("userinfo in host", bare("host", "user@a.example"), "9113-8.3.1:userinfo"),
  badRequest("a slash in :authority", authority("a.example/x"), "9113-8.3.1:authority"),
  badRequest("a space in :authority", authority("a example"), "9113-8.3.1:authority"),
  badRequest("a line feed in :authority", authority("a\nb"), "9113-8.3.1:authority"),
  badRequest("a fragment in :authority", authority("a.example#"), "9113-8.3.1:authority"),
  badRequest("a port that is no number", authority("a.example:https"), "9113-8.3.1:authority"),
  badRequest("a port above 65535", authority("a.example:65536"), "9113-8.3.1:authority"),
  badRequest("a port without a host", authority(":443"), "9113-8.3.1:authority"),
  badRequest("an IPv6 address without its end", authority("[::1"), "9113-8.3.1:authority"),
  badRequest("an IPv6 address without brackets", authority("::1"), "9113-8.3.1:authority"),
  badRequest(
    "a space in the authority of another scheme",
    [":method", "GET", ":scheme", "ftp", ":authority", "a b", ":path", "/"],
    "9113-8.3.1:authority",
  ),
];

const FIELDS: readonly MessageCase[] = [
  request("fields stay in order and may repeat", get("b", "1", "a", "2", "b", "3"), {
    fields: ["b", "1", "a", "2", "b", "3"],
  }),
  request("a field with an empty value", get("x-empty", ""), { fields: ["x-empty", ""] }),
  request("a value with octets above 127, spaces and tabs inside", get("x", "\xe4 \t\xff"), {
    fields: ["x", "\xe4 \t\xff"],
  }),
  request("every octet that a name may hold", get("!#$%&'*+-.^_`|~09az", "1"), {
    fields: ["!#$%&'*+-.^_`|~09az", "1"],
  }),
  request("a control octet in a value is put up with", get("x", "a\x01b"), { fields: ["x", "a\x01b"] }, {
    writerRule: "9110-5.5",
  }),
  badRequest("a capital letter in a name", get("X-Up", "1"), "9113-8.2"),
  badRequest("a capital letter at the end of a name", get("x-uP", "1"), "9113-8.2"),
  badRequest("an empty name", get("", "1"), "9113-8.2.1:name"),
  badRequest("a space in a name", get("x y", "1"), "9113-8.2.1:name"),
  badRequest("a colon in a name", get("x:y", "1"), "9113-8.2.1:name"),
  badRequest("NUL in a name", get("x\0", "1"), "9113-8.2.1:name"),
  badRequest("a line feed in a name", get("x\n", "1"), "9113-8.2.1:name"),
  badRequest("DEL in a name", get("x\x7f", "1"), "9113-8.2.1:name"),
  badRequest("an octet above 127 in a name", get("x\xe4", "1"), "9113-8.2.1:name"),
  badRequest("NUL in a value", get("x", "a\0b"), "9113-8.2.1:value"),
  badRequest("a line feed in a value", get("x", "a\nb"), "9113-8.2.1:value"),
  badRequest("a carriage return in a value", get("x", "a\rb"), "9113-8.2.1:value"),
  badRequest(
    "a carriage return and a line feed at the end of a value",
    get("x", "a\r\n"),
    "9113-8.2.1:value",
  ),
  badRequest("a space before a value", get("x", " a"), "9113-8.2.1:padding"),
  badRequest("a space after a value", get("x", "a "), "9113-8.2.1:padding"),
  badRequest("a tab before a value", get("x", "\ta"), "9113-8.2.1:padding"),
  badRequest("a tab after a value", get("x", "a\t"), "9113-8.2.1:padding"),
  badRequest("a value that is one space", get("x", " "), "9113-8.2.1:padding"),
  badRequest("connection", get("connection", "close"), "9113-8.2.2:connection"),
  badRequest("proxy-connection", get("proxy-connection", "keep-alive"), "9113-8.2.2:connection"),
  badRequest("keep-alive", get("keep-alive", "timeout=5"), "9113-8.2.2:connection"),
  badRequest("transfer-encoding", get("transfer-encoding", "chunked"), "9113-8.2.2:connection"),
  badRequest("upgrade", get("upgrade", "h2c"), "9113-8.2.2:connection"),
  request("te that says trailers", get("te", "trailers"), { fields: ["te", "trailers"] }),
  badRequest("te that says gzip", get("te", "gzip"), "9113-8.2.2:te"),
  badRequest("te that says trailers and more", get("te", "trailers, deflate;q=0.5"), "9113-8.2.2:te"),
  badRequest("an empty te", get("te", ""), "9113-8.2.2:te"),
  badResponse("connection in a response", [...OK, "connection", "close"], "9113-8.2.2:connection"),
  badResponse("a capital letter in a response", [...OK, "Server", "x"], "9113-8.2"),
  badResponse("a line feed in a response", [...OK, "location", "/\nx: y"], "9113-8.2.1:value"),
  badResponse("a tab after a value of a response", [...OK, "server", "x\t"], "9113-8.2.1:padding"),
  response("host says nothing in a response", [...OK, "host", "a", "host", "b"], {
    fields: ["host", "a", "host", "b"],
  }),
  request("cookie crumbs are joined", get("cookie", "a=1", "x", "y", "cookie", "b=2", "cookie", "c=3"), {
    fields: ["cookie", "a=1; b=2; c=3", "x", "y"],
  }),
  request("one cookie stays as it is", get("cookie", "a=1; b=2"), { fields: ["cookie", "a=1; b=2"] }),
  response("set-cookie fields stay apart", [...OK, "set-cookie", "a=1", "set-cookie", "b=2"], {
    fields: ["set-cookie", "a=1", "set-cookie", "b=2"],
  }),
  flow(
    "a section with too many fields",
    "request",
    [{ section: get("a", "", "b", ""), end: true }],
    "too-large limit:header_fields",
    {
      limits: { maxHeaderFields: 5 },
      seen: [],
    },
  ),
  flow(
    "a section that is too large",
    "request",
    [{ section: get("x", "y".repeat(600)), end: true }],
    "too-large limit:header_list_bytes",
    {
      limits: { maxHeaderListBytes: 700 },
      seen: [],
    },
  ),
  flow(
    "trailers that are too large",
    "response",
    [{ section: OK }, { body: 1 }, { section: ["x", "y".repeat(600)], end: true }],
    "too-large limit:header_list_bytes",
    { limits: { maxHeaderListBytes: 600 } },
  ),
];

const LENGTHS: readonly MessageCase[] = [
  flow("content as long as declared", "request", [
    { section: [...POST, "content-length", "5"] },
    { body: 2 },
    { body: 3, end: true },
  ], "complete"),
  flow(
    "content as long as declared, then trailers",
    "request",
    [
      { section: [...POST, "content-length", "5"] },
      { body: 5 },
      { section: ["x-sum", "1"], end: true },
    ],
    "complete",
    { seen: [A_REQUEST, { kind: "trailers", fields: ["x-sum", "1"] }] },
  ),
  flow("content as long as declared, then an end by itself", "response", [
    { section: [...OK, "content-length", "3"] },
    { body: 3 },
    { end: true },
  ], "complete"),
  flow(
    "no content and none declared",
    "request",
    [{ section: [...POST, "content-length", "0"], end: true }],
    "complete",
  ),
  flow("empty pieces of content", "request", [
    { section: [...POST, "content-length", "1"] },
    { body: 0 },
    { body: 1 },
    { body: 0, end: true },
  ], "complete"),
  flow("content without a declared length", "request", [{ section: POST }, { body: 7 }, {
    body: 9,
    end: true,
  }], "complete"),
  flow("content of a GET", "request", [{ section: GET }, { body: 7, end: true }], "complete"),
  flow("a content-length with zeros before it", "request", [
    { section: [...POST, "content-length", "0005"] },
    { body: 5, end: true },
  ], "complete"),
  flow(
    "two equal content-length fields become one",
    "request",
    [
      { section: [...POST, "content-length", "5", "content-length", "5"] },
      { body: 5, end: true },
    ],
    "complete",
    { seen: [{ kind: "request", fields: ["content-length", "5"] }] },
  ),
  flow(
    "a list of equal content-lengths becomes one",
    "response",
    [
      { section: [...OK, "content-length", "5, 5,5"] },
      { body: 5, end: true },
    ],
    "complete",
    { seen: [{ kind: "response", fields: ["content-length", "5"] }] },
  ),
  badRequest(
    "content-lengths that differ",
    [...POST, "content-length", "5", "content-length", "6"],
    "9110-8.6:agreement",
  ),
  badRequest(
    "a list of content-lengths that differ",
    [...POST, "content-length", "5, 6"],
    "9110-8.6:agreement",
  ),
  badRequest("an empty content-length", [...POST, "content-length", ""], "9110-8.6:syntax"),
  badRequest("a content-length with a sign", [...POST, "content-length", "+5"], "9110-8.6:syntax"),
  badRequest("a negative content-length", [...POST, "content-length", "-1"], "9110-8.6:syntax"),
  badRequest("a hexadecimal content-length", [...POST, "content-length", "0x5"], "9110-8.6:syntax"),
  badRequest("a content-length with a fraction", [...POST, "content-length", "5.0"], "9110-8.6:syntax"),
  badRequest(
    "a list of content-lengths with an empty part",
    [...POST, "content-length", "5,"],
    "9110-8.6:syntax",
  ),
  badRequest(
    "a list of content-lengths with a part that is no number",
    [...POST, "content-length", "5, x"],
    "9110-8.6:syntax",
  ),
  badRequest(
    "a content-length of 2^53",
    [...POST, "content-length", "9007199254740992"],
    "9110-8.6:overflow",
  ),
  badRequest(
    "a content-length of 30 digits",
    [...POST, "content-length", "9".repeat(30)],
    "9110-8.6:overflow",
  ),
  badResponse("a list with a content-length that is too large", [
    ...OK,
    "content-length",
    "1, 99999999999999999",
  ], "9110-8.6:overflow"),
  flow("the largest content-length that can be counted", "request", [
    { section: [...POST, "content-length", "9007199254740991"] },
    { body: 1 },
  ], "open"),
  badRequest("a declared length and no content", [...POST, "content-length", "1"], "9113-8.1.1"),
  flow("less content than declared", "request", [
    { section: [...POST, "content-length", "5"] },
    { body: 4, end: true },
  ], "malformed 9113-8.1.1"),
  flow("less content than declared and an end by itself", "response", [
    { section: [...OK, "content-length", "5"] },
    { body: 4 },
    { end: true },
  ], "malformed 9113-8.1.1"),
  flow("less content than declared before trailers", "request", [
    { section: [...POST, "content-length", "5"] },
    { body: 4 },
    { section: ["x-sum", "1"], end: true },
  ], "malformed 9113-8.1.1"),
  flow("more content than declared", "request", [
    { section: [...POST, "content-length", "5"] },
    { body: 3 },
    { body: 3 },
  ], "malformed 9113-8.1.1"),
  flow("content although none was declared", "response", [{ section: [...OK, "content-length", "0"] }, {
    body: 1,
  }], "malformed 9113-8.1.1"),
];

const RESPONSES: readonly MessageCase[] = [
  response("a plain 200", OK, { status: 200, fields: [] }),
  response("a status that nobody knows", [":status", "999"], { status: 999 }),
  badResponse("no :status", ["server", "x"], "9113-8.3.2"),
  badResponse("an empty section as response", [], "9113-8.3.2"),
  badResponse(":status twice", [...OK, ":status", "200"], "9113-8.3:duplicate"),
  badResponse("a pseudo-field of requests", [...OK, ":path", "/"], "9113-8.3:unknown"),
  badResponse(":status after a regular field", ["server", "x", ...OK], "9113-8.3:order"),
  badResponse("a :status of two digits", [":status", "20"], "9113-8.3.2"),
  badResponse("a :status of four digits", [":status", "2000"], "9113-8.3.2"),
  badResponse("a :status below 100", [":status", "099"], "9113-8.3.2"),
  badResponse("a :status with a sign", [":status", "+20"], "9113-8.3.2"),
  badResponse("a :status with a reason", [":status", "200 OK"], "9113-8.3.2"),
  badResponse("an empty :status", [":status", ""], "9113-8.3.2"),
  badResponse("a 101", [":status", "101"], "9113-8.6"),
  flow("content after a head", "response", [{ section: OK }, { body: 4, end: true }], "complete"),
  flow(
    "interim responses before the final one",
    "response",
    [
      { section: [":status", "100"] },
      { section: [":status", "103", "link", "</a>; rel=preload"] },
      { section: [":status", "103"] },
      { section: OK, end: true },
    ],
    "complete",
    {
      seen: [
        { kind: "interim", status: 100, fields: [] },
        { kind: "interim", status: 103, fields: ["link", "</a>; rel=preload"] },
        AN_INTERIM,
        { kind: "response", status: 200 },
      ],
    },
  ),
  flow(
    "as many interim responses as are allowed",
    "response",
    [
      { section: [":status", "102"] },
      { section: [":status", "102"] },
      { section: OK, end: true },
    ],
    "complete",
    { limits: { maxInterimResponses: 2 }, seen: [AN_INTERIM, AN_INTERIM, A_RESPONSE] },
  ),
  flow(
    "too many interim responses",
    "response",
    [
      { section: [":status", "102"] },
      { section: [":status", "102"] },
      { section: [":status", "102"] },
    ],
    "too-large limit:interim_responses",
    { limits: { maxInterimResponses: 2 }, seen: [AN_INTERIM, AN_INTERIM] },
  ),
  badResponse("an interim response that ends the message", [":status", "103"], "9113-8.1:interim"),
  flow(
    "an end after an interim response",
    "response",
    [{ section: [":status", "103"] }, { end: true }],
    "malformed 9113-8.1:incomplete",
    { seen: [AN_INTERIM] },
  ),
  flow(
    "content after an interim response",
    "response",
    [{ section: [":status", "103"] }, { body: 1 }],
    "out-of-order 9113-8.1:order",
    { seen: [AN_INTERIM] },
  ),
  flow(
    "an interim response with a content-length",
    "response",
    [{ section: [":status", "103", "content-length", "0"] }],
    "malformed 9110-8.6:status",
    { seen: [] },
  ),
  flow("an interim response after the final one", "response", [{ section: OK }, {
    section: [":status", "103"],
  }], "malformed 9113-8.3:trailers"),
  flow(
    "a second final response",
    "response",
    [{ section: OK }, { body: 1 }, { section: OK, end: true }],
    "malformed 9113-8.3:trailers",
  ),
  response("HEAD with a content-length and no content", [...OK, "content-length", "5"], {
    fields: ["content-length", "5"],
  }, { method: "HEAD" }),
  flow(
    "HEAD with an end by itself",
    "response",
    [{ section: [...OK, "content-length", "5"] }, { body: 0, end: true }],
    "complete",
    { method: "HEAD" },
  ),
  flow(
    "HEAD with content",
    "response",
    [{ section: [...OK, "content-length", "5"] }, { body: 5 }],
    "malformed 9110-6.4.1",
    { method: "HEAD" },
  ),
  flow(
    "HEAD with trailers",
    "response",
    [{ section: OK }, { section: ["x-sum", "1"], end: true }],
    "complete",
    {
      method: "HEAD",
      seen: [A_RESPONSE, { kind: "trailers", fields: ["x-sum", "1"] }],
    },
  ),
  response("a 204", [":status", "204"], { status: 204 }),
  response("a 204 that declares no content", [":status", "204", "content-length", "0"], {}, {
    writerRule: "9110-8.6:status",
  }),
  badResponse("a 204 that declares content", [":status", "204", "content-length", "1"], "9110-8.6:status"),
  flow(
    "a 204 with content",
    "response",
    [{ section: [":status", "204"] }, { body: 1 }],
    "malformed 9110-6.4.1",
  ),
  flow("a 204 with an empty piece of content", "response", [{ section: [":status", "204"] }, {
    body: 0,
    end: true,
  }], "complete"),
  flow("a 204 with trailers", "response", [{ section: [":status", "204"] }, {
    section: ["x", "1"],
    end: true,
  }], "malformed 9110-15.3.5"),
  response("a 304 with a content-length", [":status", "304", "content-length", "500"], {}),
  flow("a 304 with content", "response", [{ section: [":status", "304", "content-length", "5"] }, {
    body: 5,
  }], "malformed 9110-6.4.1"),
  flow("a 304 with trailers", "response", [{ section: [":status", "304"] }, {
    section: ["x", "1"],
    end: true,
  }], "malformed 9110-15.4.5"),
  flow(
    "a 205 with content is put up with",
    "response",
    [{ section: [":status", "205"] }, { body: 1, end: true }],
    "complete",
    {
      writerRule: "9110-15.3.6",
    },
  ),
];

const ORDER: readonly MessageCase[] = [
  flow(
    "trailers of a request",
    "request",
    [{ section: POST }, { body: 1 }, { section: ["x-sum", "1"], end: true }],
    "complete",
    {
      seen: [A_REQUEST, { kind: "trailers", fields: ["x-sum", "1"] }],
    },
  ),
  flow(
    "trailers without content",
    "response",
    [{ section: OK }, { section: ["grpc-status", "0"], end: true }],
    "complete",
    {
      seen: [A_RESPONSE, { kind: "trailers", fields: ["grpc-status", "0"] }],
    },
  ),
  flow(
    "an empty trailer section",
    "response",
    [{ section: OK }, { body: 1 }, { section: [], end: true }],
    "complete",
    {
      seen: [A_RESPONSE, { kind: "trailers", fields: [] }],
    },
  ),
  flow(
    "trailers that may not be trailers are left out",
    "response",
    [
      { section: OK },
      { body: 1 },
      {
        section: [
          "x",
          "1",
          "content-length",
          "9",
          "content-type",
          "text/plain",
          "set-cookie",
          "a=1",
          "y",
          "2",
        ],
        end: true,
      },
    ],
    "complete",
    {
      seen: [A_RESPONSE, { kind: "trailers", fields: ["x", "1", "y", "2"] }],
      writerRule: "9110-6.5.1",
    },
  ),
  flow(
    "trailers that would steer a request are left out",
    "request",
    [
      { section: POST },
      { body: 1 },
      { section: ["host", "b.example", "authorization", "Basic x", "te", "trailers", "x", "1"], end: true },
    ],
    "complete",
    { seen: [A_REQUEST, { kind: "trailers", fields: ["x", "1"] }], writerRule: "9110-6.5.1" },
  ),
  flow("a connection-specific trailer", "request", [
    { section: POST },
    { body: 1 },
    { section: ["transfer-encoding", "chunked"], end: true },
  ], "malformed 9113-8.2.2:connection"),
  flow("a capital letter in trailers", "request", [
    { section: POST },
    { body: 1 },
    { section: ["X-Sum", "1"], end: true },
  ], "malformed 9113-8.2"),
  flow("a pseudo-field in trailers", "request", [
    { section: POST },
    { body: 1 },
    { section: [":path", "/", "x", "1"], end: true },
  ], "malformed 9113-8.3:trailers"),
  flow("a pseudo-field at the end of trailers", "response", [
    { section: OK },
    { body: 1 },
    { section: ["x", "1", ":status", "200"], end: true },
  ], "malformed 9113-8.3:trailers"),
  flow(
    "trailers that do not end the message",
    "request",
    [
      { section: POST },
      { body: 1 },
      { section: ["x-sum", "1"] },
    ],
    "malformed 9113-8.1:trailers",
    { ends: "together" },
  ),
  flow(
    "trailers, then an end by itself",
    "request",
    [
      { section: POST },
      { body: 1 },
      { section: ["x-sum", "1"] },
      { end: true },
    ],
    "complete",
    { ends: "alone", seen: [A_REQUEST, { kind: "trailers", fields: ["x-sum", "1"] }] },
  ),
  flow(
    "content after trailers",
    "request",
    [
      { section: POST },
      { body: 1 },
      { section: ["x-sum", "1"] },
      { body: 1 },
    ],
    "out-of-order 9114-4.1",
    { ends: "alone", seen: [A_REQUEST, { kind: "trailers" }] },
  ),
  flow(
    "a field section after trailers",
    "response",
    [
      { section: OK },
      { section: ["x-sum", "1"] },
      { section: ["x-sum", "2"] },
    ],
    "out-of-order 9114-4.1",
    { ends: "alone", seen: [A_RESPONSE, { kind: "trailers" }] },
  ),
  flow("content before the head of a request", "request", [{ body: 1 }], "out-of-order 9113-8.1:order", {
    seen: [],
  }),
  flow("content before the head of a response", "response", [{ body: 1 }], "out-of-order 9113-8.1:order", {
    seen: [],
  }),
  flow(
    "an empty piece of content before the head",
    "response",
    [{ body: 0 }],
    "out-of-order 9113-8.1:order",
    { seen: [] },
  ),
  flow("an end before the head", "request", [{ end: true }], "malformed 9113-8.1:incomplete", {
    seen: [],
    ends: "alone",
  }),
  flow("an end by itself after the head", "request", [{ section: GET }, { end: true }], "complete"),
  flow("a head and nothing more yet", "response", [{ section: OK }], "open"),
  flow("content and nothing more yet", "request", [{ section: POST }, { body: 10 }, { body: 0 }], "open"),
  flow(
    "a TRACE without content",
    "request",
    [{ section: [":method", "TRACE", ...TARGET], end: true }],
    "complete",
  ),
  flow(
    "a TRACE with content is put up with",
    "request",
    [
      { section: [":method", "TRACE", ...TARGET] },
      { body: 1, end: true },
    ],
    "complete",
    { writerRule: "9110-9.3.8" },
  ),
];

const TUNNELS: readonly MessageCase[] = [
  flow("a CONNECT", "request", [{ section: CONNECT }], "open", {
    seen: [{
      kind: "request",
      method: "CONNECT",
      authority: "b.example:443",
      scheme: "",
      path: "",
      fields: [],
    }],
  }),
  flow(
    "a CONNECT to an IPv6 address",
    "request",
    [
      { section: [":method", "CONNECT", ":authority", "[::1]:22"] },
    ],
    "open",
    { seen: [{ kind: "request", authority: "[::1]:22" }] },
  ),
  badRequest("a CONNECT with a :scheme", [...CONNECT, ":scheme", "https"], "9113-8.5:fields"),
  badRequest("a CONNECT with a :path", [...CONNECT, ":path", "/"], "9113-8.5:fields"),
  badRequest("a CONNECT without :authority", [":method", "CONNECT"], "9113-8.5:fields"),
  badRequest("a CONNECT with host only", [":method", "CONNECT", "host", "b.example:443"], "9113-8.5:fields"),
  badRequest(
    "a CONNECT with an empty :authority",
    [":method", "CONNECT", ":authority", ""],
    "9113-8.5:fields",
  ),
  badRequest("a CONNECT without a port", [":method", "CONNECT", ":authority", "b.example"], "9110-9.3.6"),
  badRequest(
    "a CONNECT with an empty port",
    [":method", "CONNECT", ":authority", "b.example:"],
    "9110-9.3.6",
  ),
  badRequest("a CONNECT to port 0", [":method", "CONNECT", ":authority", "b.example:0"], "9110-9.3.6"),
  badRequest(
    "a CONNECT with userinfo",
    [":method", "CONNECT", ":authority", "u@b.example:443"],
    "9113-8.3.1:userinfo",
  ),
  badRequest("a CONNECT with a host that differs", [...CONNECT, "host", "c.example:443"], "9113-8.3.1:host"),
  flow("bytes through a tunnel, server", "request", [
    { section: CONNECT },
    { accept: true },
    { body: 5 },
    { body: 0 },
    { end: true },
  ], "complete"),
  flow("bytes before the tunnel is open", "request", [{ section: CONNECT }, { body: 5 }, { accept: true }, {
    body: 1,
    end: true,
  }], "complete"),
  flow("the content-length of a CONNECT says nothing", "request", [
    { section: [...CONNECT, "content-length", "3"] },
    { accept: true },
    { body: 5, end: true },
  ], "complete"),
  flow("trailers in a tunnel, server", "request", [
    { section: CONNECT },
    { accept: true },
    { body: 5 },
    { section: ["x", "1"], end: true },
  ], "out-of-order 9113-8.5:tunnel"),
  flow("trailers of a CONNECT before it is accepted", "request", [
    { section: CONNECT },
    { section: ["x", "1"], end: true },
  ], "out-of-order 9113-8.5:tunnel"),
  flow(
    "bytes through a tunnel, client",
    "response",
    [{ section: OK }, { body: 5 }, { body: 1, end: true }],
    "complete",
    {
      method: "CONNECT",
    },
  ),
  flow(
    "trailers in a tunnel, client",
    "response",
    [{ section: OK }, { section: ["x", "1"], end: true }],
    "out-of-order 9113-8.5:tunnel",
    {
      method: "CONNECT",
    },
  ),
  flow(
    "the content-length of an accepted CONNECT says nothing",
    "response",
    [
      { section: [...OK, "content-length", "1"] },
      { body: 5, end: true },
    ],
    "complete",
    { method: "CONNECT", writerRule: "9110-8.6:status" },
  ),
  flow(
    "a refused CONNECT is a response like others",
    "response",
    [
      { section: [":status", "407", "content-length", "2"] },
      { body: 2 },
      { section: ["x", "1"], end: true },
    ],
    "complete",
    { method: "CONNECT", seen: [{ kind: "response", status: 407 }, { kind: "trailers" }] },
  ),
  flow(
    "a refused CONNECT with too much content",
    "response",
    [
      { section: [":status", "502", "content-length", "2"] },
      { body: 3 },
    ],
    "malformed 9113-8.1.1",
    { method: "CONNECT" },
  ),
  flow("an extended CONNECT", "request", [{ section: WEBSOCKET }, { accept: true }, { body: 9 }], "open", {
    extendedConnect: true,
    seen: [{
      kind: "request",
      method: "CONNECT",
      protocol: "websocket",
      scheme: "https",
      authority: "a.example",
      path: "/",
    }],
  }),
  flow(
    "an extended CONNECT with a version in its protocol",
    "request",
    [
      { section: [":method", "CONNECT", ":protocol", "foo/2", ...TARGET] },
    ],
    "open",
    { extendedConnect: true, seen: [{ kind: "request", protocol: "foo/2" }] },
  ),
  flow(
    "trailers in the tunnel of an extended CONNECT",
    "request",
    [
      { section: WEBSOCKET },
      { accept: true },
      { section: ["x", "1"], end: true },
    ],
    "out-of-order 9113-8.5:tunnel",
    { extendedConnect: true },
  ),
  flow("a plain CONNECT where extended ones are enabled", "request", [{ section: CONNECT }], "open", {
    extendedConnect: true,
  }),
  badRequest("an extended CONNECT that was not enabled", WEBSOCKET, "8441-3"),
  badRequest("a :protocol with GET", [":protocol", "websocket", ...GET], "8441-4:method", {
    extendedConnect: true,
  }),
  badRequest(
    "an extended CONNECT without :scheme",
    [
      ":method",
      "CONNECT",
      ":protocol",
      "websocket",
      ":authority",
      "a.example",
      ":path",
      "/",
    ],
    "8441-4:fields",
    { extendedConnect: true },
  ),
  badRequest(
    "an extended CONNECT without :path",
    [
      ":method",
      "CONNECT",
      ":protocol",
      "websocket",
      ":scheme",
      "https",
      ":authority",
      "a.example",
    ],
    "8441-4:fields",
    { extendedConnect: true },
  ),
  badRequest(
    "an extended CONNECT without :authority",
    [
      ":method",
      "CONNECT",
      ":protocol",
      "websocket",
      ":scheme",
      "https",
      ":path",
      "/",
      "host",
      "a.example",
    ],
    "8441-4:fields",
    { extendedConnect: true },
  ),
  badRequest("an empty :protocol", [":method", "CONNECT", ":protocol", "", ...TARGET], "8441-4:value", {
    extendedConnect: true,
  }),
  badRequest(
    "a :protocol with a space",
    [":method", "CONNECT", ":protocol", "web socket", ...TARGET],
    "8441-4:value",
    {
      extendedConnect: true,
    },
  ),
  badRequest(
    "an extended CONNECT with an empty :path",
    [
      ":method",
      "CONNECT",
      ":protocol",
      "websocket",
      ":scheme",
      "https",
      ":authority",
      "a.example",
      ":path",
      "",
    ],
    "9113-8.3.1:path",
    { extendedConnect: true },
  ),
];

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
