// Deno's fetch over HTTP/2: `deno run -A deno_fetch.ts URL CA`. Prints what it saw as one line of JSON.
const [url, ca] = Deno.args;
const client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(ca!)], http1: false, http2: true });
const upload = new Uint8Array(1 << 20).map((_, i) => i * 7);
const small = await fetch(new URL("/", url), { client });
const echo = await fetch(new URL("/", url), { client, method: "POST", body: upload });
const back = await echo.bytes();
const many = await Promise.all(Array.from({ length: 100 }, async () => {
  const response = await fetch(new URL("/bytes/1000", url), { client });
  return (await response.bytes()).length === 1000;
}));
console.log(JSON.stringify({
  small: { status: small.status, text: await small.text() },
  echo: {
    status: echo.status,
    equal: back.length === upload.length && back.every((b, i) => b === upload[i]),
  },
  many: many.filter(Boolean).length,
}));
client.close();
