/** The messages of gRPC's interop test service, as far as its cases need them. */
import protobuf from "protobufjs";

const DEFINITION = `
syntax = "proto3";
message Empty {}
message Payload { int32 type = 1; bytes body = 2; }
message EchoStatus { int32 code = 1; string message = 2; }
message SimpleRequest {
  int32 response_type = 1; int32 response_size = 2; Payload payload = 3; EchoStatus response_status = 7;
}
message SimpleResponse { Payload payload = 1; }
message StreamingInputCallRequest { Payload payload = 1; }
message StreamingInputCallResponse { int32 aggregated_payload_size = 1; }
message ResponseParameters { int32 size = 1; int32 interval_us = 2; }
message StreamingOutputCallRequest {
  int32 response_type = 1; repeated ResponseParameters response_parameters = 2; Payload payload = 3;
  EchoStatus response_status = 7;
}
message StreamingOutputCallResponse { Payload payload = 1; }
`;

const root = protobuf.parse(DEFINITION).root;

/** Where the methods are. */
export const SERVICE = "/grpc.testing.TestService";

interface Payload {
  readonly body: Uint8Array;
}

/** The messages by name, as plain objects. */
export interface Messages {
  readonly Empty: Record<string, never>;
  readonly SimpleRequest: {
    readonly responseSize?: number;
    readonly payload?: Payload | null;
    readonly responseStatus?: { readonly code: number; readonly message: string } | null;
  };
  readonly SimpleResponse: { readonly payload?: Payload | null };
  readonly StreamingInputCallRequest: { readonly payload?: Payload | null };
  readonly StreamingInputCallResponse: { readonly aggregatedPayloadSize?: number };
  readonly StreamingOutputCallRequest: {
    readonly responseParameters?: readonly { readonly size?: number; readonly intervalUs?: number }[];
    readonly payload?: Payload | null;
    readonly responseStatus?: { readonly code: number; readonly message: string } | null;
  };
  readonly StreamingOutputCallResponse: { readonly payload?: Payload | null };
}

/** Message to bytes. */
export function encode<N extends keyof Messages>(name: N, message: Messages[N]): Uint8Array {
  const type = root.lookupType(name);
  return type.encode(type.fromObject(message)).finish();
}

/** Bytes to message. */
export function decode<N extends keyof Messages>(name: N, bytes: Uint8Array): Messages[N] {
  return root.lookupType(name).decode(bytes) as unknown as Messages[N];
}
