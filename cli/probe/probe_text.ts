import type { Io } from "../io.ts";
import { printable, type Style } from "../ui/style.ts";
import { renderTable } from "../ui/table.ts";
import { formatBytes, formatDuration, formatMs, plural } from "../ui/units.ts";
import { type Phase, renderWaterfall, type WaterfallGroup } from "../ui/waterfall.ts";
import type { Finding, ProbeReport, ProtocolFacts, Severity, WorkingFacts } from "./facts.ts";
import { isAbsent } from "./findings.ts";
import { otherSettings, SETTING_ROWS, type SettingRow, settingValue } from "./settings_table.ts";

const WIDTHS = [25, 27, 27] as const;

function stateWords(facts: ProtocolFacts, style: Style): string {
  if (facts.state === "works") return style.green(`${facts.name} works`);
  if (isAbsent(facts)) return style.yellow(`${facts.name} not there`);
  if (facts.state === "failed") return style.red(`${facts.name} FAILED`);
  return style.dim(`${facts.name} ${facts.short}`);
}

function verdictLine(report: ProbeReport, style: Style): string {
  const working = report.protocols.find((facts) => facts.state === "works");
  const address = working?.samples[0]?.address ?? null;
  const own = report.isBuiltIn ? "own server " : "";
  const where = own +
    (address === null || report.where.includes(address) ? report.where : `${report.where} (${address})`);
  const warnings = report.findings.filter(({ severity }) => severity === "warn").length;
  const failures = report.findings.filter(({ severity }) => severity === "fail").length;
  const counts = failures > 0 ? style.red(plural(failures, "failure")) : plural(warnings, "warning");
  const states = report.protocols.map((facts) => stateWords(facts, style)).join("   ");
  return `${style.bold(where)}    ${states}   ${counts}   ${formatDuration(report.tookMs)}`;
}

/** Why a column is empty, where it should not be or nobody would know. */
function failureLines(protocols: readonly ProtocolFacts[], style: Style): string[] {
  const lines: string[] = [];
  for (const facts of protocols) {
    // The line above says enough of what was not tried by choice.
    if (facts.state === "works" || facts.why.code === "not-asked" || facts.why.code === "no-tls") continue;
    const { text, evidence, hint } = facts.why;
    lines.push(`  ${style.bold(facts.name)}   ${printable(text)}`);
    for (const line of evidence) lines.push(`       ${printable(line)}`);
    if (hint !== null) lines.push(`       ${style.cyan("hint:")} ${printable(hint)}`);
  }
  return lines;
}

type Cell = (facts: WorkingFacts) => string;

function row(report: ProbeReport, label: string, cell: Cell, style: Style): string[] {
  return [
    label,
    ...report.protocols.map((facts) => {
      if (facts.state === "works") return cell(facts);
      return style.dim("-");
    }),
  ];
}

function certificateCell({ certificate, tls, sameCertificate }: WorkingFacts): string {
  if (sameCertificate !== null) return sameCertificate ? "the same as over TCP" : "ANOTHER than over TCP";
  if (certificate === null) return tls === null ? "none (no TLS)" : "not visible";
  return printable(`${certificate.subject || "no name"}, ${certificate.keyType}`);
}

function foundCell({ foundBy, samples }: WorkingFacts): string {
  switch (foundBy) {
    case "alpn":
      return `ALPN ${samples[0]!.alpn}`;
    case "prior-knowledge":
      return "prior knowledge";
    case "alt-svc":
      return "Alt-Svc, seen over h2";
    case "asked":
      return "asked directly";
  }
}

/** A cipher suite without what every suite of today has in its name. */
function cipherWords(name: string): string {
  return printable(name.replace(/^TLS_/, "").replace("_WITH_", " ").replace(/_SHA\d+$/, ""));
}

function issuerCell({ certificate }: WorkingFacts): string {
  if (certificate === null) return "-";
  return printable(certificate.selfIssued ? "itself" : certificate.issuer || "nobody named");
}

function settingCell(setting: SettingRow, facts: WorkingFacts): string {
  const name = setting.names[facts.name];
  if (name === undefined) return setting.elsewhere ?? "-";
  const value = settingValue(facts.samples[0]!.settings, name);
  if (value === undefined) return "not announced";
  // QUIC has integers of 62 bits, and the largest stands for no limit.
  if (setting.isSwitch !== true) return value > Number.MAX_SAFE_INTEGER ? "no limit" : String(value);
  return value === 1 ? "yes" : value === 0 ? "no" : String(value);
}

function interimCell(facts: WorkingFacts): string {
  const seen = facts.samples[0]!.first.interim;
  if (seen.length === 0) return "none";
  return [...new Set(seen)].map((status) => `${status} x${seen.filter((other) => other === status).length}`)
    .join(", ");
}

