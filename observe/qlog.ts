import type { TraceHook } from "../semantics/trace.ts";
import { systemClock } from "../shell/clock.ts";
import type { ConnectionTracer } from "./connection.ts";
import { QlogConnection } from "./qlog_connection.ts";
import { SECRET_FIELDS } from "./qlog_fields.ts";

/** What goes into a log, and where to. */
export interface QlogOptions {
  /** Which end is logged: all connections of one log are on the same end. */
  readonly role: "client" | "server";
  /**
   * Takes each record, whole, in order. Must not throw; when it does, the log ends there and
   * `onError` is told.
   */
  readonly write: (text: string) => void;
  /** Told why the log ended early. @default {nobody is told} */
  readonly onError?: (error: unknown) => void;
  /** The title of the log. @default {none} */
  readonly title?: string;
  /** What the log is about, at length. @default {none} */
  readonly description?: string;
  /** The name of this vantage point. @default {"tandem"} */
  readonly name?: string;
  /** Fields whose values are left out, names in lower case. @default {SECRET_FIELDS} */
  readonly secretFields?: readonly string[];
  /** Whether the values of secret fields are logged all the same. @default {false} */
  readonly showSecrets?: boolean;
  /** Begins the name of each group, which then has a number; must be unique among logs. @default {16 random digits} */
  readonly groupPrefix?: string;
  /** Monotonic time in milliseconds. @default {() => performance.now()} */
  readonly now?: () => number;
  /** The time of day that the log says it began at. @default {the real one} */
  readonly wallClock?: () => Date;
}

/** A log that connections can be opened in. */
export interface QlogWriter {
  /** Makes the hook of one connection, which is a group of its own in the log. */
  readonly open: ConnectionTracer;
  /** Connections that were opened in it. */
  readonly connections: number;
  /** Records that were written, the header included. */
  readonly records: number;
}

const FILE_SCHEMA = "urn:ietf:params:qlog:file:sequential";
const EVENT_SCHEMAS = [
  "urn:ietf:params:qlog:events:http2-00",
  "urn:ietf:params:qlog:events:http3-13",
  "urn:ietf:params:qlog:events:loglevel",
];

/**
 * Writes qlog: a JSON text sequence (RFC 7464, usually a file that ends in `.sqlog`) of the main
 * schema of draft-ietf-quic-qlog-main-schema, with the events of
 * draft-ietf-quic-qlog-h3-events-13 for HTTP/3 and of draft-pardue-httpbis-qlog-h2-events-00
 * for HTTP/2. Limits that fire and ends of connections are events of `loglevel`.
 *
 * The header is written at once. The values of `authorization`, `proxy-authorization`, `cookie`
 * and `set-cookie` are left out unless `showSecrets` is set. A section is logged in the
 * frame that it came in, once it is decoded, at that time.
 *
 * @example Usage
 * ```ts
 * import { qlogWriter } from "@tandem/http/observe";
 * import { connect, serve } from "@tandem/http/h2";
 * import { memoryPair } from "@tandem/http/transport/memory";
 * import assert from "node:assert/strict";
 *
 * let text = "";
 * const log = qlogWriter({ role: "client", write: (record) => text += record });
 * const [near, far] = memoryPair();
 * const server = serve(far, () => new Response("hello"));
 * const client = connect(near, { trace: log.open({ role: "client", protocol: "h2" }) });
 * await (await client.fetch("https://example.org/")).text();
 * await client.shutdown();
 * await server.closed;
 *
 * const records = text.split("\x1e").slice(1).map((record) => JSON.parse(record));
 * assert.equal(records[0].file_schema, "urn:ietf:params:qlog:file:sequential");
 * assert(records.some((record) => record.name === "http2:frame_parsed"));
 * ```
 */
export function qlogWriter(options: QlogOptions): QlogWriter {
  return new Writer(options);
}

class Writer implements QlogWriter {
  connections = 0;
  records = 0;
  readonly open: ConnectionTracer;
  readonly #options: QlogOptions;
  #isBroken = false;

  constructor(options: QlogOptions) {
    this.#options = options;
    const clock = options.now ?? (() => systemClock.now());
    const start = clock();
    const now = (): number => Math.round((clock() - start) * 1000) / 1000;
    const secret = new Set(options.showSecrets === true ? [] : options.secretFields ?? SECRET_FIELDS);
    const prefix = options.groupPrefix ?? randomDigits();
    const record = (value: unknown): void => this.#record(value);
    record(header(options));
    this.open = ({ protocol, role }): TraceHook => {
      const group = `${prefix}-${++this.connections}`;
      const connection = new QlogConnection({ protocol, role, group, secret, now, record });
      return (event) => connection.receive(event);
    };
  }

  #record(value: unknown): void {
    if (this.#isBroken) return;
    try {
      this.#options.write(`\x1e${JSON.stringify(value)}\n`);
      this.records++;
    } catch (error) {
      this.#isBroken = true;
      this.#options.onError?.(error);
    }
  }
}

function header(options: QlogOptions): unknown {
  const wallClock = options.wallClock ?? (() => new Date());
  return {
    file_schema: FILE_SCHEMA,
    serialization_format: "application/qlog+json-seq",
    ...(options.title === undefined ? {} : { title: options.title }),
    ...(options.description === undefined ? {} : { description: options.description }),
    trace: {
      common_fields: {
        time_format: "relative_to_epoch",
        reference_time: {
          clock_type: "monotonic",
          epoch: "unknown",
          wall_clock_time: wallClock().toISOString(),
        },
      },
      vantage_point: { name: options.name ?? "tandem", type: options.role },
      event_schemas: EVENT_SCHEMAS,
    },
  };
}

function randomDigits(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  let digits = "";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return digits;
}
