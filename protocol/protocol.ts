import type {
  IBufferedProtocol,
  IProtocol,
  IProtocolFactory,
  ITransport,
} from "../reactor/interfaces/mod.ts";
import { fillBuffer } from "../reactor/stream/protocol_buffer.ts";
import { isBuffered } from "../reactor/stream/protocol_capabilities.ts";
import { AsyncResults } from "./async_results.ts";

/**
 * The base class of a protocol, which handles the events of one connection: subclass it, and
 * override {@linkcode connectionMade}, {@linkcode dataReceived} and {@linkcode connectionLost}.
 * Twisted's `twisted.internet.protocol.Protocol`.
 *
 * The methods may be `async`. An error that they throw, or reject with, is logged and closes the
 * connection.
 *
 * @typeParam F The factory that builds it: the type of `this.factory`.
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
  /**
   * Whether the connection has been made. It stays true after the connection is lost, as in
   * Twisted.
   */
  connected = false;
  #transport: ITransport | null = null;

  /**
   * The factory that built this protocol.
   *
   * @throws {Error} when no factory has built the protocol: in its constructor, and when it was
   *   made with `new` for `connectProtocol`.
   */
  get factory(): F {
    if (this.#factory === null) {
      throw new Error(
        `Cannot get the factory of ${this.constructor.name}: no factory has built the protocol yet`,
      );
    }
    return this.#factory;
  }

  set factory(factory: F) {
    this.#factory = factory;
  }

  /**
   * The transport: the connection. It is kept after the connection is lost, so that its addresses
   * stay available.
   *
   * @throws {Error} before the connection is made.
   */
  get transport(): ITransport {
    if (this.#transport === null) {
      throw new Error(
        `Cannot get the transport of ${this.constructor.name}: its connection has not been made`,
      );
    }
    return this.#transport;
  }

  set transport(transport: ITransport) {
    this.#transport = transport;
  }

  /**
   * Sets the transport, and calls {@linkcode connectionMade}. Called by the reactor.
   *
   * @param transport The connection.
   */
  makeConnection(transport: ITransport): void {
    this.connected = true;
    this.#transport = transport;
    // An async connectionMade() returns a promise. The promise is returned to the connection, which
    // watches for its rejection.
    return this.connectionMade();
  }

  /** Called when the connection has been made. Override it to send the first data. */
  connectionMade(): void {}

  /**
   * Called with bytes from the peer. Override it to receive them.
   *
   * If the protocol has `getBuffer` and `bufferUpdated` ({@linkcode IBufferedProtocol}), its
   * connection calls those instead. A wrapper between the two may know only this method, which
   * then copies the bytes into the protocol's buffers, until the connection is closing.
   *
   * @param data The bytes. Their memory belongs to the protocol. TCP keeps no message boundaries:
   *   one write of the peer may arrive in several chunks, and several writes in one chunk.
   */
  dataReceived(data: Uint8Array): void {
    // If bufferUpdated() is async, the result is a promise, although the interface declares void.
    if (isBuffered(this)) return this.#copyToBuffers(this, data) as void;
  }

  /**
   * Called when the connection is lost. Override it to clean up. It is called exactly once for each
   * connection that was made, as the last method.
   *
   * @param _reason `ConnectionDone` if the connection was closed cleanly, `ConnectionLost` if it
   *   broke, `ConnectionAborted` if this side aborted it, or the error that a method of this
   *   protocol threw.
   */
  connectionLost(_reason: Error): void {}

  /**
   * Returns the protocol's name for a log: `Echo on connection from 127.0.0.1:53412`, or
   * `Echo (not connected)` before its connection is made.
   */
  toString(): string {
    const name = this.constructor.name;
    return this.#transport === null ? `${name} (not connected)` : `${name} on ${this.#transport}`;
  }

  /** Returns the name under which this connection's events are logged: the name of the class. */
  logPrefix(): string {
    return this.constructor.name;
  }

  /** Copies bytes into the buffers of this protocol, as many of them as it takes. */
  #copyToBuffers(self: IBufferedProtocol, data: Uint8Array): unknown {
    const results = new AsyncResults("Error while calling bufferUpdated");
    for (let rest = data; rest.length > 0 && !this.#transport?.disconnecting;) {
      const count = fillBuffer(self, rest);
      results.add(self.bufferUpdated(count));
      rest = rest.subarray(count);
    }
    return results.combined();
  }
}
