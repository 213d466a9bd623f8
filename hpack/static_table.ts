import { FIELD_OVERHEAD_BYTES } from "../wire/decoded_section.ts";
import { STATIC_FIELDS } from "./static_table_data.ts";

/** How many entries the static table has (RFC 7541 appendix A). */
export const STATIC_COUNT: number = STATIC_FIELDS.length >> 1;

/** Names of the static table by index; index 0 is unused. */
export const STATIC_NAMES: readonly string[] = ["", ...STATIC_FIELDS.filter((_, i) => i % 2 === 0)];

/** Values of the static table by index; index 0 is unused. */
export const STATIC_VALUES: readonly string[] = ["", ...STATIC_FIELDS.filter((_, i) => i % 2 === 1)];

/** Sizes of the entries by index, as RFC 7541 section 4.1 counts them, in bytes. */
export const STATIC_SIZES: readonly number[] = STATIC_NAMES.map((name, i) =>
  name.length + STATIC_VALUES[i]!.length + FIELD_OVERHEAD_BYTES
);

/** What the static table has for a name: the entries of one name stand in a row. */
export interface StaticName {
  /** Index of the first entry. */
  readonly index: number;
  /** The values of the entries from there on. */
  readonly values: readonly string[];
}

/** The static table by name. */
export const STATIC_BY_NAME: ReadonlyMap<string, StaticName> = buildNames();

function buildNames(): Map<string, StaticName> {
  const names = new Map<string, { index: number; values: string[] }>();
  for (let index = 1; index <= STATIC_COUNT; index++) {
    const known = names.get(STATIC_NAMES[index]!);
    if (known === undefined) names.set(STATIC_NAMES[index]!, { index, values: [STATIC_VALUES[index]!] });
    else known.values.push(STATIC_VALUES[index]!);
  }
  return names;
}
