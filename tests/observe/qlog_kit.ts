import Ajv, { type ValidateFunction } from "ajv";
import assert from "node:assert/strict";
import { qlogWriter } from "../../observe/mod.ts";
import type { QlogOptions, QlogWriter } from "../../observe/mod.ts";

/** A record of a log. */
export interface QlogRecord {
  readonly time: number;
  readonly name: string;
  readonly group_id: string;
  // deno-lint-ignore no-explicit-any
  readonly data: any;
}

async function compile(name: string): Promise<ValidateFunction> {
  const ajv = new (Ajv as unknown as typeof Ajv.default)({
    discriminator: true,
    strict: false,
    allErrors: true,
  });
  const url = new URL(`./schemas/${name}.json`, import.meta.url);
  return ajv.compile(JSON.parse(await Deno.readTextFile(url)));
}

const validators = {
  seq: await compile("qlog_seq"),
  http2: await compile("qlog_http2"),
  http3: await compile("qlog_http3"),
};

/** Takes a JSON text sequence apart (RFC 7464), strictly. */
export function readSequence(text: string): unknown[] {
  assert(text.startsWith("\x1e"), "the sequence does not begin with a record separator");
  return text.slice(1).split("\x1e").map((record) => {
    assert(record.endsWith("\n"), "a record does not end with a line feed");
    return JSON.parse(record);
  });
}

/** Holds a log to the schemas; returns its events. */
export function checkLog(text: string, namespace: "http2" | "http3"): QlogRecord[] {
  const [header, ...events] = readSequence(text) as [unknown, ...QlogRecord[]];
  valid(validators.seq, header);
  let time = 0;
  for (const event of events) {
    valid(validators[namespace], event);
    assert(event.time >= time, "time goes back");
    time = event.time;
  }
  return events;
}

/** Whether a schema takes a value; for tests of the schemas themselves. */
export function isValid(namespace: "http2" | "http3", value: unknown): boolean {
  return validators[namespace](value) as boolean;
}

function valid(validate: ValidateFunction, value: unknown): void {
  const errors = validate(value) ? [] : validate.errors;
  assert.deepEqual(errors, [], `${JSON.stringify(value)} is not as the draft has it`);
}

/** A log in memory. */
export interface MemoryLog {
  readonly writer: QlogWriter;
  readonly text: string;
}

/** Opens a log in memory. */
export function memoryLog(options: Partial<QlogOptions> & Pick<QlogOptions, "role">): MemoryLog {
  let text = "";
  const writer = qlogWriter({ write: (record) => text += record, groupPrefix: "test", ...options });
  return {
    writer,
    get text() {
      return text;
    },
  };
}
