import { checkClientFactory } from "../reactor/lifecycle/argument_checks.ts";
import { internetAddress, isIPAddress, isIPv6Address, UNIXAddress } from "../reactor/addresses.ts";
import { ConnectionRefusedError, NotConnectingError, UserError } from "../reactor/errors.ts";
import type {
  Address,
  ConnectorState,
  ConnectStreamOptions,
  ConnectTCPOptions,
  ConnectTLSOptions,
  ConnectUNIXOptions,
  IClientFactory,
  IConnector,
  IInternetAddress,
  IReactorTime,
  IUNIXAddress,
} from "../reactor/interfaces/mod.ts";
import { connectAborted } from "../reactor/stream/connect_aborted.ts";
import { startFactory, stopFactory } from "../reactor/stream/factory_calls.ts";
import { FakeConnection, type FakeConnectionOwner } from "./fake_connection.ts";
import { StringTransport } from "./string_transport.ts";

/**
 * A connector of a {@linkcode MemoryReactor}, and the record of the call that has returned it. Its
 * attempts stay pending until the test completes them with {@linkcode succeed} or
 * {@linkcode fail}, or the code under test cancels them. Twisted's `_FakeConnector`, whose attempts
 * never complete.
 *
 * The factory is called as a real connector calls it. No timeout applies.
 *
 * @typeParam A The type of the destination address.
 * @typeParam O The type of the options.
 */
export abstract class FakeConnector<
  A extends Address = Address,
  O extends ConnectStreamOptions = ConnectStreamOptions,
