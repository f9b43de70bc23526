/**
 * What a connection reports about itself: its counters, its name and its description.
 *
 * @module
 */

import { logPrefixOf } from "../../defer/guarded_call.ts";
import type {
  IProtocol,
  IReactorTime,
  ObservedConnection,
  TransportStats,
} from "../interfaces/mod.ts";
import {
  nextResource,
  previousResource,
  type ReactorResource,
} from "../lifecycle/open_resources.ts";
import type { CountedConnection } from "../lifecycle/traffic.ts";
import { describeConnection, nameOfConnection } from "./connection_description.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ProtocolCalls } from "./protocol_calls.ts";
import { SocketAttributes } from "./socket_attributes.ts";
import type { StreamDriver } from "./stream_driver.ts";

/** A connection that counts its bytes. Under TLS, it counts the bytes before encryption. */
export abstract class ReportingTransport extends SocketAttributes
  implements CountedConnection, ObservedConnection {
  // Private here and in the subclasses: a connection that is printed or compared shows no factory,
  // and none of the other open resources.
  readonly #owner: ConnectionOwner;
  #previousResource: ReactorResource | null = null;
  #nextResource: ReactorResource | null = null;
  /** The number that the owner gave to the connection. */
  readonly session: number;
  bytesReceived = 0;
  bytesSent = 0;
  /** The time at which the connection was opened, in seconds. */
  openedAt = 0;

  /**
   * @param owner The port or connector that made the connection.
   * @param driver The driver that moves the bytes.
   * @param session The number that the owner gave to the connection.
   */
  constructor(owner: ConnectionOwner, driver: StreamDriver, session: number) {
    super(driver);
    this.#owner = owner;
    this.session = session;
  }

  get [previousResource](): ReactorResource | null {
    return this.#previousResource;
  }

  set [previousResource](resource: ReactorResource | null) {
    this.#previousResource = resource;
  }

  get [nextResource](): ReactorResource | null {
    return this.#nextResource;
  }

  set [nextResource](resource: ReactorResource | null) {
    this.#nextResource = resource;
  }

  /** The clock of the reactor. */
  get clock(): IReactorTime {
    return this.#owner.context.reactor;
  }

  get role(): ConnectionOwner["role"] {
    return this.#owner.role;
  }

  /** The number of bytes that were written and have not been sent. */
  abstract readonly unsent: number;
  /** Whether the protocol has paused receiving. */
  protected abstract readonly isPaused: boolean;
  /** Whether a registered push producer is paused. */
  protected abstract readonly isProducerPaused: boolean;
  /** Whether the connection is about to be lost. */
  abstract readonly disconnecting: boolean;

  /** Returns the protocol that receives the events, and the caller of its methods. */
  protected abstract receiver(): readonly [IProtocol, ProtocolCalls];

  stats(): TransportStats {
    return {
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      bytesUnsent: this.unsent,
      receivingPaused: this.isPaused,
      producerPaused: this.isProducerPaused,
      openedAt: this.openedAt,
    };
  }

  /**
   * Describes the connection for a log: `connection from 127.0.0.1:53412`, `connection to
   * 127.0.0.1:80 (closing)`, `connection to 127.0.0.1:80 (closed)`.
   */
  override toString(): string {
    return nameOfConnection(this, this.#owner);
  }

  /** Describes the connection for `reactor.describe()`: who made it, its age and its bytes. */
  describe(): string {
    return describeConnection(this, this.#owner, this.receiver()[0]);
  }

  /** Returns the name of the protocol and the number of the connection, for the log. */
  logPrefix(): string {
    return `${logPrefixOf(this.receiver()[0])},${this.#owner.logSuffix(this)}`;
  }

  /** Returns whether `owner` made the connection. */
  isOf(owner: ConnectionOwner): boolean {
    return this.#owner === owner;
  }
}
