import { Deferred, succeed } from "../defer/mod.ts";
import { asError } from "../defer/guarded_call.ts";
import { checkTimeout } from "../internal/validation.ts";
import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import { noRefusals } from "../reactor/lifecycle/refusals.ts";
import { IPv4Address, UNIXAddress } from "../reactor/addresses.ts";
import type {
  Address,
  AddressFamily,
  AdoptStreamPortOptions,
  IInternetAddress,
  IListeningPort,
  IProtocolFactory,
  IReactorTime,
  IUNIXAddress,
  ListenTCPOptions,
  ListenTLSOptions,
  ListenUNIXOptions,
  StreamPortStats,
} from "../reactor/interfaces/mod.ts";
import { startFactory, stopFactory } from "../reactor/stream/factory_calls.ts";
import { PortDrain } from "../reactor/stream/port_drain.ts";
import { isDrainable } from "../reactor/stream/protocol_capabilities.ts";
import { FakeConnection, type FakeConnectionOwner } from "./fake_connection.ts";
import { StringTransport } from "./string_transport.ts";

/** The options of a {@linkcode FakePort}: the arguments of a call that listens, and a clock. */
export interface FakePortOptions<A extends Address, O> {
  /** The address of the port. */
  address: A;
  /** The factory that was passed in. */
  factory: IProtocolFactory;
  /** The options that were passed in. */
  options: O;
  /** The clock of the connections, and of the deadlines of `drain()`. */
  clock: IReactorTime;
  /** Whether the connections are encrypted from the start. @default {false} */
  secure?: boolean | undefined;
  /**
   * Whether `stopListening()` of a port stays pending until the test calls
   * {@linkcode FakePort.completeClosing}.
   *
   * @default {false}
   */
  holdsClosing?: boolean | undefined;
}

/**
 * A listening port of a {@linkcode MemoryReactor}, and the record of the call that has returned it.
 * The test connects clients with {@linkcode connect}. Twisted's `_FakePort`.
 *
 * Limits and timeouts of connections do not apply.
 *
 * @typeParam A The type of the port's address.
 * @typeParam O The type of the options.
 */
