// Deno.serve over TLS: `deno run -A deno_serve.ts PORT CERT KEY`.
const [port, cert, key] = Deno.args;
Deno.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  cert: Deno.readTextFileSync(cert!),
  key: Deno.readTextFileSync(key!),
  onListen: () => console.log("ready"),
}, (request) => {
  const { pathname } = new URL(request.url);
  if (request.method === "POST") return new Response(request.body);
  if (pathname.startsWith("/bytes/")) return new Response("x".repeat(Number(pathname.slice(7))));
  return new Response("Hello world\n");
});
