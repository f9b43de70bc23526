import type { IProtocol, IProtocolFactory, ITransport } from "../reactor/interfaces/mod.ts";

/**
 * What happens on one connection: subclass it, and override the three methods. Twisted's `twisted.internet.protocol.Protocol`.
 *
 * @typeParam F The factory that builds it: `this.factory` has this type.
 *
 * The methods may be `async`. What they throw, or reject with, is logged and loses the connection.
 *
 * @example An echo
 * ```ts
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * class Echo extends Protocol {
 *   override dataReceived(data: Uint8Array) {
 *     this.transport.write(data);
 *   }
 * }
 * ```
 */
export class Protocol<F extends IProtocolFactory = IProtocolFactory> implements IProtocol {
  #factory: F | null = null;
  /** Whether the connection has been made. Stays true afterwards, as in Twisted. */
  connected = false;
  #transport: ITransport | null = null;

  /**
   * The factory that built this protocol.
   *
   * @throws {Error} if no factory has built it, or not yet: in the constructor, and in a protocol
   *   made with `new` for `connectProtocol`.
   */
  get factory(): F {
    if (this.#factory === null) {
      throw new Error(
        `${this.constructor.name} has no factory: no factory has built it, or not yet`,
      );
    }
    return this.#factory;
  }

  set factory(factory: F) {
    this.#factory = factory;
  }

  /**
   * The connection.
   *
   * @throws {Error} before the connection is made. Afterwards it stays, to be asked for its addresses.
   */
  get transport(): ITransport {
    if (this.#transport === null) {
      throw new Error(
        `${this.constructor.name} has no transport: its connection has not been made`,
      );
    }
    return this.#transport;
  }

  set transport(transport: ITransport) {
    this.#transport = transport;
  }

  /** Takes the connection, and calls {@linkcode connectionMade}. Called by the reactor. */
  makeConnection(transport: ITransport): void {
    this.connected = true;
    this.#transport = transport;
    // Returned for the case that it is async: the reactor sees a promise that is rejected.
    return this.connectionMade();
  }

  /** The connection is there. Override it to greet. */
  connectionMade(): void {}

  /**
   * Bytes came. Override it to receive.
   *
   * @param _data The bytes: yours to keep. TCP has no messages: one write of the peer's may come in several chunks, and several
   *   in one.
   */
  dataReceived(_data: Uint8Array): void {}

  /**
   * The connection is gone. Override it to clean up. Called exactly once for each connection made, and last.
   *
   * @param _reason `ConnectionDone` when it was closed in order, `ConnectionLost` when it broke, `ConnectionAborted` when this side
   *   aborted it, or what a method of this protocol threw.
   */
  connectionLost(_reason: Error): void {}

  /**
   * The protocol for a log: `Echo on connection from 127.0.0.1:53412`; `Echo (not connected)` before
   * its connection is made.
   */
  toString(): string {
    const name = this.constructor.name;
    return this.#transport === null ? `${name} (not connected)` : `${name} on ${this.#transport}`;
  }

  /** The name under which this connection's events are logged: the class's. */
  logPrefix(): string {
    return this.constructor.name;
  }
}
