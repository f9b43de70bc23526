/**
 * A stream transport under test: what the suites of `stream.ts` need to know of TCP, of UNIX sockets, of TLS, and of each reactor that
 * has them.
 *
 * To run the suites over one more kind, write its {@linkcode StreamTransport} and hand it to `streamConformance`. A kind that differs from
 * another in some things only spreads that one. A reactor whose `abortConnection` resets runs all of TCP's tests, the shared ones and its
 * own, with
 *
 * ```ts ignore
 * tcpConformance("NodeReactor", () => new NodeReactor(), { abortSeenAs: /^ECONNRESET$/ });
 * ```
 *
 * and TLS is `tcpTransport` with other methods (`listenTLS`, `Deno.listenTls`, ...), another `abortSeenAs`, and
 * `rawConnectResetting: undefined` if its peers have none:
 *
 * ```ts ignore
 * streamConformance({ ...tcpTransport("DenoReactor TLS", () => new DenoReactor()), listenMethod: "listenTLS", listen, ... });
 * ```
 *
 * No suite waits for a raw peer to finish anything before this library's side may take part in it; so no kind should wait for a handshake
 * in `rawConnect` either: it returns once there is a connection to speak of.
 *
 * What a kind cannot do it says by a member that is false or undefined, with the reason beside it; the tests of that are not defined then.
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

/** Closes what a test has opened. The suites pass one to the methods of a transport. */
export interface TestCleanup {
  /** Calls `f` after the test. The last function registered is called first. */
  after(f: () => unknown): void;
  /** Closes a resource after the test, unless the test has closed it. */
  closeAfter<R extends { close(): void }>(resource: R): R;
}

/** A raw connection that can break. */
export interface ResettingPeer {
  /** Breaks the connection, so that the other side sees a reset. */
  reset(): void;
}

/** One kind of stream on one kind of reactor. Places are addresses throughout. */
export interface StreamTransport {
  /** Stands before each claim: the reactor's name, and the transport's where it is not TCP. */
  readonly name: string;
  /** The reactor's method that listens, for claims: `listenTCP`. */
  readonly listenMethod: string;
  /** The reactor's method that connects, for claims: `connectTCP`. */
  readonly connectMethod: string;
  /** Makes a reactor. */
  makeReactor(): IReactor;
  /** A place that is free to listen on. It may be a wildcard; `getHost()` tells then. */
  freePlace(test: TestCleanup): Address;
  /** Has the reactor listen there. */
  listen(
    reactor: IReactor,
    at: Address,
    factory: IProtocolFactory,
    options: ListenStreamOptions,
  ): IListeningPort;
  /** Has the reactor connect there. */
  connect(
    reactor: IReactor,
    to: Address,
    factory: IClientFactory,
    options: ConnectStreamOptions,
  ): IConnector;
  /** A listener that this library has no part in. Whoever calls closes it. */
  rawListen(at: Address): Deno.Listener;
  /** A connection that this library has no part in. Whoever calls closes it. */
  rawConnect(to: Address): Promise<Deno.Conn>;
  /** An address as Deno's sockets tell it. */
  addressOf(addr: Deno.Addr): Address;
  /** A place where nobody listens, so that a connection is refused; it can be listened on by {@linkcode rawListen}. */
  refusingPlace(test: TestCleanup): Address;
  /** A place where a connection is neither made nor refused. Absent where there is no such place. */
  readonly silentPlace?: ((test: TestCleanup) => Promise<Address>) | undefined;
  /** A connection that can reset. Absent where there is no such thing. */
  readonly rawConnectResetting?:
    | ((test: TestCleanup, to: Address) => Promise<ResettingPeer>)
    | undefined;
  /** Whether one direction can be closed and the other stay open. */
  readonly halfClose: boolean;
  /**
   * How a peer may see the end of a connection that was aborted: `end`, or the code or the text of the error that its read fails with.
   * `/^ECONNRESET$/` where an abort resets.
   */
  readonly abortSeenAs: RegExp;
}
