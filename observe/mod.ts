/**
 * Consumers of the one hook `trace`: counters, qlog, spans and metrics of OpenTelemetry.
 *
 * Engines, clients and servers of both protocols tell the hook of each frame, field section and
 * change of state. Everything here is made of these events alone, so it costs nothing where
 * it is not used.
 *
 * @module
 */
export {
  allHooks,
  type ConnectionTracer,
  type ObservedAddress,
  type ObservedConnection,
  perConnection,
} from "./connection.ts";
export { type Tally, TraceCounters, type TraceCounts } from "./counters.ts";
export { SECRET_FIELDS } from "./qlog_fields.ts";
export { type QlogOptions, type QlogWriter, qlogWriter } from "./qlog.ts";
export {
  type OtelApi,
  type OtelAttributes,
  type OtelContext,
  type OtelCounter,
  type OtelHistogram,
  type OtelInstrumentOptions,
  type OtelMeter,
  type OtelSpan,
  type OtelTracer,
} from "./otel_api.ts";
export {
  openTelemetry,
  type OpenTelemetryOptions,
  propagationFields,
  type Telemetry,
  type TelemetryExchange,
} from "./otel.ts";
export type { FieldsTrace, FrameTrace, StateTrace, TraceEvent, TraceHook } from "../semantics/trace.ts";
