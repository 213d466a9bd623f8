/** Status, interim responses, responses without content. */
import type { MessageCase } from "../message_cases.ts";
import { A_RESPONSE, AN_INTERIM, badResponse, flow, OK, response } from "./builders.ts";

/** What responses may be. */
export const RESPONSES: readonly MessageCase[] = [
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
  badResponse("a :status whose first octet is no digit", [":status", "a00"], "9113-8.3.2"),
  badResponse("a :status whose second octet is no digit", [":status", "2/0"], "9113-8.3.2"),
  badResponse("a :status whose third octet is no digit", [":status", "20:"], "9113-8.3.2"),
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
