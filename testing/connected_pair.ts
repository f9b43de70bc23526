import { callLogged } from "../defer/guarded_call.ts";
import { creationTracker } from "../internal/creation_tracker.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { memoryPipe } from "../reactor/drivers/memory/memory_driver.ts";
import type {
  Address,
  ConnectionOptions,
  IProtocol,
  ITransport,
} from "../reactor/interfaces/mod.ts";
import { Connection } from "../reactor/stream/connection.ts";
import { type ConnectionLimits, connectionLimits } from "../reactor/stream/connection_limits.ts";
import type { ConnectionOwner } from "../reactor/stream/connection_owner.ts";
import { startFactory, stopFactory } from "../reactor/stream/factory_calls.ts";
import type { StreamDriver } from "../reactor/stream/stream_driver.ts";
import type { Clock } from "../task/mod.ts";
import type { ITypedProtocolFactory } from "../reactor/interfaces/endpoint.ts";
import { IOPump, loopOf } from "./io_pump.ts";
import type { MemoryLoop } from "./memory_loop.ts";
import { memoryLink, type MemoryLinkOptions } from "./memory_link.ts";
import { builtFor, factoryOf, type ProtocolSource } from "./protocol_source.ts";

/** Options of {@linkcode connectedServerAndClient}. */
export interface ConnectedPairOptions extends MemoryLinkOptions {
  /**
   * The pump that moves the bytes, to be shared by several connections.
   *
   * @default {new IOPump()}
   */
  pump?: IOPump | undefined;
  /**
   * The time of the connections, if no pump is given.
   *
   * @default {new Clock()}
   */
  clock?: Clock | undefined;
  /** Timeouts and limits of the server's connection. */
  serverOptions?: ConnectionOptions | undefined;
  /** Timeouts and limits of the client's connection. */
  clientOptions?: ConnectionOptions | undefined;
  /**
   * The server's address.
   *
   * @default {192.0.2.1:1111}
   */
  serverAddress?: Address | undefined;
  /**
   * The client's address.
   *
   * @default {192.0.2.2:2222}
   */
  clientAddress?: Address | undefined;
  /**
   * Whether to pump before the function returns, so that what both sides send in `connectionMade`
   * has arrived.
   *
   * @default {true}
   */
  greet?: boolean | undefined;
}

/** One end of a connected pair: it makes the protocol and its connection. */
class PairEnd<P extends IProtocol> implements ConnectionOwner {
  readonly context: MemoryLoop;
  readonly limits: ConnectionLimits;
  readonly role: "server" | "client";
  readonly protocol: P;
  readonly connection: Connection;
  reason: Error | null = null;
  readonly #factory: ITypedProtocolFactory<P>;

