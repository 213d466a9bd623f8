/**
 * Takes the hooks out of the sources of the engines, as if nobody had thought of them: `trace`, and the one for
 * mischief that tests set. Dead code that this leaves is for the bundler to drop.
 */

/** Questions whether there is a hook, and calls of it, as they are in a build without one. */
const QUESTIONS: readonly (readonly [RegExp, string])[] = [
  [/[\w.#]*\btrace !== undefined/g, "false"],
  [/[\w.#]*\btrace === undefined/g, "true"],
  [/[\w.#]*\btrace\?\.\(/g, "(void 0)?.("],
];

/** Where a hook is kept or handed on. */
const PLACES: readonly RegExp[] = [
  /^ *readonly trace\??: TraceHook(?: \| undefined)?;$/gm,
  /^ *this\.trace = .*;$/gm,
  /^ *trace: given\.trace,$/gm,
  /^ *if \(this\.rewrite !== undefined\) .*;$/gm,
  /^ *rewrite: RewriteFrame \| undefined = undefined;$/gm,
  /, trace: TraceHook \| undefined(?=\))/g,
  /, options\.trace(?=\))/g,
];

/** Methods that tell a hook of something, whole. */
const METHODS = /^ {2}#?(?:trace(?:Frame|State)?|rewritten)\([^{]*\{$[\s\S]*?^ {2}\}$/gm;
/** The start of a statement that calls one of them, or a function that does. */
const CALL = /^( *)(?:[\w#]+\.)*#?trace(?:Frame|State)?\(/gm;

/** The text of a source without hooks. */
export function stripHooks(source: string): string {
  let text = source;
  for (const place of PLACES) text = text.replaceAll(place, "");
  for (const [question, answer] of QUESTIONS) text = text.replaceAll(question, answer);
  return withoutCalls(text.replaceAll(METHODS, ""));
}

function withoutCalls(text: string): string {
  let kept = "";
  let at = 0;
  for (const { index, 0: start } of text.matchAll(CALL)) {
    let end = index + start.length;
    for (let depth = 1; depth > 0 && end < text.length; end++) {
      if (text[end] === "(") depth++;
      else if (text[end] === ")") depth--;
    }
    // The semicolon stays: something may want a statement here.
    kept += text.slice(at, index);
    at = end;
  }
  return kept + text.slice(at);
}

/** What a bundle still says of hooks: nothing, if all of them were found. */
export function hooksIn(bundle: string): string[] {
  const lines = bundle.match(/.*(?:\btrace|#trace|\brewrite\b|rewritten).*/g) ?? [];
  return lines.filter((line) => !/^\s*(?:\/\*\*|\*|\/\/)/.test(line));
}
