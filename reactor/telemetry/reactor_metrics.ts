/**
 * Metrics of a reactor.
 *
 * Counters are read from `reactor.stats()` when they are exported, so that counting costs the same
 * as without metrics. Durations are recorded when they end.
 *
 * @module
 */

import type {
  IConnector,
  IReactorObservability,
  IReactorObserver,
  IReactorTime,
  ObservedConnection,
  ReactorStats,
} from "../interfaces/mod.ts";
import { logRejection } from "../../defer/guarded_call.ts";
import { DURATION_LIMITS } from "../lifecycle/duration_meter.ts";
import { errorAttributes, transportAttributes } from "./attributes.ts";
import type {
  Attributes,
  BatchObservableResult,
  Histogram,
  Meter,
  Observable,
} from "./open_telemetry_api.ts";
import { joinResults } from "./sdk_results.ts";

/** The limits of the buckets for connections and attempts, in seconds: from a turn to a day. */
const CONNECTION_LIMITS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600, 3600, 86400];

/** One value of an observable instrument, with its own attributes. */
type Values = (stats: ReactorStats) => readonly (readonly [number, Attributes?])[];

/** An observable instrument: `total` only grows, `now` shrinks as well. */
interface Observed {
  readonly name: string;
  readonly kind: "total" | "now";
  readonly unit: string;
  readonly description: string;
  readonly values: Values;
}

const OBSERVED: readonly Observed[] = [
  {
    name: "torsion.connection.active",
    kind: "now",
    unit: "{connection}",
    description: "Connections that are open.",
    values: (stats) => [[stats.openConnections]],
  },
  {
    name: "torsion.connection.opened",
    kind: "total",
    unit: "{connection}",
    description: "Connections that have been opened.",
    values: (stats) => [[stats.connections]],
  },
  {
    name: "torsion.connection.io",
    kind: "total",
    unit: "By",
    description: "Bytes that connections have received and sent.",
    values: (stats) => [
      [stats.bytesReceived, { "network.io.direction": "receive" }],
      [stats.bytesSent, { "network.io.direction": "transmit" }],
    ],
  },
  {
    name: "torsion.connection.unsent",
    kind: "now",
    unit: "By",
    description: "Bytes that wait in write buffers.",
    values: (stats) => [[stats.bytesUnsent]],
  },
  {
    name: "torsion.connection.refused",
    kind: "total",
    unit: "{connection}",
    description: "Connections that ports have refused, by reason.",
    values: ({ refusals }) =>
      Object.entries(refusals).map(([reason, count]) => [
        count,
        { "torsion.refusal.reason": reason },
      ]),
  },
  {
    name: "torsion.connect.active",
    kind: "now",
    unit: "{attempt}",
    description: "Attempts to connect that are pending.",
    values: (stats) => [[stats.pendingConnects]],
  },
  {
    name: "torsion.tls.handshake.failed",
    kind: "total",
    unit: "{handshake}",
    description: "TLS handshakes of ports that have failed.",
    values: (stats) => [[stats.failedHandshakes]],
  },
  {
    name: "torsion.accept.failed",
    kind: "total",
    unit: "{attempt}",
    description: "Attempts of ports to accept that have failed.",
    values: (stats) => [[stats.failedAccepts]],
  },
  {
    name: "torsion.timed_call.pending",
    kind: "now",
    unit: "{call}",
    description: "Timed calls that are pending.",
    values: (stats) => [[stats.pendingCalls]],
  },
  {
    name: "torsion.timed_call.made",
    kind: "total",
    unit: "{call}",
    description: "Timed calls that have been made.",
    values: (stats) => [[stats.callsMade]],
  },
  {
    name: "torsion.thread_call.pending",
    kind: "now",
    unit: "{call}",
    description: "Tasks that wait for a thread.",
    values: (stats) => [[stats.pendingThreadCalls]],
  },
];

