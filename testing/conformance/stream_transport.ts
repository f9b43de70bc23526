/**
 * The description of a stream transport under test, which the suites of `stream.ts` need: TCP, UNIX
 * sockets or TLS on a reactor.
 *
 * To run the suites over another transport, write its {@linkcode StreamTransport} and pass it to
 * `streamConformance`. If it differs from an existing transport in a few members, spread that one.
 * A reactor whose `abortConnection` resets runs all tests of TCP, shared and own, with
 *
 * ```ts ignore
 * tcpConformance("NodeReactor", () => new NodeReactor(), { abortSeenAs: /^ECONNRESET$/ });
 * ```
 *
 * and TLS is `tcpTransport` with other methods (`listenTLS`, `Deno.listenTls`, ...), another
 * `abortSeenAs`, and `rawConnectResetting: undefined` if its peers cannot reset:
 *
 * ```ts ignore
 * streamConformance({
 *   ...tcpTransport("DenoReactor TLS", () => new DenoReactor()),
 *   listenMethod: "listenTLS", listen, ...
 * });
 * ```
 *
 * No suite waits for a raw peer before this library's side can take part in the exchange, so
 * `rawConnect` must not wait for a handshake: it returns as soon as the connection exists.
 *
 * If a transport lacks a feature, the member for it is `false` or `undefined`, with a comment that
 * says why. The tests of that feature are then not defined.
 *
 * @module
 */

import type {
  Address,
  ConnectStreamOptions,
  IClientFactory,
  IConnector,
  IListeningPort,
  IProtocolFactory,
  IReactor,
  ListenStreamOptions,
} from "../../reactor/interfaces/mod.ts";

/** Releases a test's resources after it. The suites pass one to the methods of a transport. */
export interface TestCleanup {
  /** Calls `f` after the test. The last function registered is called first. */
  after(f: () => unknown): void;
  /** Closes a resource after the test, unless the test has closed it. */
  closeAfter<R extends { close(): void }>(resource: R): R;
}

/** A raw connection that can be reset. */
export interface ResettingPeer {
  /** Resets the connection. The other side receives ECONNRESET. */
  reset(): void;
}

/** A stream transport under test: one kind of stream on one reactor. */
export interface StreamTransport {
  /**
   * The start of each test's name: the name of the reactor, and of the transport if it is not TCP.
   */
  readonly name: string;
  /** The name of the reactor's method that listens, such as `listenTCP`. */
  readonly listenMethod: string;
  /** The name of the reactor's method that connects, such as `connectTCP`. */
  readonly connectMethod: string;
  /** Makes a new reactor. */
  makeReactor(): IReactor;
  /**
   * Returns an unused address to listen on. It may be a wildcard, such as port 0; `getHost()` then
   * returns the actual address.
   */
  freeAddress(test: TestCleanup): Address;
  /** Listens on an address with the reactor. */
  listen(
    reactor: IReactor,
    at: Address,
    factory: IProtocolFactory,
    options: ListenStreamOptions,
  ): IListeningPort;
  /** Connects to an address with the reactor. */
  connect(
    reactor: IReactor,
    to: Address,
    factory: IClientFactory,
    options: ConnectStreamOptions,
  ): IConnector;
  /** Listens with a raw socket, without this library. The caller closes the listener. */
  rawListen(at: Address): Deno.Listener;
  /** Connects a raw socket, without this library. The caller closes the connection. */
  rawConnect(to: Address): Promise<Deno.Conn>;
  /** Returns the address of the library for an address of Deno. */
  addressOf(addr: Deno.Addr): Address;
  /**
   * Returns an address without a listener, where connections are refused. {@linkcode rawListen} can
   * listen on it.
   */
  refusingAddress(test: TestCleanup): Address;
  /**
   * Returns an address at which a connection attempt gets no answer. Absent if there is no such
   * address.
   */
  readonly silentAddress?: ((test: TestCleanup) => Promise<Address>) | undefined;
  /** Connects a raw socket that can reset the connection. Absent if that is not possible. */
  readonly rawConnectResetting?:
    | ((test: TestCleanup, to: Address) => Promise<ResettingPeer>)
    | undefined;
  /** Whether one direction can be closed while the other stays open. */
  readonly halfClose: boolean;
  /**
   * A pattern for the end that a peer sees of an aborted connection: `end`, or the code or message
   * of the error of its read. `/^ECONNRESET$/` if an abort resets.
   */
  readonly abortSeenAs: RegExp;
}
