/** When colour is used. */
export type ColorMode = "auto" | "always" | "never";

/** How text looks on one output: colours, shapes, width. */
export interface Style {
  /** Whether colours are on. */
  readonly color: boolean;
  /** Whether only ASCII is written. */
  readonly ascii: boolean;
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number;
  /** Bold. */
  bold(text: string): string;
  /** Less bright. */
  dim(text: string): string;
  /** For what failed. */
  red(text: string): string;
  /** For what is well. */
  green(text: string): string;
  /** For what could be better. */
  yellow(text: string): string;
  /** For what can be typed. */
  cyan(text: string): string;
}

/** What a style is chosen from. */
export interface StyleChoice {
  /** The wish of the user. @default {"auto"} */
  readonly color?: ColorMode;
  /** Whether the output is a terminal. */
  readonly terminal: boolean;
  /** Whether `NO_COLOR` is set. */
  readonly noColor: boolean;
  /** Whether only ASCII is wanted. @default {false} */
  readonly ascii?: boolean;
  /** Columns of the terminal. @default {80} */
  readonly columns?: number;
}

function sgr(on: boolean, open: number, close: number): (text: string) => string {
  if (!on) return (text) => text;
  return (text) => `\x1b[${open}m${text}\x1b[${close}m`;
}

/** Makes the style for an output. Colour never carries a meaning alone. */
export function chooseStyle(choice: StyleChoice): Style {
  const mode = choice.color ?? "auto";
  const color = mode === "always" || (mode === "auto" && choice.terminal && !choice.noColor);
  return {
    color,
    ascii: choice.ascii ?? false,
    columns: choice.columns ?? 80,
    bold: sgr(color, 1, 22),
    dim: sgr(color, 2, 22),
    red: sgr(color, 31, 39),
    green: sgr(color, 32, 39),
    yellow: sgr(color, 33, 39),
    cyan: sgr(color, 36, 39),
  };
}

const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu;

/** Makes text of a peer harmless to a terminal: control characters become escapes. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
