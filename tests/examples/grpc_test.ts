import * as h2 from "@tandem/http/h2";
import * as h3 from "@tandem/http/h3";
import { memoryPair, memoryQuicPair } from "@tandem/http/transport/memory";
import { GrpcClient } from "../../examples/grpc/client.ts";
import { grpcHandler } from "../../examples/grpc/server.ts";
import { testCases } from "../../examples/grpc/test_client.ts";
import { testService } from "../../examples/grpc/test_service.ts";

for (const [name, run] of Object.entries(testCases)) {
  Deno.test(`gRPC over HTTP/2: ${name}`, async () => {
    const [near, far] = memoryPair();
    const server = h2.serve(far, grpcHandler(testService));
    const client = h2.connect(near);
    await run(new GrpcClient(client, "a.example"));
    await client.shutdown();
    await server.closed;
  });

  Deno.test(`gRPC over HTTP/3: ${name}`, async () => {
    const [near, far] = memoryQuicPair();
    const server = h3.serve(far, grpcHandler(testService));
    const client = h3.connect(near);
    await run(new GrpcClient(client, "a.example"));
    await client.shutdown();
    await server.closed;
  });
}