> implements IConnector<A>, FakeConnectionOwner {
  /** The factory that was passed in. */
  readonly factory: IClientFactory;
  /** The options that were passed in. */
  readonly options: O;
  /** Whether the connections are encrypted from the start: those of `connectTLS`. */
  readonly secure: boolean;
  readonly clock: IReactorTime | undefined;
  readonly #destination: A;
  #state: ConnectorState = "disconnected";
  #attempts = 0;
  #stoppedConnecting = false;
  #disconnectCalled = false;
  #isFactoryStarted = false;
  #connection: FakeConnection | null = null;
  #removeListener: () => void = () => {};

  /**
   * Creates a connector that does not connect yet.
   *
   * @param destination The destination address.
   * @param factory The factory.
   * @param options The options.
   * @param secure Whether the connections are encrypted.
   * @param clock The clock of the connector and its connections.
   * @throws {TypeError} If the factory is not a client factory.
   */
  constructor(
    destination: A,
    factory: IClientFactory,
    options: O,
    secure: boolean,
    clock?: IReactorTime,
  ) {
    checkClientFactory(factory);
    this.factory = factory;
    this.options = options;
    this.secure = secure;
    this.clock = clock;
    this.#destination = destination;
  }

  /** Returns the transport of a connection for which the test does not pass one. */
  protected abstract newTransport(): StringTransport;

  // Members for tests.

  /** The number of attempts: 1, and 1 more for each later call of `connect()`. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Whether `stopConnecting()` has been called, also by `disconnect()`. */
  get stoppedConnecting(): boolean {
    return this.#stoppedConnecting;
  }

  /** Whether `disconnect()` has been called. */
  get disconnectCalled(): boolean {
    return this.#disconnectCalled;
  }

  /** The open connection, or `null`. */
  get connection(): FakeConnection | null {
    return this.#connection;
  }

  /**
   * Completes the pending attempt: builds a protocol, and connects it.
   *
   * @param transport The transport of the protocol. The default is a {@linkcode StringTransport},
   *   whose `loseConnection()` has no effect until the test calls `lose()` of the connection. A
   *   `StringTransportWithDisconnection` loses the connection at once.
   * @returns The connection.
   * @throws {Error} If no attempt is pending. Also the error of `buildProtocol`, `connectionMade`
   *   or another method of the application.
   *
   * @example
   * ```ts
   * import { connectProtocol, TCP4ClientEndpoint } from "@torsion/reactor/endpoints";
   * import { AccumulatingProtocol, MemoryReactor } from "@torsion/reactor/testing";
   *
   * const reactor = new MemoryReactor();
   * const endpoint = new TCP4ClientEndpoint(reactor, "192.0.2.1", 80);
   * const protocol = new AccumulatingProtocol();
   * connectProtocol(endpoint, protocol).addErrback(() => {});
   *
   * const connection = reactor.tcpClients[0]?.succeed();
   * protocol.transport.write("HEAD / HTTP/1.0\r\n\r\n");
   * console.log(connection?.transport.text().split("\r\n")[0]); // HEAD / HTTP/1.0
   * connection?.receive("HTTP/1.0 200 OK\r\n\r\n");
   * connection?.lose();
   * console.log(protocol.text().length, protocol.closed); // 19 true
   * ```
   */
  succeed(transport: StringTransport = this.newTransport()): FakeConnection {
    this.#endAttempt("complete");
    this.#state = "connected";
    const connection = new FakeConnection(this, transport);
    this.#connection = connection;
    connection.open();
    return connection;
  }

  /**
   * Fails the pending attempt: calls `clientConnectionFailed` of the factory.
   *
   * @param reason The error. The default is a `ConnectionRefusedError`.
   * @throws {Error} If no attempt is pending.
   */
  fail(reason: Error = this.#refused()): void {
    this.#endAttempt("fail");
    this.#ended("clientConnectionFailed", reason);
  }

  /** Notifies the factory. The connection calls this method when it is lost. */
  connectionLost(_connection: FakeConnection, reason: Error): void {
    this.#connection = null;
    this.#ended("clientConnectionLost", reason);
  }

  /** Describes the connector for a log: `FakeTCPConnector to 192.0.2.1:80 (connecting)`. */
  toString(): string {
    return `${this.constructor.name} to ${this.#destination} (${this.#state})`;
  }

  // Members of IConnector.

  get state(): ConnectorState {
    return this.#state;
  }

  connect(): void {
    if (this.#state !== "disconnected") {
      throw new Error(`Cannot connect to ${this.#destination}: the connector is ${this.#state}`);
    }
    if (!this.#isFactoryStarted) startFactory(this.factory);
    this.#isFactoryStarted = true;
    this.#state = "connecting";
    this.#attempts++;
    this.factory.startedConnecting(this);
    this.#watchSignal();
  }

  disconnect(): void {
    this.#disconnectCalled = true;
    if (this.#state === "connecting") this.stopConnecting();
    else this.#connection?.transport.loseConnection();
  }

  stopConnecting(): void {
    if (this.#state !== "connecting") {
      throw new NotConnectingError(
        `Cannot stop connecting to ${this.#destination}: the connector is ${this.#state}`,
      );
    }
    this.#stoppedConnecting = true;
    const address = String(this.#destination);
    this.fail(new UserError(`Connecting to ${address} was stopped`, { address }));
  }

  getDestination(): A {
    return this.#destination;
  }

  #watchSignal(): void {
    const { signal } = this.options;
    if (signal === undefined || this.#state !== "connecting") return;
    const abort = (): void => this.fail(connectAborted(this.#destination, signal.reason));
    signal.addEventListener("abort", abort);
    this.#removeListener = () => signal.removeEventListener("abort", abort);
    // As on a real connector, the attempt does not fail before connect() has returned.
    const attempt = this.#attempts;
    if (!signal.aborted) return;
    queueMicrotask(() => {
      if (this.#state === "connecting" && this.#attempts === attempt) abort();
    });
  }

  #endAttempt(action: string): void {
    if (this.#state !== "connecting") {
      throw new Error(
        `Cannot ${action} an attempt to connect to ${this.#destination}: the connector is ${this.#state}`,
      );
    }
    this.#removeListener();
  }

  #ended(method: "clientConnectionFailed" | "clientConnectionLost", reason: Error): void {
    this.#state = "disconnected";
    try {
      this.factory[method](this, reason);
    } finally {
      this.#stopFactoryIfIdle();
    }
  }

  /** Stops the factory, unless it has started to connect again meanwhile. */
  #stopFactoryIfIdle(): void {
    if (this.#state !== "disconnected" || !this.#isFactoryStarted) return;
    this.#isFactoryStarted = false;
    stopFactory(this.factory);
  }

  #refused(): ConnectionRefusedError {
    const address = String(this.#destination);
    return new ConnectionRefusedError(`Connecting to ${address} was refused`, {
      code: "ECONNREFUSED",
      syscall: "connect",
      address,
    });
  }
}

/** The connector and the record of a call of `connectTCP` or `connectTLS`. */
export class FakeTCPConnector<O extends ConnectTCPOptions = ConnectTCPOptions>
  extends FakeConnector<IInternetAddress, O> {
  /** The host that was passed in: a name or an IP address. */
  readonly host: string;
  /** The port number that was passed in. */
  readonly port: number;

  /**
   * Creates a connector that does not connect yet.
   *
   * @param host A host name or an IP address.
   * @param port The port number.
   * @param factory The factory.
   * @param options The options.
   * @param secure Whether the connections are encrypted.
   * @param clock The clock of the connector and its connections.
   */
  constructor(
    host: string,
    port: number,
    factory: IClientFactory,
    options: O,
    secure: boolean,
    clock?: IReactorTime,
  ) {
    super(internetAddress("TCP", host, port), factory, options, secure, clock);
    this.host = host;
    this.port = port;
  }

  /** The peer of the transport is the destination. A host name is not resolved. */
  protected override newTransport(): StringTransport {
    const isAddress = isIPAddress(this.host) || isIPv6Address(this.host);
    const host = isAddress ? this.host : "192.168.1.1";
    const peerAddress = internetAddress("TCP", host, this.port);
    return new StringTransport({ peerAddress, clock: this.clock });
  }
}

/** The connector and the record of a call of `connectTLS`. */
export type FakeTLSConnector = FakeTCPConnector<ConnectTLSOptions>;

/** The connector and the record of a call of `connectUNIX`. */
export class FakeUNIXConnector extends FakeConnector<IUNIXAddress, ConnectUNIXOptions> {
  /** The path that was passed in. */
  readonly path: string;

  /**
   * Creates a connector that does not connect yet.
   *
   * @param path The path of the socket.
   * @param factory The factory.
   * @param options The options.
   * @param clock The clock of the connector and its connections.
   */
  constructor(
    path: string,
    factory: IClientFactory,
    options: ConnectUNIXOptions,
    clock?: IReactorTime,
  ) {
    super(new UNIXAddress(path), factory, options, false, clock);
    this.path = path;
  }

  /** The peer of the transport is the destination. */
  protected override newTransport(): StringTransport {
    return new StringTransport({
      hostAddress: new UNIXAddress(""),
      peerAddress: new UNIXAddress(this.path),
      clock: this.clock,
    });
  }
}
