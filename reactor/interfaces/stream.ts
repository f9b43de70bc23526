/**
 * Ports and connectors over any kind of stream, and what bounds their connections.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";
import type { Address } from "./address.ts";

/**
 * A listening port. Twisted's `IListeningPort`.
 *
 * @typeParam A The type of the address it listens on.
 */
export interface IListeningPort<A extends Address = Address> extends AsyncDisposable {
  /**
   * Listens again after {@linkcode stopListening}.
   *
   * @throws {CannotListenError} when the address cannot be had.
   */
  startListening(): void;
  /** Accepts no more. The Deferred fires when the address is free again. Open connections stay open. */
  stopListening(): Deferred<void>;
  /** Where it listens; with port 0, the port that the system chose. */
  getHost(): A;
  /**
   * Accepts no more, and lets what is open come to its end: the first half of a graceful shutdown.
   *
   * Each open connection whose protocol is an {@linkcode IDrainableProtocol} is told. Those that are still open at the deadline are
   * aborted with `DrainTimeout`. Twisted leaves all of this to its users.
   *
   * @param seconds How long the connections may take. Infinity waits for as long as they take.
   * @returns A Deferred that fires with the number of connections that were aborted, once none is open and the address is free.
   *   Cancelling it gives up the wait and the deadline; the connections stay.
   *
   * @example Finish what clients have begun, for up to 30 seconds; a second signal does not wait
   * ```ts no-eval
   * import { Factory, Protocol, reactor } from "@torsion/reactor";
   *
   * const port = reactor.listenTCP(2000, Factory.forProtocol(Protocol));
   * reactor.addSystemEventTrigger("before", "shutdown", () => port.drain(30));
   * await reactor.run();
   * ```
   */
  drain(seconds: number): Deferred<number>;
  /**
   * How many connections came, and what went wrong with them, since the port was made: for a metric, or an alarm. The log has the first of
   * each kind, and what follows at most once a second, with a count. Twisted has no such thing.
   */
  readonly stats: StreamPortStats;
  /** {@linkcode stopListening}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The numbers of a listening port, each since it was made. */
export interface StreamPortStats {
  /** Connections that came, those that were refused or failed in their handshake included. */
  readonly accepted: number;
  /** Connections that were refused: the port, or their host, had as many as it may have, or the process had no file descriptor left. */
  readonly refused: number;
  /** TLS handshakes that failed. */
  readonly failedHandshakes: number;
  /** Times that the system could not accept a connection: for lack of file descriptors, say. */
  readonly failedAccepts: number;
}

/** How far a connector is. */
export type ConnectorState = "disconnected" | "connecting" | "connected";

/** An outgoing connection, and the means to open it again. Twisted's `IConnector`. */
export interface IConnector<A extends Address = Address> {
  /** How far it is. */
  readonly state: ConnectorState;
  /**
   * Connects again.
   *
   * @throws {Error} when it is connecting or connected.
   */
  connect(): void;
  /** Ends the attempt, or loses the connection. */
  disconnect(): void;
  /**
   * Ends the attempt; the factory gets a `UserError`.
   *
   * @throws {NotConnectingError} when there is none.
   */
  stopConnecting(): void;
  /** Where it connects to. */
  getDestination(): A;
}

/** Bounds on one connection. Each has a default that protects the process. */
export interface ConnectionOptions {
  /**
   * Bytes in the write buffer above which a push producer is paused.
   *
   * @default {65536}
   */
  writeBufferHighWater?: number | undefined;
  /**
   * Bytes in the write buffer that a further write may not exceed: past that the connection is aborted with `WriteBufferExceeded`.
   * One write into an empty buffer may be larger.
   *
   * @default {67108864}
   */
  writeBufferLimit?: number | undefined;
  /**
   * Seconds that a closing connection waits for its peer to read on before it is aborted, counted from the last byte taken.
   *
   * @default {60}
   */
  linger?: number | undefined;
  /**
   * Seconds without a byte in either direction after which the connection is aborted with `ConnectionTimeout`. While the protocol has
   * paused it, nothing comes.
   *
   * @default {Infinity}
   */
  idleTimeout?: number | undefined;
  /**
   * Seconds after which the connection is aborted with `ConnectionTimeout` when there is something to send and the system takes none of
   * it: the peer does not read. A peer that reads slowly is not meant: each byte taken begins the time anew.
   *
   * @default {Infinity}
   */
  writeStallTimeout?: number | undefined;
  /**
   * Seconds that the connection may last, from when it is made, before it is aborted with `ConnectionTimeout`.
   *
   * @default {Infinity}
   */
  maxConnectionAge?: number | undefined;
}

/** How a port for streams listens, whatever kind of stream. */
export interface ListenStreamOptions extends ConnectionOptions {
  /**
   * Connections that may wait to be accepted.
   *
   * @default {511}
   */
  backlog?: number | undefined;
  /**
   * Connections that may be open at a time.
   *
   * @default {Infinity}
   */
  maxConnections?: number | undefined;
  /**
   * Connections that may be open from one host at a time. One more is refused, whatever {@linkcode overflow} says: the
   * host is known only once the connection is accepted, and pausing would let one host shut out all others.
   *
   * @default {Infinity}
   */
  maxConnectionsPerHost?: number | undefined;
  /**
   * What happens at {@linkcode maxConnections}: `"pause"` accepts no more, so that the next ones wait in the backlog; `"refuse"`
   * closes them at once.
   *
   * @default {"pause"}
   */
  overflow?: "pause" | "refuse" | undefined;
}

/** How a stream is opened, whatever kind. */
export interface ConnectStreamOptions extends ConnectionOptions {
  /**
   * Seconds until the attempt is given up with a `ConnectTimeoutError`.
   *
   * @default {30}
   */
  timeout?: number | undefined;
  /**
   * Ends an attempt to connect when it aborts. It has no effect on a connection that has been made.
   *
   * The attempt fails with `ConnectTimeoutError` if the signal is that of `AbortSignal.timeout()`, and
   * else with `ConnectingCancelledError`.
   */
  signal?: AbortSignal | undefined;
}
