/**
 * Spans of connections and of attempts to connect.
 *
 * @module
 */

import type {
  Address,
  IConnector,
  IReactorObserver,
  ObservedConnection,
} from "../interfaces/mod.ts";
import { atOnce, callLogged } from "../../defer/guarded_call.ts";
import {
  acceptedAttributes,
  endAttributes,
  errorAttributes,
  tlsAttributes,
  transportAttributes,
  transportOf,
} from "./attributes.ts";
import {
  type Attributes,
  type ContextManager,
  type Span,
  SPAN_KIND,
  type SpanOptions,
  STATUS_ERROR,
  type Tracer,
} from "./open_telemetry_api.ts";
import { useCallContexts } from "../stream/call_contexts.ts";
import { joinResults } from "./sdk_results.ts";
import { runInSpan } from "./span_context.ts";

/** Makes a span for each accepted connection, and for each attempt to connect. */
export class ConnectionSpans implements IReactorObserver, Disposable {
  readonly #tracer: Tracer;
  readonly #contexts: ContextManager | null;
  readonly #attributes: Attributes;
  /** The spans that have not ended, by their connection or connector. */
  readonly #open = new Map<object, Span>();
  #isActive = true;

  /**
   * @param tracer Makes the spans.
   * @param contexts Makes the span of a connection the active one; `null` without a manager.
   * @param attributes Attributes of all spans.
   */
  constructor(tracer: Tracer, contexts: ContextManager | null, attributes: Attributes) {
    this.#tracer = tracer;
    this.#contexts = contexts;
    this.#attributes = attributes;
  }

  connectStarted(connector: IConnector): void {
    const destination = connector.getDestination();
    // The parent is the span of the code that connects, for example that of a request.
    const span = this.#start(`${transportOf(destination)} connect`, {
      kind: SPAN_KIND.client,
      attributes: {
        ...this.#attributes,
        ...transportAttributes(destination),
        ...endAttributes("server", destination),
      },
    });
    this.#add(connector, span);
  }

  connectSucceeded(connector: IConnector, peer: Address): unknown {
    return this.#end(connector, endAttributes("network.peer", peer));
  }

  connectFailed(connector: IConnector, reason: Error): unknown {
    return this.#end(connector, errorAttributes(reason));
  }

  connectionOpened(connection: ObservedConnection, age: number): void {
    const peer = connection.getPeer();
    // The attempt of a client has a span already, and the pipes of a child have no port.
    if (connection.role === "client" || peer.type === "PROCESS") return;
    const span = this.#accepted(peer, connection.getHost(), age);
    this.#add(connection, span);
    this.#activate(connection, span);
  }

  connectionClosed(connection: ObservedConnection, reason: Error): unknown {
    return this.#end(connection, { ...tlsAttributes(connection), ...errorAttributes(reason) });
  }

  handshakeFailed(peer: Address, host: Address, age: number, reason: Error): unknown {
    return endSpan(this.#accepted(peer, host, age), errorAttributes(reason));
  }

  /** Ends all spans, because no more events will come. */
  [Symbol.dispose](): void {
    this.#isActive = false;
    const spans = [...this.#open.values()];
    this.#open.clear();
    for (const span of spans) callLogged(() => span.end(), [], "Error while ending a span");
  }

  /** Starts the span of a connection that was accepted `age` seconds ago. */
  #accepted(peer: Address, host: Address, age: number): Span {
    return this.#start(`${transportOf(peer)} connection`, {
      kind: SPAN_KIND.server,
      // The active span is not the parent: the event loop may have kept that of unrelated code.
      root: true,
      attributes: { ...this.#attributes, ...acceptedAttributes(peer, host) },
      startTime: age === 0 ? undefined : Date.now() - age * 1000,
    });
  }

  /**
   * Calls the methods of a protocol with the span of its connection as the active one. This also
   * holds if a sampler has decided against the span, because it has then decided against its
   * children.
   */
  #activate(connection: object, span: Span): void {
    if (this.#contexts === null) return;
    const contexts = useCallContexts();
    const run = runInSpan(this.#contexts, span, () => contexts.delete(connection));
    contexts.set(connection, (f) => this.#isActive ? run(f) : f());
  }

  #start(name: string, options: SpanOptions): Span {
    const span = this.#tracer.startSpan(name, options);
    return atOnce("startSpan()", span, "Error while starting a span");
  }

  /** Keeps a span until it ends, unless a sampler has decided against it. */
  #add(key: object, span: Span): void {
    if (span.isRecording()) this.#open.set(key, span);
  }

  #end(key: object, attributes: Attributes): unknown {
    const span = this.#open.get(key);
    this.#open.delete(key);
    return span === undefined ? undefined : endSpan(span, attributes);
  }
}

/** Ends a span, with its last attributes. */
function endSpan(span: Span, attributes: Attributes): unknown {
  const results: unknown[] = [];
  try {
    results.push(span.setAttributes(attributes));
    if ("error.type" in attributes) results.push(span.setStatus(STATUS_ERROR));
  } finally {
    results.push(span.end());
  }
  return joinResults(...results);
}
