/**
 * The context of a connection's span, in which the methods of the protocol are called.
 *
 * @module
 */

import { callGuarded, logUserError } from "../../defer/guarded_call.ts";
import type { RunInContext } from "../stream/call_contexts.ts";
import type { Context, ContextManager, Span } from "./open_telemetry_api.ts";

/** The key under which each copy of OpenTelemetry's API looks for the active span. */
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

/**
 * A context with nothing but its own values. The active context would not do: it is that of code
 * that was running when the event loop began to wait, perhaps that of another connection.
 */
class SpanContext implements Context {
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(values: ReadonlyMap<symbol, unknown>) {
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): SpanContext {
    return new SpanContext(new Map(this.#values).set(key, value));
  }

  deleteValue(key: symbol): SpanContext {
    return new SpanContext(new Map([...this.#values].filter(([other]) => other !== key)));
  }
}

/** A call that is made once, and whose result or error is kept. */
class OneCall {
  readonly #f: () => unknown;
  #wasMade = false;
  #hasThrown = false;
  #outcome: unknown;

  constructor(f: () => unknown) {
    this.#f = f;
  }

  /** Makes the call, unless it was made. */
  readonly make = (): void => {
    if (this.#wasMade) return;
    this.#wasMade = true;
    try {
      this.#outcome = this.#f();
    } catch (error) {
      this.#hasThrown = true;
      this.#outcome = error;
    }
  };

  /** Returns the result of the call, or throws its error. */
  finish(): unknown {
    this.make();
    if (this.#hasThrown) throw this.#outcome;
    return this.#outcome;
  }
}

/**
 * Makes a function that calls others while a span is the active one. They are called once, whatever
 * the manager does. An error of the manager is logged.
 *
 * @param manager The manager of contexts.
 * @param span The span.
 * @param failed Called when the manager has failed, so that it is not used again.
 */
export function runInSpan(manager: ContextManager, span: Span, failed: () => void): RunInContext {
  const context = new SpanContext(new Map([[SPAN_KEY, span]]));
  return (f) => {
    const call = new OneCall(f);
    callGuarded(() => manager.with(context, call.make), (error) => {
      failed();
      logUserError(error, "Error while making the span of a connection the active one");
    });
    return call.finish();
  };
}
