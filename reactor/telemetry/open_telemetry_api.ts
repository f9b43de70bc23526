/**
 * The part of OpenTelemetry's API that the library uses, found without importing it.
 *
 * An SDK registers its providers in a property of `globalThis`, where packages with different
 * copies of `@opentelemetry/api` find them. Deno registers its own there with `OTEL_DENO=true`.
 *
 * @module
 */

/** The value of an attribute. */
export type AttributeValue = string | number | boolean;

/** Attributes of a span or of a measurement. */
export type Attributes = Record<string, AttributeValue>;

/** A span. */
export interface Span {
  /** Returns whether the span is recorded: a sampler may have decided against it. */
  isRecording(): boolean;
  /** Adds attributes. */
  setAttributes(attributes: Attributes): unknown;
  /** Sets the status. */
  setStatus(status: { code: number }): unknown;
  /** Ends the span now. */
  end(): unknown;
}

/** Options of a span. */
export interface SpanOptions {
  /** The kind: see {@linkcode SPAN_KIND}. */
  kind: number;
  /** The attributes that a sampler sees. */
  attributes: Attributes;
  /** Whether the span has no parent. @default {false} */
  root?: boolean | undefined;
  /** The time at which the span began, in milliseconds since 1970. @default {now} */
  startTime?: number | undefined;
}

/** Makes spans. */
export interface Tracer {
  /** Starts a span, whose parent is that of the running code. */
  startSpan(name: string, options: SpanOptions): Span;
}

/** An instrument that is read when metrics are exported. */
export type Observable = object;

/** An instrument that counts durations in buckets. */
export interface Histogram {
  /** Records one duration. */
  record(value: number, attributes?: Attributes): unknown;
}

/** Receives the values of observable instruments. */
export interface BatchObservableResult {
  /** Records the value of an instrument. */
  observe(instrument: Observable, value: number, attributes?: Attributes): void;
}

/** Called when metrics are exported. */
export type BatchObservableCallback = (result: BatchObservableResult) => void;

/** Options of an instrument. */
export interface InstrumentOptions {
  /** The description for people. */
  description: string;
  /** The unit, in the notation of UCUM. */
  unit: string;
  /** Recommendations for the SDK. @default {none} */
  advice?: { explicitBucketBoundaries: number[] } | undefined;
}

/** Makes instruments. */
export interface Meter {
  /** Makes an instrument for durations. */
  createHistogram(name: string, options: InstrumentOptions): Histogram;
  /** Makes an instrument for a sum that only grows. */
  createObservableCounter(name: string, options: InstrumentOptions): Observable;
  /** Makes an instrument for a sum that grows and shrinks. */
  createObservableUpDownCounter(name: string, options: InstrumentOptions): Observable;
  /** Adds a callback that reads several instruments. */
  addBatchObservableCallback(callback: BatchObservableCallback, instruments: Observable[]): unknown;
  /** Removes a callback. */
  removeBatchObservableCallback(
    callback: BatchObservableCallback,
    instruments: Observable[],
  ): unknown;
}

/** An immutable map of values that belong to the running code. */
export interface Context {
  /** Returns the value of a key; `undefined` without one. */
  getValue(key: symbol): unknown;
  /** Returns a context with one more value. */
  setValue(key: symbol, value: unknown): Context;
  /** Returns a context without a value. */
  deleteValue(key: symbol): Context;
}

/** Keeps the context of the running code. */
export interface ContextManager {
  /** Calls a function in a context. */
  with(context: Context, f: () => void): unknown;
}

/** The object in `globalThis` with the registered providers. */
export interface OpenTelemetryAPI {
  /** The version of the API that has registered the providers. */
  readonly version: string;
  /** The manager of contexts. */
  readonly context?: ContextManager;
  /** The provider of tracers. */
  readonly trace?: { getTracer(name: string): Tracer };
  /** The provider of meters. */
  readonly metrics?: { getMeter(name: string): Meter };
}

/** The kinds of a span. */
export const SPAN_KIND = { server: 1, client: 2 } as const;

/** The status of a span that has failed. */
export const STATUS_ERROR = { code: 2 } as const;

/** The key of the API with the major version 1. */
const API_KEY: unique symbol = Symbol.for("opentelemetry.js.api.1");

/** The minor version that has the metrics. */
const MINOR_VERSION = 3;

/**
 * Finds the API.
 *
 * @returns The API; `null` if no SDK has registered itself.
 * @throws {Error} If the version of the API is too old or unknown. An error of a getter is passed
 *   on.
 */
export function findOpenTelemetry(): OpenTelemetryAPI | null {
  const api: OpenTelemetryAPI | undefined = Reflect.get(globalThis, API_KEY);
  if (api === undefined || api === null) return null;
  // As in the API itself, a later minor version has all that an earlier one has, and a version with
  // a suffix is not compatible with another one.
  const minor = /^1\.(\d+)\.\d+$/.exec(String(api.version))?.[1];
  if (minor !== undefined && Number(minor) >= MINOR_VERSION) return api;
  throw new Error(
    `Cannot use OpenTelemetry's API ${api.version}: the version must be at least 1.${MINOR_VERSION}.0, and less than 2.0.0`,
  );
}
