/** CONNECT and extended CONNECT. */
import type { MessageCase } from "../message_cases.ts";
import { badRequest, CONNECT, flow, GET, OK, TARGET, WEBSOCKET } from "./builders.ts";

/** What tunnels are. */
export const TUNNELS: readonly MessageCase[] = [
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
  badRequest(
    "a CONNECT to a port above 65535",
    [":method", "CONNECT", ":authority", "b.example:65536"],
    "9113-8.3.1:authority",
  ),
  flow("a CONNECT to the port 65535", "request", [
    { section: [":method", "CONNECT", ":authority", "b.example:65535"] },
  ], "open"),
  flow(
    "a CONNECT with the same host",
    "request",
    [{ section: [...CONNECT, "host", "b.example:443"] }],
    "open",
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
