import { checkBound } from "../../internal/validation.ts";
import type { Address, IProtocol } from "../../reactor/interfaces/mod.ts";
import { buildProtocol } from "../../reactor/stream/factory_calls.ts";
import { makeProtocol, type ProtocolClass, type ProtocolMaker, ServerFactory } from "../factory.ts";
import { ProtocolWrapper, type WrapperOwner } from "./protocol_wrapper.ts";
import { RefusalLog } from "./refusal_log.ts";

/**
 * A factory that limits the number of open connections. Twisted's `LimitTotalConnectionsFactory`.
 *
 * Set {@linkcode protocol} and {@linkcode connectionLimit}. The option `maxConnections` of a port
 * does the same without a wrapper; this class can also answer the connections that exceed the
 * limit, with {@linkcode overflowProtocol}.
 *
 * @example A server that says that it is busy
 * ```ts
 * import { LimitTotalConnectionsFactory, Protocol } from "@torsion/reactor/protocol";
 *
 * class Busy extends Protocol {
 *   override connectionMade() {
 *     this.transport.write("Too many users, try again later\r\n");
 *     this.transport.loseConnection();
 *   }
 * }
 *
 * class Limited extends LimitTotalConnectionsFactory {
 *   override protocol = Protocol;
 *   override connectionLimit = 100;
 *   override overflowProtocol = Busy;
 * }
 * ```
 */
export class LimitTotalConnectionsFactory extends ServerFactory implements WrapperOwner {
  /**
   * The number of open connections, those with the overflow protocol included. A connection counts
   * from when it is made; in Twisted, from when its protocol is built.
   */
  connectionCount = 0;
  /** The number of connections that may be open at the same time; `null` for no limit. */
  connectionLimit: number | null = null;
  /**
   * The class of the protocol for connections that exceed the limit, or a function that makes one.
   * With `null`, these connections are closed at once.
   */
  overflowProtocol: ProtocolClass<IProtocol> | ProtocolMaker<IProtocol> | null = null;
  readonly #refusals = new RefusalLog();

  /**
   * Builds the protocol for a connection.
   *
   * @param addr The peer's address.
   * @returns A wrapper of the protocol, or of the overflow protocol; `null` to close the
   *   connection.
   * @throws {Error} when {@linkcode protocol} is not set, or the limit is not a number.
   */
  override buildProtocol(addr: Address): ProtocolWrapper | null {
    const { connectionLimit, overflowProtocol } = this;
    if (connectionLimit !== null) checkBound("connectionLimit", connectionLimit, 0);
    const isFull = connectionLimit !== null && this.connectionCount >= connectionLimit;
    if (isFull && overflowProtocol === null) {
      this.#refusals.refused(addr, `the connection limit of ${connectionLimit} is reached`);
      return null;
    }
    const build = isFull && overflowProtocol !== null
      ? () => makeProtocol(this, overflowProtocol)
      : () => super.buildProtocol(addr);
    const built = buildProtocol({ buildProtocol: build }, addr);
    return built === null ? null : new ProtocolWrapper(this, built);
  }

  /** Counts a connection. Called by the wrapper when its connection is made. */
  registerProtocol(_wrapper: ProtocolWrapper): void {
    this.connectionCount++;
  }

  /** Counts a connection as closed. Called by the wrapper when its connection is lost. */
  unregisterProtocol(_wrapper: ProtocolWrapper): void {
    this.connectionCount--;
  }
}
