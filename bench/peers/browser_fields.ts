/** The fields of a browser, beside what h2load sends itself. */
export const BROWSER: readonly string[] = [
  "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language: en-US,en;q=0.5",
  "accept-encoding: gzip, deflate, br, zstd",
  "referer: https://www.example.com/some/page",
  "cookie: session=8a7c1f0e6b2d4c93a5f7; theme=dark; region=eu",
  "sec-fetch-dest: document",
  "sec-fetch-mode: navigate",
  "sec-fetch-site: same-origin",
  "priority: u=1",
  "upgrade-insecure-requests: 1",
];
