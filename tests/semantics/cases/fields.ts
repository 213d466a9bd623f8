/** Names, values, connection-specific fields, cookies, sizes of sections. */
import type { MessageCase } from "../message_cases.ts";
import { badRequest, badResponse, flow, get, OK, request, response } from "./builders.ts";

/** What fields may be. */
export const FIELDS: readonly MessageCase[] = [
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
    "a section with as many fields and octets as are allowed",
    "request",
    [{ section: get("a", "", "b", ""), end: true }],
    "complete",
    {
      limits: { maxHeaderFields: 6, maxHeaderListBytes: 6 * 32 + 49 },
    },
  ),
  flow(
    "a section with one octet more than is allowed",
    "request",
    [{ section: get("a", "", "b", ""), end: true }],
    "too-large limit:header_list_bytes",
    {
      limits: { maxHeaderFields: 6, maxHeaderListBytes: 6 * 32 + 48 },
      seen: [],
    },
  ),
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
