import type { Style } from "./style.ts";
import { formatMs } from "./units.ts";

/** One part of a request. */
export interface Phase {
  /** The word in front of the bar. */
  readonly name: string;
  /** How long it took, in milliseconds; `null` when there was no such part. */
  readonly ms: number | null;
}

/** The parts of one request, in order; each begins where the one before ended. */
export interface WaterfallGroup {
  /** What it is of, such as `h2`. */
  readonly name: string;
  /** The parts. */
  readonly phases: readonly Phase[];
}

/** A step for the axis: 1, 2 or 5 times a power of ten, at most five of them in `span`. */
export function niceStep(span: number): number {
  const rough = Math.max(span, 0.001) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

function axis(span: number, width: number): string {
  const step = niceStep(span);
  let text = "";
  for (let at = 0; at <= span + step / 1000; at += step) {
    const column = Math.round(at / span * width);
    const label = String(Number(at.toPrecision(6)));
    if (column < text.length + (text === "" ? 0 : 1)) continue;
    text = text.padEnd(column) + label;
  }
  return `${text} ms`;
}

/** Draws bars on one time line, so that the groups can be compared. Returns lines without indent. */
export function renderWaterfall(groups: readonly WaterfallGroup[], style: Style, note: string): string[] {
  const totals = groups.map((group) => group.phases.reduce((sum, phase) => sum + (phase.ms ?? 0), 0));
  const span = Math.max(...totals, 0.1);
  const left = 23;
  const width = Math.max(20, Math.min(style.columns - left - 16, 44));
  const [full, lead] = style.ascii ? ["#", "."] : ["█", "·"];
  const title = `${"to first byte".padEnd(left)}${axis(span, width)}`;
  const lines = [note === "" ? title : `${title}   ${style.dim(note)}`];
  for (const group of groups) {
    let elapsed = 0;
    group.phases.forEach((phase, index) => {
      const name = index === 0 ? style.bold(group.name) : " ".repeat(group.name.length);
      const head = `${name}  ${phase.name.padEnd(8)}${formatMs(phase.ms).padStart(7)}    `;
      const from = Math.round(elapsed / span * width);
      elapsed += phase.ms ?? 0;
      const to = Math.round(elapsed / span * width);
      const bar = phase.ms === null
        ? ""
        : style.dim(lead.repeat(from)) + style.cyan(full.repeat(Math.max(1, to - from)));
      lines.push((head + bar).trimEnd());
    });
  }
  return lines;
}
