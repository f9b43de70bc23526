import { checkFunction } from "../internal/validation.ts";
import type {
  Address,
  IClientFactory,
  IConnector,
  IProtocol,
  IProtocolFactory,
} from "../reactor/interfaces/mod.ts";
import { logRejection } from "../defer/guarded_call.ts";

/** A protocol class that a factory can instantiate: its constructor has no required arguments. */
export type ProtocolClass<P extends IProtocol> = new () => P;

/** A function that makes a protocol for a factory: `() => new Chat(room)`. */
export type ProtocolMaker<P extends IProtocol> = () => P;

/**
 * The type of a factory of class `F` that builds protocols of type `P`: `F` itself if it declares
 * that, and else `F & Factory<P>`.
 */
export type FactoryFor<F extends Factory, P extends IProtocol> = F extends Factory<P> ? F
  : Factory extends F ? Factory<P>
  : F & Factory<P>;

/**
 * Builds a protocol for each connection, and holds the state that its connections share. Twisted's
 * `twisted.internet.protocol.Factory`.
 *
 * Set {@linkcode protocol}, or override {@linkcode buildProtocol}.
 *
 * @typeParam P The protocols that it builds.
 *
 * @example
 * ```ts
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * class Counter extends Protocol {}
 *
 * class CounterFactory extends Factory<Counter> {
 *   override protocol = Counter;
 *   count = 0;
 * }
 * ```
 */
export class Factory<P extends IProtocol = IProtocol> implements IProtocolFactory {
  /** The class of the protocols to build, or a function that makes one. */
  protocol: ProtocolClass<P> | ProtocolMaker<P> | null = null;
  /** The number of ports and connectors that use this factory. */
  numPorts = 0;
  /**
   * Whether the log has a line when a port with this factory starts and stops listening. In
   * Twisted, `Factory.noisy` is about lines that the factory logs; here the port logs the same.
   */
  noisy = true;

  /**
   * Creates a factory of this class for one class of protocols.
   *
   * @param protocol The protocol class; or a function that makes a protocol, for a class whose
   *   constructor has required arguments.
   * @param args Arguments for the constructor of the factory.
   * @returns The factory.
   * @throws {TypeError} when `protocol` is neither a class nor a function.
   *
   * @example
   * ```ts
   * import { Factory, Protocol } from "@torsion/reactor/protocol";
   *
   * class Echo extends Protocol {
   *   override dataReceived(data: Uint8Array) {
   *     this.transport.write(data);
   *   }
   * }
   *
   * const factory = Factory.forProtocol(Echo);
   * ```
   *
   * @example A protocol with constructor arguments
   * ```ts
   * import { Factory, Protocol } from "@torsion/reactor/protocol";
   *
   * class Greeter extends Protocol {
   *   readonly #greeting: string;
   *
   *   constructor(greeting: string) {
   *     super();
   *     this.#greeting = greeting;
   *   }
   *
   *   override connectionMade() {
   *     this.transport.write(this.#greeting);
   *   }
   * }
   *
   * const factory = Factory.forProtocol(() => new Greeter("Hello"));
   * ```
   */
  static forProtocol<P extends IProtocol, A extends unknown[], F extends Factory>(
    this: new (...args: A) => F,
    protocol: ProtocolClass<P> | ProtocolMaker<P>,
    ...args: A
  ): FactoryFor<F, P>;
  // The implementation has loose types: the result's type depends on the class on which the method
  // is called, which TypeScript cannot express here.
  static forProtocol(
    this: new (...args: unknown[]) => Factory,
    protocol: ProtocolClass<IProtocol> | ProtocolMaker<IProtocol>,
    ...args: unknown[]
  ): Factory {
    checkFunction("forProtocol() protocol", protocol);
    const factory = new this(...args);
    factory.protocol = protocol;
    return factory;
  }