/** Records the metrics of one reactor. */
export class ReactorMetrics implements IReactorObserver, Disposable {
  readonly #reactor: IReactorObservability & Pick<IReactorTime, "seconds">;
  readonly #meter: Meter;
  readonly #attributes: Attributes;
  readonly #observables: readonly (readonly [Observable, Values])[];
  readonly #connections: Histogram;
  readonly #connects: Histogram;
  readonly #turns: Histogram;
  readonly #lateness: Histogram;
  /** The times at which the pending attempts began, in seconds. */
  readonly #started = new Map<IConnector, number>();
  readonly #observe = (result: BatchObservableResult): void => this.#report(result);

  /**
   * @param reactor The reactor.
   * @param meter Makes the instruments.
   * @param attributes Attributes of all measurements.
   */
  constructor(
    reactor: IReactorObservability & Pick<IReactorTime, "seconds">,
    meter: Meter,
    attributes: Attributes,
  ) {
    this.#reactor = reactor;
    this.#meter = meter;
    this.#attributes = attributes;
    const durations = (name: string, description: string, limits: readonly number[]): Histogram =>
      meter.createHistogram(name, {
        unit: "s",
        description,
        advice: { explicitBucketBoundaries: [...limits] },
      });
    this.#connections = durations(
      "torsion.connection.duration",
      "Time for which connections were open.",
      CONNECTION_LIMITS,
    );
    this.#connects = durations(
      "torsion.connect.duration",
      "Time that attempts to connect took.",
      CONNECTION_LIMITS,
    );
    this.#turns = durations(
      "torsion.turn.duration",
      "Time that turns of the event loop took.",
      DURATION_LIMITS,
    );
    this.#lateness = durations(
      "torsion.turn.lateness",
      "Time between the moment of a timed call and the turn that made it.",
      DURATION_LIMITS,
    );
    this.#observables = OBSERVED.map(({ name, kind, unit, description, values }) => {
      const instrument = kind === "total"
        ? meter.createObservableCounter(name, { unit, description })
        : meter.createObservableUpDownCounter(name, { unit, description });
      return [instrument, values];
    });
    logRejection(
      meter.addBatchObservableCallback(this.#observe, this.#instruments),
      "Error while starting metrics",
    );
  }

  connectStarted(connector: IConnector): void {
    this.#started.set(connector, this.#reactor.seconds());
  }

  connectSucceeded(connector: IConnector): unknown {
    return this.#connectEnded(connector, {});
  }

  connectFailed(connector: IConnector, reason: Error): unknown {
    return this.#connectEnded(connector, errorAttributes(reason));
  }

  connectionClosed(connection: ObservedConnection, reason: Error): unknown {
    const { role } = connection;
    return this.#connections.record(this.#reactor.seconds() - connection.stats().openedAt, {
      ...this.#attributes,
      ...transportAttributes(connection.getPeer()),
      ...role === undefined ? {} : { "torsion.connection.role": role },
      ...errorAttributes(reason),
    });
  }

  turnEnded(seconds: number, lateness: number | null): unknown {
    return joinResults(
      this.#turns.record(seconds, this.#attributes),
      lateness === null ? undefined : this.#lateness.record(lateness, this.#attributes),
    );
  }

  /** Stops observing. */
  [Symbol.dispose](): void {
    this.#started.clear();
    logRejection(
      this.#meter.removeBatchObservableCallback(this.#observe, this.#instruments),
      "Error while stopping metrics",
    );
  }

  get #instruments(): Observable[] {
    return this.#observables.map(([instrument]) => instrument);
  }

  #connectEnded(connector: IConnector, attributes: Attributes): unknown {
    const started = this.#started.get(connector);
    this.#started.delete(connector);
    if (started === undefined) return;
    return this.#connects.record(this.#reactor.seconds() - started, {
      ...this.#attributes,
      ...transportAttributes(connector.getDestination()),
      ...attributes,
    });
  }

  #report(result: BatchObservableResult): void {
    const stats = this.#reactor.stats();
    for (const [instrument, values] of this.#observables) {
      for (const [value, attributes] of values(stats)) {
        result.observe(instrument, value, { ...this.#attributes, ...attributes });
      }
    }
  }
}