function overviewRows(report: ProbeReport, style: Style): string[][] {
  const rows = [["", ...report.protocols.map((facts) => style.bold(facts.name))]];
  function add(label: string, cell: Cell): void {
    rows.push(row(report, label, cell, style));
  }
  add("found by", foundCell);
  add("secure channel", ({ tls, name }) => {
    if (tls === null) return "none";
    return name === "h3" ? `QUIC (TLS ${tls.version})` : `TLS ${tls.version}`;
  });
  add(
    "cipher",
    ({ tls }) => tls === null ? "-" : tls.cipher === null ? "not visible" : cipherWords(tls.cipher),
  );
  add("certificate", certificateCell);
  add("  issued by", issuerCell);
  add(
    "  valid for",
    ({ certificate }) => certificate === null ? "-" : plural(certificate.daysLeft, "more day"),
  );
  add(
    "first request",
    ({ timing, samples }) => `${samples[0]!.first.status} in ${formatMs(timing.ttfbMs)} ms`,
  );
  add("  body", ({ samples }) => {
    const { bodyBytes, isWhole } = samples[0]!.first;
    return isWhole ? formatBytes(bodyBytes) : `more than ${formatBytes(bodyBytes)}`;
  });
  add(
    "next request",
    ({ nextMs }) => nextMs === null ? "not on this connection" : `${formatMs(nextMs)} ms, same connection`,
  );
  add("PING round trip", ({ name, pingMs }) => {
    if (name === "h3") return "not in HTTP/3";
    return pingMs === null ? "no answer" : `${formatMs(pingMs)} ms`;
  });
  add("early hints seen", interimCell);
  return rows;
}

function settingRows(report: ProbeReport, style: Style): string[][] {
  const rows = [[
    style.bold("settings received"),
    ...report.protocols.map((facts) => style.bold(facts.name)),
  ]];
  for (const setting of SETTING_ROWS) {
    rows.push(row(report, setting.label, (facts) => settingCell(setting, facts), style));
  }
  const others = report.protocols.flatMap((facts) =>
    facts.state === "works" ? otherSettings(facts.samples[0]!.settings, facts.name) : []
  );
  for (const other of others.slice(0, 8)) {
    rows.push(row(report, `0x${other.id.toString(16)}`, (facts) => {
      const value = facts.samples[0]!.settings.findLast(({ id }) => id === other.id)?.value;
      return value === undefined ? "-" : String(value);
    }, style));
  }
  return rows;
}

function waterfallGroups(report: ProbeReport): WaterfallGroup[] {
  return report.protocols.filter((facts) => facts.state === "works").map((facts) => {
    const { timing } = facts;
    const phases: Phase[] = [{ name: "dns", ms: timing.dnsMs }];
    if (timing.quicMs === null) {
      phases.push({ name: "tcp", ms: timing.tcpMs }, { name: "tls", ms: timing.tlsMs });
    } else phases.push({ name: "quic", ms: timing.quicMs });
    phases.push({ name: "wait", ms: timing.waitMs });
    return { name: facts.name, phases };
  });
}

function severityWord(severity: Severity, style: Style): string {
  if (severity === "fail") return style.red("FAIL");
  if (severity === "warn") return style.yellow("warn");
  return severity === "info" ? style.cyan("info") : style.green("ok  ");
}

function findingLines(findings: readonly Finding[], style: Style): string[] {
  const lines = [style.bold("findings")];
  const fine = findings.filter(({ severity }) => severity === "ok").length;
  lines.push(`${severityWord("ok", style)}   ${plural(fine, "check")}`);
  for (const finding of findings) {
    if (finding.severity === "ok") continue;
    const text = `${finding.protocol}  ${printable(finding.text)}`;
    lines.push(
      `${severityWord(finding.severity, style)}   ${text.padEnd(58)} ${style.dim(finding.rule)}`.trimEnd(),
    );
    if (finding.advice !== null) lines.push(`           ${finding.advice}`);
  }
  return lines;
}

function sloLines(report: ProbeReport, style: Style): string[] {
  return report.slo.map((result) => {
    const actual = result.actualMs === null ? "not measured" : `${formatMs(result.actualMs)} ms`;
    const word = result.met ? style.green("met   ") : style.red("MISSED");
    return `${word} ${result.protocol}  ${result.name} ${actual}, limit ${result.limitMs} ms`;
  });
}

/** Prints a report for people: verdict, table, waterfall, settings, findings. */
export async function printProbe(io: Io, report: ProbeReport): Promise<void> {
  const style = io.outStyle;
  const samples = Math.max(
    ...report.protocols.map((facts) => facts.state === "works" ? facts.samples.length : 0),
  );
  const note = samples > 1 ? `median of ${samples}` : "";
  const indent = (lines: readonly string[]) => lines.map((line) => line === "" ? "" : `  ${line}`).join("\n");
  const failures = failureLines(report.protocols, style);
  const parts = [
    [verdictLine(report, style), ...failures].join("\n"),
    await renderTable(overviewRows(report, style), { indent: 2, widths: WIDTHS }),
    indent(renderWaterfall(waterfallGroups(report), style, note)),
    await renderTable(settingRows(report, style), { indent: 2, widths: WIDTHS }),
    indent(findingLines(report.findings, style)),
  ];
  if (report.slo.length > 0) parts.push(indent(sloLines(report, style)));
  if (report.isPartial) parts.push(`  ${style.yellow("ended early: fewer samples than asked for")}`);
  io.out(parts.join("\n\n") + "\n");
}
