/** Trailers and the order of the parts. */
import type { MessageCase } from "../message_cases.ts";
import { A_REQUEST, A_RESPONSE, flow, GET, OK, POST, TARGET } from "./builders.ts";

/** What may follow what. */
export const ORDER: readonly MessageCase[] = [
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
