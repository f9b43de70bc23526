/**
 * Spans and metrics of a reactor for [OpenTelemetry](https://opentelemetry.io), without a
 * dependency: see {@linkcode instrumentReactor}.
 *
 * @module
 */

export {
  instrumentReactor,
  type InstrumentReactorOptions,
  type ReactorInstrumentation,
} from "./instrument_reactor.ts";
