/** Content-length against itself and against the content. */
import type { MessageCase } from "../message_cases.ts";
import { A_REQUEST, badRequest, badResponse, flow, GET, OK, POST } from "./builders.ts";

/** What a content-length means. */
export const LENGTHS: readonly MessageCase[] = [
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
