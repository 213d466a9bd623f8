/** gRPC's interop test service. */
import type { GrpcMethod } from "./server.ts";
import { GrpcError } from "./status.ts";
import { decode, encode, SERVICE } from "./test_messages.ts";

async function one(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const message of messages) return message;
  throw new GrpcError(3, "a message is missing");
}

async function* unaryCall(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { responseSize, responseStatus } = decode("SimpleRequest", await one(messages));
  if (responseStatus?.code) throw new GrpcError(responseStatus.code, responseStatus.message);
  yield encode("SimpleResponse", { payload: { body: new Uint8Array(responseSize ?? 0) } });
}

async function* streamingInput(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const message of messages) {
    sum += decode("StreamingInputCallRequest", message).payload?.body.length ?? 0;
  }
  yield encode("StreamingInputCallResponse", { aggregatedPayloadSize: sum });
}

async function* output(message: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const request = decode("StreamingOutputCallRequest", message);
  if (request.responseStatus?.code) {
    throw new GrpcError(request.responseStatus.code, request.responseStatus.message);
  }
  for (const { size, intervalUs } of request.responseParameters ?? []) {
    if (intervalUs) await sleep(intervalUs / 1000, signal);
    yield encode("StreamingOutputCallResponse", { payload: { body: new Uint8Array(size ?? 0) } });
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** The methods of the service. */
export const testService: Readonly<Record<string, GrpcMethod>> = {
  [`${SERVICE}/EmptyCall`]: async function* (messages) {
    await one(messages);
    yield encode("Empty", {});
  },
  [`${SERVICE}/UnaryCall`]: unaryCall,
  [`${SERVICE}/StreamingInputCall`]: streamingInput,
  [`${SERVICE}/StreamingOutputCall`]: async function* (messages, { signal }) {
    yield* output(await one(messages), signal);
  },
  [`${SERVICE}/FullDuplexCall`]: async function* (messages, { signal }) {
    for await (const message of messages) yield* output(message, signal);
  },
};
