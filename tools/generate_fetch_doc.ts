/**
 * Writes `docs/fetch.md`: where `Client.fetch` and the global `fetch` agree and where not.
 *
 *     deno run -A tools/generate_fetch_doc.ts
 *
 * @module
 */
import { FETCH_CASES } from "../tests/surface/fetch_cases.ts";

const INTRODUCTION = `# fetch

\`Client.fetch\` passes for the global \`fetch\` of Deno: the ${FETCH_CASES.length} cases below are run with both, against one
server, over HTTP/2 and over HTTP/3, and what comes out is compared: status, fields, bodies, URL, redirects,
failures by class (\`tests/surface/fetch_test.ts\`). Where they differ, they are meant to, and the test says so
when a difference is gone. This page is written by \`tools/generate_fetch_doc.ts\`.

## Differences

| case | \`client.fetch\` |
| ---- | -------------- |
`;

const UNCOMPARED = `
And where there is nothing to compare:

| matter | \`client.fetch\` |
| ------ | -------------- |
| protocols | HTTP/2 and HTTP/3; a server that knows HTTP/1.1 only is a failure (\`alpn\`) |
| \`http:\` URLs | HTTP/2 by prior knowledge |
| failures | \`FetchError\`, which is a \`TypeError\`: \`code\`, \`retry\` (\`unsent\`, \`refused\`, \`unknown\`), and \`unsent\`, the request, whole, when it is proven that the server has not worked on it |
| repetition | once, with that proof, and only with a body that can be sent again; nothing else is ever sent twice |
| \`response.url\`, \`redirected\`, \`type\` | properties of the object; a \`clone()\` does not have them |
| trailers, interim responses, protocol | \`detailsOf(response)\`, \`onInterim\` |
| time | \`timeouts\`: connect (30 s unless given), head, body, total |
| \`priority\` | \`high\` is urgency 1, \`low\` is 5 (RFC 9218); or \`{ urgency, incremental }\` |
| a stream that is redirected with 307 or 308 | a failure, as the Fetch standard has it; the body of a \`Request\` object is kept up to 64 KiB for it |
| \`deflate\` | undone as well, in both of its forms |
| \`alt-used\` | sent to alternative services (RFC 7838 section 5) |
| connections | kept for \`idleTimeoutMs\` (60 s), and for so long the program stays alive; \`close()\` or \`await using\` ends them |
| cookies, cache, CORS, integrity | none, as with the global one |

### Coalescing

A connection can serve another origin (RFC 9113 section 9.1.1), but only if the certificate covers that origin.
Deno does not show the certificate of a connection. So it is off unless \`coalesce: true\` is given, and even then it
takes an ORIGIN frame of the server (RFC 8336, RFC 9412) and, unless the dialer can see the certificate and says
that it covers the name, the same address and port. A 421 sends the request to a connection of its own.

## Cases

| case | the same | the difference |
| ---- | -------- | -------------- |
`;

/** The whole page. */
export function renderFetchDoc(): string {
  const differing = FETCH_CASES.filter(({ difference }) => difference !== undefined);
  const differences = differing.map(({ name, difference }) => `| ${name} | ${difference} |`);
  const rows = FETCH_CASES.map(({ name, difference }) =>
    `| ${name} | ${difference === undefined ? "yes" : "no"} | ${difference ?? ""} |`
  );
  return `${INTRODUCTION}${differences.join("\n")}\n${UNCOMPARED}${rows.join("\n")}\n`;
}

/** The page as the formatter leaves it. */
export async function formattedFetchDoc(): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=md", "-"],
    cwd: new URL("..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(renderFetchDoc()));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../docs/fetch.md", import.meta.url), await formattedFetchDoc());
}
