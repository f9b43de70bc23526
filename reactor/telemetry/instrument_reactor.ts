/**
 * Spans and metrics of a reactor for OpenTelemetry.
 *
 * @module
 */

import { atOnce, logUserError } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";
import type { IReactorObservability, IReactorObserver, IReactorTime } from "../interfaces/mod.ts";
import { ConnectionSpans } from "./connection_spans.ts";
import { type Attributes, findOpenTelemetry, type OpenTelemetryAPI } from "./open_telemetry_api.ts";
import { ReactorMetrics } from "./reactor_metrics.ts";

/** The name of the instrumentation scope. */
const SCOPE = "@torsion/reactor";

const IN_LOOKUP = "Error while looking up a provider of OpenTelemetry";

/** The instrumented reactors: a second instrumentation would double their spans and durations. */
const INSTRUMENTED = new WeakSet<IReactorObservability>();

/** Options of {@linkcode instrumentReactor}. */
export interface InstrumentReactorOptions {
  /**
   * Whether to make spans: one for each accepted connection until it closes, and one for each
   * attempt to connect. The span of an accepted connection is the active one in the methods of its
   * protocol.
   *
   * @default {true}
   */
  spans?: boolean | undefined;
  /**
   * Whether to record metrics.
   *
   * @default {true}
   */
  metrics?: boolean | undefined;
  /**
   * Attributes of all spans and measurements. If a process has several reactors, each needs
   * attributes of its own, because an SDK would otherwise take their counters for the same ones.
   *
   * @default {{}}
   */
  attributes?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** The instrumentation of a reactor. */
export interface ReactorInstrumentation extends Disposable {
  /** Whether spans are made: a provider of tracers was found, and no option prevents it. */
  readonly spans: boolean;
  /** Whether metrics are recorded: a provider of meters was found, and no option prevents it. */
  readonly metrics: boolean;
  /** Ends all spans and stops the instrumentation. */
  [Symbol.dispose](): void;
}

/**
 * Reports the connections and the event loop of a reactor to OpenTelemetry. Call it once for each
 * reactor. Dispose of the result to stop, for example before another call with other options.
 *
 * The providers are those that an SDK has registered before this call, or that Deno registers with
 * `OTEL_DENO=true`. They are looked up once, without importing a package. If there are none, this
 * function does nothing.
 *
 * Spans and metrics contain addresses, numbers and names of error classes. They contain no data of
 * connections and no error messages. An error that the SDK throws is logged and has no other
 * effect.
 *
 * @param reactor The reactor.
 * @param options Which signals to report.
 * @returns The instrumentation, which reports until it is disposed of. It may be kept as long as
 *   the process runs.
 * @throws {TypeError} If the reactor has no counters, or an attribute is not a string, a number or
 *   a boolean.
 * @throws {Error} If the reactor is instrumented already, also if no SDK was found then.
 *
 * @example Trace a server with Deno's own OpenTelemetry: `OTEL_DENO=true deno run ...`
 * ```ts no-eval
 * import { Factory, Protocol, reactor } from "@torsion/reactor";
 * import { instrumentReactor } from "@torsion/reactor/telemetry";
 *
 * instrumentReactor(reactor);
 * reactor.listenTCP(2000, Factory.forProtocol(Protocol));
 * await reactor.run();
 * ```
 */
export function instrumentReactor(
  reactor: IReactorObservability & Pick<IReactorTime, "seconds">,
  options: InstrumentReactorOptions = {},
): ReactorInstrumentation {
  checkReactor(reactor);
  const { spans = true, metrics = true } = options;
  const attributes = checkAttributes(options.attributes ?? {});
  if (INSTRUMENTED.has(reactor)) {
    throw new Error(
      "Cannot instrument the reactor: it is instrumented already; dispose of the result of the " +
        "first instrumentReactor() before the second call",
    );
  }
  const api = attempt("looking up OpenTelemetry", findOpenTelemetry);
  const tracing = spans ? attempt("starting spans", () => spansOf(api, attributes)) : null;
  const metering = metrics
    ? attempt("starting metrics", () => metricsOf(api, reactor, attributes))
    : null;
  const parts = [tracing, metering].filter((part) => part !== null);
  const observing = parts.map((part) => reactor.observe(part));
  INSTRUMENTED.add(reactor);
  let isActive = true;
  return {
    spans: tracing !== null,
    metrics: metering !== null,
    [Symbol.dispose]: () => {
      if (!isActive) return;
      isActive = false;
      INSTRUMENTED.delete(reactor);
      for (const observer of observing) observer[Symbol.dispose]();
      for (const part of parts) attempt("stopping OpenTelemetry", () => part[Symbol.dispose]());
    },
  };
}

/** Checks that a value has the methods of a reactor that are called here. */
function checkReactor(reactor: unknown): void {
  const { observe, stats }: Partial<IReactorObservability> = Object(reactor);
  if (typeof observe === "function" && typeof stats === "function") return;
  throw new TypeError(
    "Cannot instrument a reactor: it must have the methods observe() and stats(); " +
      `got ${quote(reactor)}`,
  );
}

/** Returns a copy of the attributes. */
function checkAttributes(attributes: Readonly<Attributes>): Attributes {
  for (const [name, value] of Object.entries(attributes)) {
    if (["string", "number", "boolean"].includes(typeof value)) continue;
    throw new TypeError(
      `Cannot instrument a reactor: the attribute ${name} must be a string, a number or a ` +
        `boolean; got ${quote(value)}`,
    );
  }
  return { ...attributes };
}

function spansOf(api: OpenTelemetryAPI | null, attributes: Attributes): Part | null {
  const tracer = atOnce("getTracer()", api?.trace?.getTracer(SCOPE) ?? null, IN_LOOKUP);
  return tracer === null ? null : new ConnectionSpans(tracer, api?.context ?? null, attributes);
}

function metricsOf(
  api: OpenTelemetryAPI | null,
  reactor: IReactorObservability & Pick<IReactorTime, "seconds">,
  attributes: Attributes,
): Part | null {
  const meter = atOnce("getMeter()", api?.metrics?.getMeter(SCOPE) ?? null, IN_LOOKUP);
  return meter === null ? null : new ReactorMetrics(reactor, meter, attributes);
}

/** A part of the instrumentation. */
type Part = IReactorObserver & Disposable;

/** Calls a function of an SDK. An error is logged, and the result is then `null`. */
function attempt<T>(doing: string, f: () => T): T | null {
  try {
    return f();
  } catch (error) {
    logUserError(error, `Error while ${doing}`);
    return null;
  }
}
