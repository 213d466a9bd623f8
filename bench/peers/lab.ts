import { makeThrowawayCertificate } from "../../transport/throwaway_cert.ts";
import { prepareLoads } from "./loads.ts";
import { BODIES } from "./programs/bodies.ts";
import type { Lab } from "./servers.ts";

/** Makes what a comparison works in, and removes it when the work has ended. */
export async function withLab<T>(isPinned: boolean, work: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await makeLab(isPinned);
  try {
    return await work(lab);
  } finally {
    await Deno.remove(lab.folder, { recursive: true });
  }
}

async function makeLab(isPinned: boolean): Promise<Lab> {
  const folder = await Deno.makeTempDir({ prefix: "tandem-bench-" });
  // Servers that give up their rights must be able to read the files.
  Deno.chmodSync(folder, 0o755);
  Deno.mkdirSync(`${folder}/www`);
  for (const [path, body] of BODIES) Deno.writeFileSync(`${folder}/www${path}`, body);
  const { cert, key } = await makeThrowawayCertificate();
  Deno.writeTextFileSync(`${folder}/cert.pem`, cert);
  Deno.writeTextFileSync(`${folder}/key.pem`, key);
  prepareLoads(folder);
  return { folder, cert: `${folder}/cert.pem`, key: `${folder}/key.pem`, cpu: isPinned ? 0 : undefined };
}
