import { round } from "../get/get_json.ts";
import type { ProbeAnswer, ProbeReport, ProbeTiming, ProtocolFacts, WorkingFacts } from "./facts.ts";
import { SETTING_ROWS, settingValue } from "./settings_table.ts";
import { VERSION } from "../version.ts";

function timingJson(timing: ProbeTiming, samples: number): Record<string, unknown> {
  return {
    samples,
    dnsMs: round(timing.dnsMs),
    tcpMs: round(timing.tcpMs),
    tlsMs: round(timing.tlsMs),
    quicMs: round(timing.quicMs),
    waitMs: round(timing.waitMs),
    ttfbMs: round(timing.ttfbMs),
    totalMs: round(timing.totalMs),
  };
}

function answerJson(answer: ProbeAnswer): Record<string, unknown> {
  return {
    status: answer.status,
    waitMs: round(answer.waitMs),
    bodyBytes: answer.bodyBytes,
    isWhole: answer.isWhole,
    interim: answer.interim,
  };
}

function settingsJson(facts: WorkingFacts): Record<string, unknown> {
  const { settings } = facts.samples[0]!;
  const document: Record<string, unknown> = {};
  for (const row of SETTING_ROWS) document[row.key] = settingValue(settings, row.names[facts.name]) ?? null;
  document["received"] = settings.map(({ id, name, value }) => ({ id, name, value }));
  return document;
}

function protocolJson(facts: ProtocolFacts): Record<string, unknown> {
  if (facts.state !== "works") {
    return { reachable: facts.state === "failed" ? false : null, why: facts.why };
  }
  const sample = facts.samples[0]!;
  return {
    reachable: true,
    why: null,
    foundBy: facts.foundBy,
    target: facts.where,
    alpn: sample.alpn,
    address: sample.address,
    tls: facts.tls,
    certificate: facts.certificate,
    sameCertificate: facts.sameCertificate,
    timing: timingJson(facts.timing, facts.samples.length),
    first: answerJson(sample.first),
    next: sample.next === null ? null : { ...answerJson(sample.next), medianMs: round(facts.nextMs) },
    pingMs: round(facts.pingMs),
    settings: settingsJson(facts),
    altSvc: sample.first.altSvc,
  };
}

/** The document of `tandem.probe/1`. */
export function probeJson(report: ProbeReport): Record<string, unknown> {
  const document: Record<string, unknown> = {
    schema: "tandem.probe/1",
    version: VERSION,
    url: report.url,
    at: report.at,
    target: report.where,
    builtIn: report.isBuiltIn,
    tookMs: round(report.tookMs),
    partial: report.isPartial,
  };
  for (const facts of report.protocols) document[facts.name] = protocolJson(facts);
  document["findings"] = report.findings;
  document["slo"] = report.slo.map((result) => ({ ...result, actualMs: round(result.actualMs) }));
  return document;
}
