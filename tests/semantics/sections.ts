import { measureSection } from "../../semantics/mod.ts";
import type { DecodedSection } from "../../wire/decoded_section.ts";

/** A section as a codec would hand it out. */
export function sectionOf(flat: readonly string[]): DecodedSection {
  return {
    flat: [...flat],
    sensitive: undefined,
    bytes: measureSection(flat),
    count: flat.length / 2,
    tooLarge: false,
    validated: undefined,
  };
}