  /**
   * Builds the protocol for a connection. Override it to choose the protocol by the peer's address,
   * to pass shared state, or to refuse a connection.
   *
   * @param addr The peer's address.
   * @returns The protocol; or `null` to refuse the connection, which is then closed.
   * @throws {Error} when {@linkcode protocol} is not set.
   */
  buildProtocol(addr: Address): P | null {
    if (this.protocol === null) {
      throw new Error(
        `Cannot build a protocol for ${addr}: ${this.constructor.name} has no protocol class, ` +
          "and does not override buildProtocol()",
      );
    }
    return makeProtocol(this, this.protocol);
  }

  /**
   * Called by each port and connector that starts to use this factory. The first call calls
   * {@linkcode startFactory}.
   */
  doStart(): void {
    if (this.numPorts === 0) {
      logRejection(
        this.startFactory(),
        `Error while calling startFactory of ${this.constructor.name}`,
      );
    }
    this.numPorts++;
  }

  /**
   * Called by each port and connector that no longer uses this factory. The last call calls
   * {@linkcode stopFactory}.
   */
  doStop(): void {
    // The port count is 0 if doStop() is called without a matching doStart(). Such a call is
    // ignored, as in Twisted.
    if (this.numPorts === 0) return;
    if (--this.numPorts > 0) return;
    logRejection(this.stopFactory(), `Error while calling stopFactory of ${this.constructor.name}`);
  }

  /**
   * Called before the first use. Override it to open resources that all connections share.
   *
   * An error that it throws is thrown by the call that listens or connects, which then opens
   * nothing. It may be `async`: the factory does not wait for the promise, and a rejection is
   * logged.
   */
  startFactory(): void {}

  /**
   * Called after the last use. Override it to close resources that all connections shared.
   *
   * An error that it throws fails the Deferred of `stopListening()`. It may be `async`: the factory
   * does not wait for the promise, and a rejection is logged.
   */
  stopFactory(): void {}

  /** Returns the name under which this factory's events are logged: the name of the class. */
  logPrefix(): string {
    return this.constructor.name;
  }
}

/**
 * Makes a protocol with a class or a function.
 *
 * @param factory The factory that the protocol gets.
 * @param source The class or the function.
 * @returns The protocol.
 */
export function makeProtocol<P extends IProtocol>(
  factory: IProtocolFactory,
  source: ProtocolClass<P> | ProtocolMaker<P>,
): P {
  const protocol = isClass(source) ? new source() : source();
  if ("factory" in protocol) protocol.factory = factory;
  return protocol;
}

/**
 * Classes have a `prototype`, arrow functions and methods do not. A `function` has one too: if it
 * returns an object, `new` returns that object as well.
 */
function isClass<P extends IProtocol>(
  source: ProtocolClass<P> | ProtocolMaker<P>,
): source is ProtocolClass<P> {
  return source.prototype !== undefined;
}

/** A factory for connections that peers open to a port. Twisted's `ServerFactory`. */
export class ServerFactory<P extends IProtocol = IProtocol> extends Factory<P> {}

/**
 * A factory for connections that this side opens, with `connectTCP` and its like. Twisted's
 * `ClientFactory`.
 */
export class ClientFactory<P extends IProtocol = IProtocol> extends Factory<P>
  implements IClientFactory {
  /**
   * Called when an attempt to connect starts.
   *
   * @param _connector The connector. Its `stopConnecting()` ends the attempt.
   */
  startedConnecting(_connector: IConnector): void {}

  /**
   * Called when the attempt to connect has failed.
   *
   * @param _connector The connector. Its `connect()` tries again.
   * @param _reason A `ConnectError`.
   */
  clientConnectionFailed(_connector: IConnector, _reason: Error): void {}

  /**
   * Called when the connection is lost, after the protocol's `connectionLost`.
   *
   * @param _connector The connector. Its `connect()` connects again.
   * @param _reason The error that the protocol's `connectionLost` received.
   */
  clientConnectionLost(_connector: IConnector, _reason: Error): void {}
}
