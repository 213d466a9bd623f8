/** gRPC's interop test cases, at the client's end. */
import assert from "node:assert/strict";
import type { GrpcClient } from "./client.ts";
import { GrpcError, GrpcStatus } from "./status.ts";
import { decode, encode, SERVICE } from "./test_messages.ts";

const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

function expectStatus(status: number, details?: string): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof GrpcError, String(error));
    assert.equal(error.status, status, error.details);
    if (details !== undefined) assert.equal(error.details, details);
    return true;
  };
}

async function drain(messages: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const _ of messages) count++;
  return count;
}

/** A list of messages that is filled while it is read. */
class Outbox implements AsyncIterable<Uint8Array> {
  #waiting: Uint8Array[] = [];
  #wake = Promise.withResolvers<void>();
  #isEnded = false;

  push(message: Uint8Array): void {
    this.#waiting.push(message);
    this.#wake.resolve();
  }
  end(): void {
    this.#isEnded = true;
    this.#wake.resolve();
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) yield message;
      else if (this.#isEnded) return;
      else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      }
    }
  }
}

function outputRequest(reply: number, size: number): Uint8Array {
  return encode("StreamingOutputCallRequest", {
    responseParameters: [{ size: reply }],
    payload: { body: new Uint8Array(size) },
  });
}

const STATUS = { code: GrpcStatus.UNKNOWN, message: "test status message" };

/** The cases by their names in gRPC's description of its interop tests. */
export const testCases: Readonly<Record<string, (client: GrpcClient) => Promise<void>>> = {
  async empty_unary(client) {
    const answer = await client.unary(`${SERVICE}/EmptyCall`, encode("Empty", {}));
    assert.equal(answer.length, 0);
  },
  async large_unary(client) {
    const request = encode("SimpleRequest", {
      responseSize: 314159,
      payload: { body: new Uint8Array(271828) },
    });
    const answer = decode("SimpleResponse", await client.unary(`${SERVICE}/UnaryCall`, request));
    assert.equal(answer.payload?.body.length, 314159);
  },
  async client_streaming(client) {
    const sizes = [27182, 8, 1828, 45904];
    const messages = sizes.map((size) =>
      encode("StreamingInputCallRequest", { payload: { body: new Uint8Array(size) } })
    );
    for await (const answer of client.stream(`${SERVICE}/StreamingInputCall`, messages)) {
      assert.equal(decode("StreamingInputCallResponse", answer).aggregatedPayloadSize, 74922);
    }
  },
  async server_streaming(client) {
    const sizes = [31415, 9, 2653, 58979];
    const request = encode("StreamingOutputCallRequest", {
      responseParameters: sizes.map((size) => ({ size })),
    });
    const seen: (number | undefined)[] = [];
    for await (const answer of client.stream(`${SERVICE}/StreamingOutputCall`, [request])) {
      seen.push(decode("StreamingOutputCallResponse", answer).payload?.body.length);
    }
    assert.deepEqual(seen, sizes);
  },
  async ping_pong(client) {
    const steps = [[31415, 27182], [9, 8], [2653, 1828], [58979, 45904]] as const;
    const outbox = new Outbox();
    let at = 0;
    const next = () =>
      at < steps.length ? outbox.push(outputRequest(steps[at]![0], steps[at]![1])) : outbox.end();
    next();
    for await (const answer of client.stream(`${SERVICE}/FullDuplexCall`, outbox)) {
      assert.equal(decode("StreamingOutputCallResponse", answer).payload?.body.length, steps[at]![0]);
      at++;
      next();
    }
    assert.equal(at, steps.length);
  },
  async cancel_after_begin(client) {
    const controller = new AbortController();
    const call = drain(
      client.stream(`${SERVICE}/StreamingInputCall`, new Outbox(), { signal: controller.signal }),
    );
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(call, expectStatus(GrpcStatus.CANCELLED));
  },
  async timeout_on_sleeping_server(client) {
    const outbox = new Outbox();
    outbox.push(encode("StreamingOutputCallRequest", { payload: { body: new Uint8Array(27182) } }));
    const call = drain(client.stream(`${SERVICE}/FullDuplexCall`, outbox, { deadlineMs: 1 }));
    await assert.rejects(call, expectStatus(GrpcStatus.DEADLINE_EXCEEDED));
  },
  async status_code_and_message(client) {
    const unary = encode("SimpleRequest", { responseStatus: STATUS });
    await assert.rejects(client.unary(`${SERVICE}/UnaryCall`, unary), expectStatus(2, STATUS.message));
    const duplex = encode("StreamingOutputCallRequest", { responseStatus: STATUS });
    await assert.rejects(
      drain(client.stream(`${SERVICE}/FullDuplexCall`, [duplex])),
      expectStatus(2, STATUS.message),
    );
  },
  async special_status_message(client) {
    const request = encode("SimpleRequest", { responseStatus: { code: 2, message: SPECIAL } });
    await assert.rejects(client.unary(`${SERVICE}/UnaryCall`, request), expectStatus(2, SPECIAL));
  },
};
