import type { ConnectPlan } from "../protocols/mod.ts";
import { TransportError } from "../../semantics/errors.ts";

/** How long the answer may take, in milliseconds. */
const TIMEOUT_MS = 2500;

/**
 * Whether a server shows the certificate with this SHA-256 over QUIC as well. The certificate itself cannot be
 * seen there, so one more connection is made that takes this one and no other. `null` where it does not tell.
 */
export async function sameCertificate(plan: ConnectPlan, sha256: string): Promise<boolean | null> {
  const { connectQuic } = await import("../../transport/deno_quic.ts");
  try {
    const transport = await connectQuic({
      hostname: plan.hostname,
      port: plan.port,
      serverName: plan.serverName,
      alpn: ["h3"],
      certificateHashes: [Uint8Array.fromHex(sha256)],
      signal: plan.signal,
      timeoutMs: TIMEOUT_MS,
    });
    transport.close(0x100, ""); // H3_NO_ERROR
    return true;
  } catch (error) {
    return error instanceof TransportError && error.code === "certificate" ? false : null;
  }
}
