import { ConnectionAborted, ConnectionDone } from "../reactor/errors.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";
import { StringTransport, type StringTransportOptions } from "./string_transport.ts";

/** Options of a {@linkcode StringTransportWithDisconnection}. */
export interface StringTransportWithDisconnectionOptions extends StringTransportOptions {
  /**
   * The protocol whose `connectionLost` is called.
   *
   * @default {null} The test sets `protocol` later.
   */
  protocol?: Pick<IProtocol, "connectionLost"> | null | undefined;
}

/**
 * A {@linkcode StringTransport} that calls `connectionLost` of its protocol when the protocol
 * closes the connection. Twisted's `StringTransportWithDisconnection`.
 *
 * `connectionLost` is called within the call that closes. On a real connection it follows at the
 * end of the turn.
 *
 * @example
 * ```ts
 * import { Protocol } from "@torsion/reactor/protocol";
 * import { StringTransportWithDisconnection } from "@torsion/reactor/testing";
 *
 * class Once extends Protocol {
 *   override dataReceived() {
 *     this.transport.loseConnection();
 *   }
 *   override connectionLost(reason: Error) {
 *     console.log(reason.name); // ConnectionDone
 *   }
 * }
 *
 * const protocol = new Once();
 * const transport = new StringTransportWithDisconnection({ protocol });
 * protocol.makeConnection(transport);
 * protocol.dataReceived();
 * console.log(transport.connected); // false
 * ```
 */
export class StringTransportWithDisconnection extends StringTransport {
  /** The protocol whose `connectionLost` is called. */
  protocol: Pick<IProtocol, "connectionLost"> | null;

  /**
   * Creates an open transport.
   *
   * @param options The protocol, and the options of every {@linkcode StringTransport}.
   */
  constructor(options: StringTransportWithDisconnectionOptions = {}) {
    super(options);
    this.protocol = options.protocol ?? null;
  }

  /**
   * Closes the connection, and calls `connectionLost` of the protocol with a `ConnectionDone`. Does
   * nothing if the connection is closed.
   *
   * @throws {Error} If `protocol` is not set.
   */
  override loseConnection(): void {
    this.#lose(new ConnectionDone());
  }

  /**
   * Closes the connection, and calls `connectionLost` of the protocol with a `ConnectionAborted`,
   * as a real connection does. In Twisted the reason is a `ConnectionDone`.
   *
   * @param reason The cause of the `ConnectionAborted`.
   * @throws {Error} If `protocol` is not set.
   */
  override abortConnection(reason?: Error): void {
    if (!this.connected) return;
    const protocol = this.#target();
    super.abortConnection(reason);
    this.disconnect();
    protocol.connectionLost(this.abortReason ?? new ConnectionAborted());
  }

  #lose(reason: Error): void {
    if (!this.connected) return;
    const protocol = this.#target();
    this.disconnect();
    protocol.connectionLost(reason);
  }

  #target(): Pick<IProtocol, "connectionLost"> {
    if (this.protocol !== null) return this.protocol;
    throw new Error(`Cannot close ${this}: set its protocol, whose connectionLost() is called`);
  }
}