  constructor(
    context: MemoryLoop,
    role: "server" | "client",
    source: ProtocolSource<P>,
    options: ConnectionOptions,
    driver: StreamDriver,
  ) {
    this.context = context;
    this.role = role;
    this.limits = connectionLimits(options);
    this.#factory = factoryOf(source);
    startFactory(this.#factory);
    this.protocol = builtFor(this.#factory, driver.getPeer(), role);
    this.connection = new Connection(this, driver, this.protocol);
    creationTracker?.maker(this);
  }

  logSuffix(connection: { getPeer(): Address }): string {
    return this.role === "client" ? "client" : `0,${connection.getPeer()}`;
  }

  connectionLost(_connection: unknown, reason: Error): void {
    this.reason = reason;
    callLogged(() => stopFactory(this.#factory), [], "Error while calling doStop");
  }
}

/**
 * Two protocols that are connected in memory, and the pump that moves their bytes. Made by
 * {@linkcode connectedServerAndClient}.
 *
 * @typeParam S The protocol of the server.
 * @typeParam C The protocol of the client.
 */
export class ConnectedPair<S extends IProtocol, C extends IProtocol> implements Disposable {
  /** The pump that moves the bytes. */
  readonly pump: IOPump;
  readonly #server: PairEnd<S>;
  readonly #client: PairEnd<C>;

  /** Called by {@linkcode connectedServerAndClient}. */
  constructor(
    server: ProtocolSource<S>,
    client: ProtocolSource<C>,
    options: ConnectedPairOptions = {},
  ) {
    const {
      clock,
      pump = new IOPump({ clock }),
      serverAddress = new IPv4Address("TCP", "192.0.2.1", 1111),
      clientAddress = new IPv4Address("TCP", "192.0.2.2", 2222),
      serverOptions = {},
      clientOptions = {},
    } = options;
    if (clock !== undefined && clock !== pump.clock) {
      throw new TypeError("Cannot connect a pair: the pump has a clock, so clock must be omitted");
    }
    const loop = loopOf(pump);
    const [serverEnd, clientEnd] = memoryPipe({
      ...memoryLink(options),
      schedule: loop.schedule,
      addresses: [serverAddress, clientAddress],
    });
    this.pump = pump;
    this.#server = new PairEnd(loop, "server", server, serverOptions, serverEnd);
    this.#client = new PairEnd(loop, "client", client, clientOptions, clientEnd);
    this.#server.connection.open();
    this.#client.connection.open();
  }

  /** The protocol of the server. */
  get server(): S {
    return this.#server.protocol;
  }

  /** The protocol of the client. */
  get client(): C {
    return this.#client.protocol;
  }

  /** The time of both connections. */
  get clock(): Clock {
    return this.pump.clock;
  }

  /** The transport of the server's protocol. */
  get serverTransport(): ITransport {
    return this.#server.connection;
  }

  /** The transport of the client's protocol. */
  get clientTransport(): ITransport {
    return this.#client.connection;
  }

  /** The error that the server's `connectionLost` received; `null` while it is open. */
  get serverReason(): Error | null {
    return this.#server.reason;
  }

  /** The error that the client's `connectionLost` received; `null` while it is open. */
  get clientReason(): Error | null {
    return this.#client.reason;
  }

  /** Aborts the connection on both sides, if it is open, and pumps until both have lost it. */
  [Symbol.dispose](): void {
    this.#server.connection.abortConnection();
    this.#client.connection.abortConnection();
    this.pump.flush();
  }
}

/**
 * Connects two protocols in memory, for a test without a network. Twisted's
 * `twisted.test.iosim.connectedServerAndClient`.
 *
 * Both have real connections: the same code as on a socket decides about write buffers, producers,
 * half-close, timeouts and the reason of `connectionLost`. Only the bytes move in memory, when the
 * test calls the pump. So a test is synchronous, needs no permission and no reactor, and repeats
 * exactly.
 *
 * The errors of protocols are logged and lose the connection, as on a socket; see
 * {@linkcode flushLoggedErrors}. `startTLS` makes a real handshake with real certificates, in
 * `await pump.pumpUntilIdle()`.
 *
 * `using` closes the connection at the end of the test.
 *
 * @param server The server's protocol: a factory, a class, a function that makes the protocol, or
 *   the protocol itself.
 * @param client The client's protocol, in the same forms. {@linkcode TestPeer} is a protocol that
 *   the test moves.
 * @param options The pump, chunks, capacity and limits of the connections.
 * @returns The protocols, with their own types, the pump and the clock.
 * @throws {TypeError} If a protocol is neither of the possible values.
 * @throws {RangeError} If an option is out of range.
 * @throws {Error} If a factory builds no protocol.
 *
 * @example One byte at a time
 * ```ts
 * import { LineReceiver } from "@torsion/reactor/protocol";
 * import { connectedServerAndClient, TestPeer } from "@torsion/reactor/testing";
 *
 * class Upper extends LineReceiver {
 *   override textReceived(line: string): void {
 *     this.sendLine(line.toUpperCase());
 *   }
 * }
 *
 * using pair = connectedServerAndClient(Upper, TestPeer, { chunkSize: 1 });
 * const { client, pump } = pair;
 * client.send("one\r\ntwo\r\n");
 * pump.flush();
 * console.log(client.text.split("\r\n")); // [ "ONE", "TWO", "" ]
 * ```
 *
 * @example Time
 * ```ts
 * import { Protocol } from "@torsion/reactor/protocol";
 * import { connectedServerAndClient, TestPeer } from "@torsion/reactor/testing";
 *
 * using pair = connectedServerAndClient(Protocol, TestPeer, {
 *   serverOptions: { idleTimeout: 60 },
 * });
 * pair.pump.advance(60);
 * console.log(pair.client.ending, pair.serverReason?.name); // ECONNRESET ConnectionTimeout
 * ```
 */
export function connectedServerAndClient<S extends IProtocol, C extends IProtocol>(
  server: ProtocolSource<S>,
  client: ProtocolSource<C>,
  options: ConnectedPairOptions = {},
): ConnectedPair<S, C> {
  const pair = new ConnectedPair(server, client, options);
  if (options.greet ?? true) pair.pump.flush();
  return pair;
}
