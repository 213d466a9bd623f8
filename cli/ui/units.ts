/** A count of bytes for people, in powers of 1000: `12 B`, `5.0 kB`, `2.10 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = "";
  for (const next of units) {
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${value < 10 && unit === "GB" ? value.toFixed(2) : value.toFixed(1)} ${unit}`;
}

/** Milliseconds for a table: one decimal below 10 s, `-` for what is not known. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "-";
  return ms < 10_000 ? ms.toFixed(1) : Math.round(ms).toString();
}

/** A duration for a sentence: `61.4 ms`, `3.0 s`. */
export function formatDuration(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m)?$/;

/** Reads `300ms`, `10s`, `1.5m`; a bare number is seconds. Returns milliseconds, or `undefined`. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const factor = match[2] === "ms" ? 1 : match[2] === "m" ? 60_000 : 1000;
  return Number(match[1]) * factor;
}

/** `1 check`, `2 checks`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The middle value; the mean of the middle two for an even count; `null` for none. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
