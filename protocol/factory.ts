import { checkFunction } from "../internal/validation.ts";
import type {
  Address,
  IClientFactory,
  IConnector,
  IProtocol,
  IProtocolFactory,
} from "../reactor/interfaces/mod.ts";
import { logRejection } from "../defer/guarded_call.ts";

/** A protocol that a factory can make: a class without required constructor arguments. */
export type ProtocolClass<P extends IProtocol> = new () => P;

/** A function that makes a protocol for a factory: `() => new Chat(room)`. */
export type ProtocolMaker<P extends IProtocol> = () => P;

/** The type of a factory of class `F` that makes protocols `P`: `F` itself where it says so, else `F` and that it does. */
export type FactoryFor<F extends Factory, P extends IProtocol> = F extends Factory<P> ? F
  : Factory extends F ? Factory<P>
  : F & Factory<P>;

/**
 * Makes a protocol for each connection, and holds what they share. Twisted's `twisted.internet.protocol.Factory`.
 *
 * Set {@linkcode protocol}, or override {@linkcode buildProtocol}.
 *
 * @typeParam P The protocols it makes.
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
  /** The class of the protocols to make, or a function that makes one. */
  protocol: ProtocolClass<P> | ProtocolMaker<P> | null = null;
  /** How many ports and connectors use this factory. */
  numPorts = 0;
  /**
   * Whether the log says where ports with this factory begin and end to listen. Twisted's `Factory.noisy`, which is about lines of the
   * factory's own; here the port's say the same.
   */
  noisy = true;

  /**
   * Makes a factory of this class for one class of protocols.
   *
   * @param protocol The class, or a function that makes a protocol: for one whose constructor has
   *   required arguments.
   * @param args The arguments of the factory's own constructor.
   * @returns The factory.
   * @throws {TypeError} if `protocol` is neither.
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
  // What it makes has a type that depends on the class: the compiler cannot follow it in here.
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
   * The protocol for a connection. Override it to choose by address, to share state, or to turn a connection away.
   *
   * @param addr The peer's address.
   * @returns The protocol, or `null` to close the connection at once.
   * @throws {Error} when there is no {@linkcode protocol} to make.
   */
  buildProtocol(addr: Address): P | null {
    if (this.protocol === null) {
      throw new Error(
        `Cannot build a protocol for ${addr}: ${this.constructor.name} has neither a protocol nor a buildProtocol() of its own`,
      );
    }
    const protocol = make(this.protocol);
    if ("factory" in protocol) protocol.factory = this;
    return protocol;
  }

  /** Called by each port and connector that begins to use this factory; the first one calls {@linkcode startFactory}. */
  doStart(): void {
    if (this.numPorts === 0) {
      logRejection(this.startFactory(), `While calling startFactory of ${this.constructor.name}`);
    }
    this.numPorts++;
  }

  /** Called by each port and connector that ends; the last one calls {@linkcode stopFactory}. */
  doStop(): void {
    // As Twisted has it: a stop too many does nothing.
    if (this.numPorts === 0) return;
    if (--this.numPorts > 0) return;
    logRejection(this.stopFactory(), `While calling stopFactory of ${this.constructor.name}`);
  }

  /**
   * Called before the first use. Override it to open what all connections share.
   *
   * An error that it throws is thrown by the call that began to use the factory, and leaves nothing open. It may be `async`: the promise
   * is not waited for, and its rejection is logged.
   */
  startFactory(): void {}

  /**
   * Called after the last use. Override it to close what all connections shared.
   *
   * An error that it throws fails the Deferred of `stopListening()`. It may be `async`: the promise is not waited for, and its rejection is
   * logged.
   */
  stopFactory(): void {}

  /** The name under which this factory's events are logged: the class's. */
  logPrefix(): string {
    return this.constructor.name;
  }
}

/** Makes a protocol by a class, or by a function. */
function make<P extends IProtocol>(source: ProtocolClass<P> | ProtocolMaker<P>): P {
  return isClass(source) ? new source() : source();
}

/** Only what can be called with `new` has a `prototype`; of a function that returns an object, `new` gives that object. */
function isClass<P extends IProtocol>(
  source: ProtocolClass<P> | ProtocolMaker<P>,
): source is ProtocolClass<P> {
  return source.prototype !== undefined;
}

/** A factory for connections that others open. Twisted's `ServerFactory`. */
export class ServerFactory<P extends IProtocol = IProtocol> extends Factory<P> {}

/** A factory for connections that this side opens with `connectTCP` and its like. Twisted's `ClientFactory`. */
export class ClientFactory<P extends IProtocol = IProtocol> extends Factory<P>
  implements IClientFactory {
  /**
   * An attempt begins. `connector.stopConnecting()` ends it.
   *
   * @param _connector What connects.
   */
  startedConnecting(_connector: IConnector): void {}

  /**
   * The attempt failed. `connector.connect()` tries again.
   *
   * @param _connector What connected.
   * @param _reason Why: a `ConnectError`.
   */
  clientConnectionFailed(_connector: IConnector, _reason: Error): void {}

  /**
   * The connection is gone; its protocol has been told. `connector.connect()` opens it again.
   *
   * @param _connector What connected.
   * @param _reason What the protocol's `connectionLost` got.
   */
  clientConnectionLost(_connector: IConnector, _reason: Error): void {}
}
