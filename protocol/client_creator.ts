import { Deferred } from "../defer/mod.ts";
import { checkFunction } from "../internal/validation.ts";
import type {
  ConnectTCPOptions,
  ConnectTLSOptions,
  ConnectUNIXOptions,
  IConnector,
  IDelayedCall,
  IProtocol,
  IReactorTCP,
  IReactorTime,
  IReactorTLS,
  IReactorUNIX,
} from "../reactor/interfaces/mod.ts";
import { ClientFactory } from "./factory.ts";

/** The methods of a reactor that a {@linkcode ClientCreator} calls. */
export type ClientCreatorReactor =
  & Pick<IReactorTime, "callLater">
  & Pick<IReactorTCP, "connectTCP">
  & Pick<IReactorTLS, "connectTLS">
  & Pick<IReactorUNIX, "connectUNIX">;

/** The factory of one attempt. */
class AttemptFactory<P extends IProtocol> extends ClientFactory<P> {
  override noisy = false;
  readonly #reactor: ClientCreatorReactor;
  readonly #instance: P;
  readonly #result: Deferred<P>;
  /** The call that fires the result, once the attempt has succeeded or failed. */
  #pending: IDelayedCall | null = null;

  constructor(reactor: ClientCreatorReactor, instance: P, result: Deferred<P>) {
    super();
    this.#reactor = reactor;
    this.#instance = instance;
    this.#result = result;
  }

  override buildProtocol(): P {
    this.#soon(() => this.#result.callback(this.#instance));
    return this.#instance;
  }

  override clientConnectionFailed(_connector: IConnector, reason: Error): void {
    this.#soon(() => this.#result.errback(reason));
  }

  cancel(): void {
    if (this.#pending?.active()) this.#pending.cancel();
  }

  /** The result fires after `connectionMade`, which is called once buildProtocol() has returned. */
  #soon(fire: () => void): void {
    // An attempt may fail after buildProtocol(), as when the application cancels it there.
    this.cancel();
    this.#pending = this.#reactor.callLater(0, fire);
  }
}

/**
 * Connects protocols of one class, without a factory: for clients that share no state and do not
 * reconnect. Twisted's `ClientCreator`, whose `connectSSL` is {@linkcode connectTLS} here.
 *
 * `connectProtocol` of `@torsion/reactor/endpoints` does the same over any endpoint.
 *
 * @typeParam P The protocol.
 * @typeParam A The arguments of its constructor.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { ClientCreator, Protocol } from "@torsion/reactor/protocol";
 *
 * class Greeter extends Protocol {
 *   greet(name: string) {
 *     this.transport.write(`Hello, ${name}`);
 *   }
 * }
 *
 * reactor.run();
 * const greeter = await new ClientCreator(reactor, Greeter).connectTCP("127.0.0.1", 2000);
 * greeter.greet("Ada");
 * ```
 */
export class ClientCreator<P extends IProtocol, A extends unknown[] = []> {
  /** The reactor that connects. */
  readonly reactor: ClientCreatorReactor;
  /** The class of the protocols. */
  readonly protocolClass: new (...args: A) => P;
  /** The arguments of the protocol's constructor. */
  readonly args: A;

  /**
   * Creates a client creator. Each call of a `connect` method makes one protocol.
   *
   * @param reactor The reactor that connects.
   * @param protocolClass The class of the protocols.
   * @param args The arguments of its constructor.
   * @throws {TypeError} when `protocolClass` is not a class.
   */
  constructor(
    reactor: ClientCreatorReactor,
    protocolClass: new (...args: A) => P,
    ...args: A
  ) {
    checkFunction("ClientCreator() protocolClass", protocolClass);
    this.reactor = reactor;
    this.protocolClass = protocolClass;
    this.args = args;
  }

  /**
   * Connects a new protocol to a TCP port.
   *
   * @param host A host name or an IP address.
   * @param port The port number.
   * @param options The options of `reactor.connectTCP()`.
   * @returns A Deferred that fires with the protocol after its `connectionMade`, or fails with a
   *   `ConnectError`. Cancelling it ends the attempt.
   * @throws {Error} when an argument is not valid.
   */
  connectTCP(host: string, port: number, options?: ConnectTCPOptions): Deferred<P> {
    return this.#connect((factory) => this.reactor.connectTCP(host, port, factory, options));
  }

  /**
   * Connects a new protocol to a TCP port, with TLS.
   *
   * @param host A host name or an IP address.
   * @param port The port number.
   * @param options The options of `reactor.connectTLS()`.
   * @returns A Deferred as that of {@linkcode connectTCP}.
   * @throws {Error} when an argument is not valid.
   */
  connectTLS(host: string, port: number, options?: ConnectTLSOptions): Deferred<P> {
    return this.#connect((factory) => this.reactor.connectTLS(host, port, factory, options));
  }

  /**
   * Connects a new protocol to a UNIX socket.
   *
   * @param path The path of the socket.
   * @param options The options of `reactor.connectUNIX()`.
   * @returns A Deferred as that of {@linkcode connectTCP}.
   * @throws {Error} when an argument is not valid.
   */
  connectUNIX(path: string, options?: ConnectUNIXOptions): Deferred<P> {
    return this.#connect((factory) => this.reactor.connectUNIX(path, factory, options));
  }

  #connect(connect: (factory: ClientFactory<P>) => IConnector): Deferred<P> {
    const result = new Deferred<P>(() => {
      connector.disconnect();
      // The failure of the disconnected attempt is not the result: the result is the cancellation.
      factory.cancel();
    });
    const instance = new this.protocolClass(...this.args);
    const factory = new AttemptFactory(this.reactor, instance, result);
    const connector = connect(factory);
    return result;
  }
}
