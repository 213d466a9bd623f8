// undici over HTTP/2: `node undici_client.mjs URL CA`. Prints what it saw as one line of JSON.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { Agent, fetch, request } from "undici";

const [url, ca] = process.argv.slice(2);
const dispatcher = new Agent({ allowH2: true, connect: { ca: readFileSync(ca) } });
const upload = Buffer.alloc(1 << 20, "tandem ");
const sum = (bytes) => createHash("sha256").update(bytes).digest("hex");

const small = await fetch(new URL("/", url), { dispatcher });
const echo = await request(new URL("/", url), { dispatcher, method: "POST", body: upload });
const many = await Promise.all(Array.from({ length: 200 }, async () => {
  const response = await request(new URL("/bytes/1000", url), { dispatcher });
  return (await response.body.arrayBuffer()).byteLength === 1000 && response.statusCode === 200;
}));
console.log(JSON.stringify({
  small: { status: small.status, text: await small.text() },
  echo: { status: echo.statusCode, sha256: sum(Buffer.from(await echo.body.arrayBuffer())) },
  sent: sum(upload),
  many: many.filter(Boolean).length,
  protocol: await (await fetch(new URL("/headers", url), { dispatcher })).json(),
}));
await dispatcher.close();
