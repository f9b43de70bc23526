/**
 * Counters of the connections of one reactor, and the notifications of its observers.
 *
 * @module
 */

import type {
  Address,
  IConnector,
  ObservedConnection,
  ReactorStats,
  RefusalReason,
} from "../interfaces/mod.ts";
import type { ReactorObservers } from "./reactor_observers.ts";
import { noRefusals, type Refusals } from "./refusals.ts";

/** The bytes that one connection has moved. */
export interface CountedConnection {
  /** Bytes that the connection has received. */
  readonly bytesReceived: number;
  /** Bytes that the connection has sent. */
  readonly bytesSent: number;
  /** Bytes that wait in its write buffer. */
  readonly unsent: number;
}

/** The part of an open resource that is counted. */
export type CountedResource = object & Partial<CountedConnection> & {
  /** The number of tasks that wait for a thread. */
  readonly pendingThreadCalls?: number;
};

/** The part of a reactor's counters that is about its resources. */
export type TrafficStats = Omit<
  ReactorStats,
  "openResources" | "pendingCalls" | "callsMade" | "turnTime" | "lateness"
>;

/**
 * The totals of the connections that have been released. A connection counts its own bytes until
 * then, which costs less than adding each chunk to a total as well.
 */
export class Traffic {
  /** The observers of the reactor; `null` without one. */
  observers: ReactorObservers | null = null;
  /** TLS handshakes of ports that have failed. */
  #failedHandshakes = 0;
  /** Attempts of ports to accept that have failed. */
  #failedAccepts = 0;
  readonly #refusals: Refusals = noRefusals();
  #pendingConnects = 0;
  #failedConnects = 0;
  #connections = 0;
  #open = 0;
  #bytesReceived = 0;
  #bytesSent = 0;

  /** Counts an attempt to connect that starts. */
  connectStarted(connector: IConnector): void {
    this.#pendingConnects++;
    this.observers?.notify("connectStarted", (observer) => observer.connectStarted?.(connector));
  }

  /** Counts an attempt to connect that has succeeded. */
  connectSucceeded(connector: IConnector, peer: Address): void {
    this.#pendingConnects--;
    this.observers?.notify(
      "connectSucceeded",
      (observer) => observer.connectSucceeded?.(connector, peer),
    );
  }

  /** Counts an attempt to connect that has failed. */
  connectFailed(connector: IConnector, reason: Error): void {
    this.#pendingConnects--;
    this.#failedConnects++;
    this.observers?.notify(
      "connectFailed",
      (observer) => observer.connectFailed?.(connector, reason),
    );
  }

  /** Counts a connection that opens, `age` seconds after it was accepted. */
  opened(connection: ObservedConnection, age: number): void {
    this.#connections++;
    this.#open++;
    if (this.observers !== null) this.#notifyOpened(this.observers, connection, age);
  }

  /** Counts a connection as closed, before its protocol is notified. */
  closed(): void {
    this.#open--;
  }

  /** Notifies the observers of a connection that is lost. */
  lost(connection: ObservedConnection, reason: Error): void {
    this.observers?.notify(
      "connectionClosed",
      (observer) => observer.connectionClosed?.(connection, reason),
    );
  }

  /** Adds the bytes of a connection whose driver has been released, so that they are final. */
  released(connection: CountedConnection): void {
    this.#bytesReceived += connection.bytesReceived;
    this.#bytesSent += connection.bytesSent;
  }

  /** Counts a refused connection. */
  refused(peer: Address | null, host: Address, reason: RefusalReason): void {
    this.#refusals[reason]++;
    this.observers?.notify(
      "connectionRefused",
      (observer) => observer.connectionRefused?.(peer, host, reason),
    );
  }

  /** Counts a failed handshake of a connection that was accepted `age` seconds ago. */
  handshakeFailed(peer: Address, host: Address, age: number, reason: Error): void {
    this.#failedHandshakes++;
    this.observers?.notify(
      "handshakeFailed",
      (observer) => observer.handshakeFailed?.(peer, host, age, reason),
    );
  }

  /** Counts a failed accept. */
  acceptFailed(): void {
    this.#failedAccepts++;
  }

  /** Notifies the observers of a turn of the loop. */
  turnEnded(seconds: number, lateness: number | null): void {
    this.observers?.notify("turnEnded", (observer) => observer.turnEnded?.(seconds, lateness));
  }

  /**
   * Returns the counters.
   *
   * @param resources The open resources, among them the connections that are not released.
   */
  totals(resources: Iterable<CountedResource>): TrafficStats {
    let [bytesReceived, bytesSent] = [this.#bytesReceived, this.#bytesSent];
    let [bytesUnsent, pendingThreadCalls] = [0, 0];
    for (const resource of resources) {
      bytesReceived += resource.bytesReceived ?? 0;
      bytesSent += resource.bytesSent ?? 0;
      bytesUnsent += resource.unsent ?? 0;
      pendingThreadCalls += resource.pendingThreadCalls ?? 0;
    }
    return {
      openConnections: this.#open,
      connections: this.#connections,
      bytesReceived,
      bytesSent,
      bytesUnsent,
      pendingConnects: this.#pendingConnects,
      failedConnects: this.#failedConnects,
      refusals: { ...this.#refusals },
      failedHandshakes: this.#failedHandshakes,
      failedAccepts: this.#failedAccepts,
      pendingThreadCalls,
    };
  }

  /** The method is separate, because its closure would take memory for each connection. */
  #notifyOpened(observers: ReactorObservers, connection: ObservedConnection, age: number): void {
    observers.notify(
      "connectionOpened",
      (observer) => observer.connectionOpened?.(connection, age),
    );
  }
}
