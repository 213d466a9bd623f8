/** Parses a URL; throws `TypeError` for what is neither `http:` nor `https:`. */
export function webUrl(url: string | URL): URL {
  const parsed = typeof url === "string" ? new URL(url) : url;
  if (parsed.protocol === "https:" || parsed.protocol === "http:") return parsed;
  throw new TypeError(`Cannot connect: ${parsed.protocol} is neither https: nor http:`);
}

/** The host of a URL, without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  const { hostname } = url;
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** The port of a URL, that of the scheme where it has none. */
export function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}