export class FakePort<A extends Address = Address, O = unknown>
  implements IListeningPort<A>, FakeConnectionOwner {
  /** The factory that was passed in. */
  readonly factory: IProtocolFactory;
  /** The options that were passed in. */
  readonly options: O;
  /** Whether the connections are encrypted from the start: those of `listenTLS`. */
  readonly secure: boolean;
  readonly #address: A;
  readonly #clock: IReactorTime;
  readonly #connections = new Set<FakeConnection>();
  readonly #holdsClosing: boolean;
  readonly #drainCalls: number[] = [];
  #drains: PortDrain[] = [];
  #closeWaiters: Deferred<void>[] = [];
  #isListening = false;
  #isClosing = false;
  #accepted = 0;
  #stopCalls = 0;

  /**
   * Creates a port that does not listen yet.
   *
   * @param call The arguments of the call that listens.
   * @throws {TypeError} If the factory is not a factory.
   */
  constructor(call: FakePortOptions<A, O>) {
    checkFactory("listen", call.factory);
    this.factory = call.factory;
    this.options = call.options;
    this.secure = call.secure ?? false;
    this.#address = call.address;
    this.#clock = call.clock;
    this.#holdsClosing = call.holdsClosing ?? false;
  }

  // Members for tests.

  /** Whether the port listens: `true` until `stopListening()` or `drain()`. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** Whether the port is closing, which the test completes with {@linkcode completeClosing}. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** The number of calls of `stopListening()`. */
  get stopCalls(): number {
    return this.#stopCalls;
  }

  /** The arguments of the calls of `drain()`, in seconds. */
  get drainCalls(): readonly number[] {
    return this.#drainCalls;
  }

  /** The open connections, in the order in which they were made. */
  get connections(): readonly FakeConnection[] {
    return [...this.#connections];
  }

  /**
   * Connects a client: builds a protocol, and connects it.
   *
   * @param transport The transport of the protocol. The default is a {@linkcode StringTransport},
   *   whose `loseConnection()` has no effect until the test calls `lose()` of the connection. A
   *   `StringTransportWithDisconnection` loses the connection at once.
   * @returns The connection.
   * @throws {Error} If the port does not listen. Also the error of `buildProtocol`,
   *   `connectionMade` or another method of the application.
   *
   * @example
   * ```ts
   * import { Factory, LineReceiver } from "@torsion/reactor/protocol";
   * import { MemoryReactor } from "@torsion/reactor/testing";
   *
   * class Echo extends LineReceiver {
   *   override textReceived(line: string) {
   *     this.sendLine(line);
   *   }
   * }
   *
   * const reactor = new MemoryReactor();
   * reactor.listenTCP(2000, Factory.forProtocol(Echo));
   *
   * const connection = reactor.tcpServers[0]?.connect();
   * connection?.receive("hello\r\n");
   * console.log(connection?.transport.text()); // hello
   * ```
   */
  connect(transport: StringTransport = this.#newTransport()): FakeConnection {
    if (!this.#isListening) {
      throw new Error(`Cannot connect to ${this.#address}: the port does not listen`);
    }
    const connection = new FakeConnection(this, transport);
    this.#accepted++;
    this.#connections.add(connection);
    connection.open();
    return connection;
  }

  /**
   * Closes a port that holds its closing: stops the factory, and fires the Deferreds of
   * `stopListening()`.
   *
   * @param error The error with which the Deferreds fail. Without one, they succeed.
   * @throws {Error} If the port is not closing.
   *
   * @example
   * ```ts
   * import { Factory, Protocol } from "@torsion/reactor/protocol";
   * import { ManualServerEndpoint } from "@torsion/reactor/testing";
   *
   * const endpoint = new ManualServerEndpoint({ holdsClosing: true });
   * endpoint.listen(Factory.forProtocol(Protocol));
   * const port = endpoint.attempt().succeed();
   * port.stopListening().addCallback(() => console.log("closed"));
   * console.log(port.isListening, port.isClosing); // false true
   * port.completeClosing(); // closed
   * ```
   */
  completeClosing(error?: Error): void {
    if (!this.#isClosing) {
      throw new Error(`Cannot complete the closing of ${this}: it is not closing`);
    }
    this.#isClosing = false;
    let failure = error;
    try {
      stopFactory(this.factory);
    } catch (thrown) {
      failure ??= asError(thrown);
    }
    const waiters = this.#closeWaiters;
    this.#closeWaiters = [];
    for (const waiter of waiters) {
      if (failure === undefined) waiter.callback();
      else waiter.errback(failure);
    }
    this.#checkDrains();
  }

  /** Removes a connection. The connection calls this method when it is lost. */
  connectionLost(connection: FakeConnection, _reason: Error): void {
    this.#connections.delete(connection);
    this.#checkDrains();
  }

  /** Describes the port for a log: `FakeTCPPort on 0.0.0.0:2000 (closed)`. */
  toString(): string {
    const state = this.#isListening ? "" : this.#isClosing ? " (closing)" : " (closed)";
    return `${this.constructor.name} on ${this.#address}${state}`;
  }

  // Members of IListeningPort.

  startListening(): void {
    if (this.#isListening || this.#isClosing) {
      const state = this.#isListening ? "listening already" : "closing";
      throw new Error(`Cannot listen on ${this.#address}: the port is ${state}`);
    }
    startFactory(this.factory);
    this.#isListening = true;
  }

  /**
   * Stops listening. The Deferred has fired when this method returns, unless the port holds its
   * closing.
   */
  stopListening(): Deferred<void> {
    this.#stopCalls++;
    return this.#stop();
  }

  getHost(): A {
    return this.#address;
  }

  /** The deadline passes on the clock of a `MemoryReactorClock`, and never on a `MemoryReactor`. */
  drain(seconds: number): Deferred<number> {
    checkTimeout("drain() seconds", seconds);
    this.#drainCalls.push(seconds);
    const drain = new PortDrain({
      clock: this.#clock,
      connections: () => [...this.#connections],
      handshakes: () => [],
      isDrained: () => !this.#isListening && !this.#isClosing && this.#connections.size === 0,
    }, seconds);
    this.#drains.push(drain);
    this.#stop().addErrback((error) => drain.fail(error));
    for (const { protocol } of this.connections) {
      if (protocol !== null && isDrainable(protocol)) protocol.drainRequested();
    }
    this.#checkDrains();
    return drain.done;
  }

  get stats(): StreamPortStats {
    return {
      accepted: this.#accepted,
      refused: 0,
      refusals: noRefusals(),
      failedHandshakes: 0,
      failedAccepts: 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopListening();
  }

  #stop(): Deferred<void> {
    if (!this.#isListening && !this.#isClosing) return succeed();
    const closed = new Deferred<void>();
    this.#closeWaiters.push(closed);
    if (this.#isListening) {
      this.#isListening = false;
      this.#isClosing = true;
      if (!this.#holdsClosing) this.completeClosing();
    }
    return closed;
  }

  #checkDrains(): void {
    // The list is replaced first, because a callback of a completed drain may start another drain.
    const drains = this.#drains;
    this.#drains = [];
    this.#drains.push(...drains.filter((drain) => !drain.check()));
  }

  #newTransport(): StringTransport {
    const peerAddress = this.#address.type === "UNIX"
      ? new UNIXAddress("")
      : new IPv4Address("TCP", "192.168.1.1", 54321);
    return new StringTransport({ hostAddress: this.#address, peerAddress, clock: this.#clock });
  }
}

/** The port and the record of a call of `listenTCP` or `listenTLS`. */
export class FakeTCPPort<O extends ListenTCPOptions = ListenTCPOptions>
  extends FakePort<IInternetAddress, O> {
  /** The port number that was passed in. `getHost().port` is another number if it is 0. */
  readonly port: number;

  /**
   * Creates a port that does not listen yet.
   *
   * @param port The port number that was passed in.
   * @param call The other arguments.
   */
  constructor(port: number, call: FakePortOptions<IInternetAddress, O>) {
    super(call);
    this.port = port;
  }
}

/** The port and the record of a call of `listenTLS`. */
export type FakeTLSPort = FakeTCPPort<ListenTLSOptions>;

/** The port and the record of a call of `listenUNIX`. */
export class FakeUNIXPort extends FakePort<IUNIXAddress, ListenUNIXOptions> {
  /** The path that was passed in. */
  readonly path: string;

  /**
   * Creates a port that does not listen yet.
   *
   * @param path The path of the socket.
   * @param call The other arguments.
   */
  constructor(path: string, call: FakePortOptions<IUNIXAddress, ListenUNIXOptions>) {
    super(call);
    this.path = path;
  }
}

/** The port and the record of a call of `adoptStreamPort`. */
export class FakeAdoptedPort extends FakePort<Address, AdoptStreamPortOptions> {
  /** The file descriptor that was passed in. */
  readonly fileDescriptor: number;
  /** The address family that was passed in. */
  readonly addressFamily: AddressFamily;

  /**
   * Creates a port that does not listen yet.
   *
   * @param fileDescriptor The number of the file descriptor.
   * @param addressFamily The address family.
   * @param call The other arguments.
   */
  constructor(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    call: FakePortOptions<Address, AdoptStreamPortOptions>,
  ) {
    super(call);
    this.fileDescriptor = fileDescriptor;
    this.addressFamily = addressFamily;
  }
}
