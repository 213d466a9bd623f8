/** Our server in several workers on one port: `deno run -A workers_server.ts PORT exchange|native WORKERS`. */
const [port, mode, count] = Deno.args;

await Promise.all(Array.from({ length: Number(count) }, () => {
  const worker = new Worker(new URL("./tandem_worker.ts", import.meta.url), { type: "module" });
  worker.postMessage({ port: Number(port), mode });
  return new Promise((resolve) => worker.onmessage = resolve);
}));
console.log("ready");
