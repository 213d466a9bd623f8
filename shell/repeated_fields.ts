import type { Fields } from "../semantics/fields.ts";
import { isSensitiveField } from "../wire/indexing_policy.ts";
import { fieldsOfResponse } from "./native_fields.ts";

/** Longer lists, and longer values, are not remembered. */
const MAX_FIELDS = 16;
const MAX_VALUE_LENGTH = 256;

/**
 * The fields of native responses. The last list is remembered and known again: the same object is
 * completed, checked and compressed once, whatever the handler makes its headers of each time.
 */
export class RepeatedFields {
  #last: Fields | undefined;

  /** The fields of a response; not to be changed. */
  of(response: Response): Fields {
    const fields = fieldsOfResponse(response);
    if (this.#last !== undefined && isSame(fields.flat, this.#last.flat)) return this.#last;
    if (isKept(fields.flat)) this.#last = fields;
    return fields;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether a list may be remembered: a short one without a field that is never indexed. */
function isKept(flat: readonly string[]): boolean {
  if (flat.length > 2 * MAX_FIELDS) return false;
  for (let i = 0; i < flat.length; i += 2) {
    const value = flat[i + 1]!;
    if (value.length > MAX_VALUE_LENGTH || isSensitiveField(flat[i]!, value)) return false;
  }
  return true;
}
