import type { OtelCounter, OtelHistogram, OtelMeter } from "./otel_api.ts";

/** The instruments of one role. */
export interface Instruments {
  /** How long exchanges took, in seconds. */
  readonly duration: OtelHistogram;
  /** Exchanges that are open. */
  readonly active: OtelCounter;
  /** Sizes of request bodies, in bytes. */
  readonly requestSize: OtelHistogram;
  /** Sizes of response bodies, in bytes. */
  readonly responseSize: OtelHistogram;
  /** Connections that are open, by state (clients). */
  readonly connections: OtelCounter | undefined;
  /** How long connections lasted, in seconds (clients). */
  readonly connectionDuration: OtelHistogram | undefined;
}

/** The bounds that the conventions advise for durations of requests, in seconds. */
const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** The same for connections. */
const CONNECTION_BOUNDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** Makes the instruments of a role, named by the semantic conventions for HTTP metrics. */
export function makeInstruments(meter: OtelMeter, role: "client" | "server"): Instruments {
  const whose = role === "client" ? "HTTP client" : "HTTP server";
  function size(what: "request" | "response"): OtelHistogram {
    return meter.createHistogram(`http.${role}.${what}.body.size`, {
      description: `Size of ${whose} ${what} bodies.`,
      unit: "By",
    });
  }
  return {
    duration: meter.createHistogram(`http.${role}.request.duration`, {
      description: `Duration of ${whose} requests.`,
      unit: "s",
      advice: { explicitBucketBoundaries: [...DURATION_BOUNDS] },
    }),
    active: meter.createUpDownCounter(`http.${role}.active_requests`, {
      description: `Number of active ${whose} requests.`,
      unit: "{request}",
    }),
    requestSize: size("request"),
    responseSize: size("response"),
    connections: role === "server" ? undefined : meter.createUpDownCounter("http.client.open_connections", {
      description: "Number of outbound HTTP connections that are open, by state.",
      unit: "{connection}",
    }),
    connectionDuration: role === "server"
      ? undefined
      : meter.createHistogram("http.client.connection.duration", {
        description: "Duration of outbound HTTP connections.",
        unit: "s",
        advice: { explicitBucketBoundaries: [...CONNECTION_BOUNDS] },
      }),
  };
}
