const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** A `grpc-timeout` in milliseconds, or `undefined` where there is none that makes sense. */
export function parseTimeout(value: string | undefined): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value ?? "");
  return match === null ? undefined : Number(match[1]) * UNITS_MS[match[2]!]!;
}

/** A `grpc-timeout` of so many milliseconds; it holds eight digits at most. */
export function formatTimeout(ms: number): string {
  if (ms < 100_000) {
    return `${Math.max(1, Math.round(ms * 1000))}u`.replace(/^\d{9,}u$/, `${Math.round(ms)}m`);
  }
  return ms < 1e8 ? `${Math.round(ms)}m` : `${Math.round(ms / 1000)}S`;
}
