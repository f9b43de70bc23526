/**
 * What a reactor and the things around it can do, as interfaces: small ones, so that a fake need only supply what is used.
 *
 * The names and the contracts are Twisted's (`twisted.internet.interfaces`); this file is the ground floor and imports
 * nothing but the type of a Deferred.
 *
 * @module
 */

import type { Deferred } from "../defer/deferred.ts";

/** Where a connection comes from or goes to. */
export interface IAddress {
  /** Whether the other address names the same place over the same kind of transport. */
  equals(other: IAddress): boolean;
  /** The address as people write it: `127.0.0.1:2000`, `[::1]:2000`, a path. */
  toString(): string;
}

/** Asks a reactor's timed call to move, or not to happen. Twisted's `IDelayedCall`. */
export interface IDelayedCall extends Disposable {
  /** The moment of the call, in seconds on the clock that made it ({@linkcode IReactorTime.seconds}). */
  getTime(): number;
  /**
   * Takes the call back.
   *
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled before.
   */
  cancel(): void;
  /**
   * Puts the call off.
   *
   * @param seconds How much later than planned; a negative number brings it forward.
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled.
   */
  delay(seconds: number): void;
  /**
   * Starts the wait anew.
   *
   * @param seconds The delay, counted from now.
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled.
   */
  reset(seconds: number): void;
  /** Whether the call is still to come. */
  active(): boolean;
  /** Cancels the call if it is still to come, so that `using` ends it with its block. */
  [Symbol.dispose](): void;
}

/** A clock that makes calls. Twisted's `IReactorTime`. */
export interface IReactorTime {
  /** The time now, in seconds. It only goes forward; its zero means nothing. */
  seconds(): number;
  /**
   * Calls `f(...args)` in `delay` seconds.
   *
   * Calls due at one instant are made in the order in which they were asked for. What `f` throws is logged.
   *
   * @param delay The wait in seconds: zero or more, and finite.
   * @throws {TypeError} when the delay is not a number or `f` not a function.
   * @throws {RangeError} when the delay is negative, NaN or infinite.
   */
  callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall;
  /** The calls still to come, in no particular order. */
  getDelayedCalls(): IDelayedCall[];
}

/** When a trigger runs within its event. */
export type EventPhase = "before" | "during" | "after";

/** What {@linkcode IReactorCore.addSystemEventTrigger} returns: good for taking the trigger away again. */
export interface SystemEventTriggerID {
  /** The event that the trigger waits for. */
  readonly eventType: string;
  /** The phase in which it runs. */
  readonly phase: EventPhase;
}

/** How a reactor is run. */
export interface RunOptions {
  /**
   * Whether SIGINT, SIGTERM and (on Windows) SIGBREAK stop the reactor.
   *
   * @default {true}
   */
  installSignalHandlers?: boolean;
  /** Stops the reactor when it is aborted. */
  signal?: AbortSignal;
}

/** A handler for a process signal, called with the signal's name. */
export type SignalHandler = (signal: Deno.Signal) => unknown;

/** The life of a reactor. Twisted's `IReactorCore`. */
export interface IReactorCore {
  /** Whether the reactor runs: true from `during startup` until `during shutdown`. */
  readonly running: boolean;
  /**
   * Runs the reactor until it is stopped.
   *
   * Startup fires before this returns, unless a `before startup` trigger waits. The process stays alive until the
   * promise settles, with nothing to do too.
   *
   * @returns A promise that is fulfilled when the reactor has stopped and has let go of everything it held. It is rejected with
   *   `ReactorAlreadyRunning` when the reactor runs already, and with `ReactorNotRestartable` when it has been stopped before.
   */
  run(options?: RunOptions): Promise<void>;
  /**
   * Ends the reactor: fires `shutdown` once the calls that are due now have been made.
   *
   * @throws {ReactorNotRunning} when it does not run, or is stopping already.
   */
  stop(): void;
  /** Ends the reactor at once: no shutdown event, nothing is closed. It may be run again. */
  crash(): void;
  /**
   * Calls `f(...args)` at once when the reactor runs, else when it has started.
   *
   * @returns The trigger that waits for the start, or `null` when the call has been made.
   */
  callWhenRunning<A extends unknown[]>(
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID | null;
  /**
   * Has `f(...args)` called the next time the event fires, once.
   *
   * A `before` trigger may return a Deferred or a promise and so hold the other phases back. What a trigger throws is logged, and the
   * others still run.
   *
   * @param phase `"before"`, `"during"` or `"after"`.
   * @param eventType `"startup"`, `"shutdown"`, `"persist"`, or any name of your own.
   * @throws {RangeError} for another phase.
   * @throws {TypeError} when `f` is not a function.
   */
  addSystemEventTrigger<A extends unknown[]>(
    phase: EventPhase,
    eventType: string,
    f: (...args: A) => unknown,
    ...args: A
  ): SystemEventTriggerID;
  /**
   * Takes a trigger away.
   *
   * @throws {RangeError} when it has fired, has been removed, or belongs to another reactor.
   */
  removeSystemEventTrigger(id: SystemEventTriggerID): void;
  /** Fires an event: its `before` triggers, then, when they are done, `during` and `after`. */
  fireSystemEvent(eventType: string): void;
  /** What SIGINT does by default: logs it and stops the reactor. */
  sigInt(): void;
  /** What SIGTERM does by default: logs it and stops the reactor. */
  sigTerm(): void;
  /** What SIGBREAK does by default: logs it and stops the reactor. */
  sigBreak(): void;
  /**
   * Handles a process signal while the reactor runs. The default handler of that signal, if any, steps back.
   *
   * @throws {TypeError} when this system cannot deliver that signal.
   */
  addSignalHandler(signal: Deno.Signal, handler: SignalHandler): void;
  /**
   * Takes a handler away. With the last one gone, the default handler is back.
   *
   * @throws {RangeError} when the handler was not added.
   */
  removeSignalHandler(signal: Deno.Signal, handler: SignalHandler): void;
}

/** Writes when it is told to go on, until it is told to pause. Twisted's `IPushProducer`. */
export interface IPushProducer {
  /** Stop writing until {@linkcode resumeProducing}. */
  pauseProducing(): void;
  /** Write on. */
  resumeProducing(): void;
  /** Stop for good: nobody reads any more. */
  stopProducing(): void;
}

/** Writes once each time it is asked. Twisted's `IPullProducer`. */
export interface IPullProducer {
  /** Write one more piece. */
  resumeProducing(): void;
  /** Stop for good: nobody reads any more. */
  stopProducing(): void;
}

/** What a producer writes to. Twisted's `IConsumer`. */
export interface IConsumer {
  /** Takes bytes, or a string that goes out as UTF-8. */
  write(data: Uint8Array | string): void;
  /**
   * Has `producer` paused and resumed as the consumer fills and empties.
   *
   * @param streaming `true` for a push producer, `false` for a pull producer.
   * @throws {Error} when another producer is registered.
   */
  registerProducer(producer: IPushProducer, streaming: true): void;
  /** The same for a pull producer. */
  registerProducer(producer: IPullProducer, streaming: false): void;
  /** Forgets the producer. */
  unregisterProducer(): void;
}

/** A connection, as its protocol sees it. Twisted's `ITransport` and `ITCPTransport`. */
export interface ITransport extends IConsumer {
  /** Whether the connection is being closed or aborted, or the peer has closed, and it is not yet lost. */
  readonly disconnecting: boolean;
  /** Whether the connection is open. */
  readonly connected: boolean;
  /**
   * Sends bytes, or a string as UTF-8. Never blocks: what cannot go out now waits in the write buffer. All that is written in one
   * turn leaves together.
   *
   * Small writes are copied. A buffer of 4 KiB or more belongs to the transport until it is flushed: do not change it before.
   * Writing to a connection that is gone does nothing, as in Twisted.
   *
   * @throws {TypeError} when the data is neither.
   */
  write(data: Uint8Array | string): void;
  /** Sends several pieces, as if written one after the other. */
  writeSequence(data: Iterable<Uint8Array | string>): void;
  /**
   * Closes the connection once all that was written, and all that a registered producer writes, has gone out. Nothing more is
   * received. A peer that stops reading holds this up no longer than the linger time.
   */
  loseConnection(): void;
  /** Closes the writing side once all that was written has gone out; receiving goes on. */
  loseWriteConnection(): void;
  /** Closes the connection now. What waits to be sent is thrown away; the protocol gets `ConnectionAborted`. */
  abortConnection(): void;
  /** The other end's address. */
  getPeer(): IAddress;
  /** This end's address. */
  getHost(): IAddress;
  /** Stops receiving, so that the peer is slowed down. */
  pauseProducing(): void;
  /** Receives again. */
  resumeProducing(): void;
  /** Closes the connection: nobody reads it any more. */
  stopProducing(): void;
  /** Sends small pieces at once (`true`) or lets the system gather them (`false`, Nagle's algorithm, the default). */
  setTcpNoDelay(enabled: boolean): void;
  /** Whether small pieces are sent at once. */
  getTcpNoDelay(): boolean;
  /** Has the system probe an idle peer. */
  setTcpKeepAlive(enabled: boolean): void;
  /** Whether the system probes an idle peer. */
  getTcpKeepAlive(): boolean;
}

/** What happens on a connection. Twisted's `IProtocol`. */
export interface IProtocol {
  /** Called by the reactor with the new connection; calls {@linkcode connectionMade}. */
  makeConnection(transport: ITransport): void;
  /** The connection is there. */
  connectionMade(): void;
  /** Bytes came. The chunk is the protocol's to keep; its size says nothing about what the peer wrote at once. */
  dataReceived(data: Uint8Array): void;
  /** The connection is gone: called exactly once, and the last call. */
  connectionLost(reason: Error): void;
  /** The name under which the connection's events are logged. */
  logPrefix?(): string;
}

/** A protocol that keeps each direction's end apart. A protocol with both methods is one. Twisted's `IHalfCloseableProtocol`. */
export interface IHalfCloseableProtocol extends IProtocol {
  /** The peer will send no more. */
  readConnectionLost(): void;
  /** The writing side has been closed. */
  writeConnectionLost(): void;
}

/** Makes a protocol for each connection. Twisted's `IProtocolFactory`. */
export interface IProtocolFactory {
  /** The protocol for a connection from or to `addr`; `null` turns the connection away. */
  buildProtocol(addr: IAddress): IProtocol | null;
  /** Called by each port and connector that begins to use the factory. */
  doStart(): void;
  /** Called by each port and connector that no longer uses it. */
  doStop(): void;
  /** The name under which the factory's events are logged. */
  logPrefix?(): string;
}

/** A factory for connections that this side opens. Twisted's `ClientFactory`. */
export interface IClientFactory extends IProtocolFactory {
  /** An attempt begins. */
  startedConnecting(connector: IConnector): void;
  /** The attempt failed. `connector.connect()` tries again. */
  clientConnectionFailed(connector: IConnector, reason: Error): void;
  /** The connection is gone. `connector.connect()` opens it again. */
  clientConnectionLost(connector: IConnector, reason: Error): void;
}

/** A port that listens. Twisted's `IListeningPort`. */
export interface IListeningPort extends AsyncDisposable {
  /**
   * Listens again after {@linkcode stopListening}.
   *
   * @throws {CannotListenError} when the address cannot be had.
   */
  startListening(): void;
  /** Accepts no more. The Deferred fires when the address is free again. Open connections stay open. */
  stopListening(): Deferred<void>;
  /** Where it listens; with port 0, the port that the system chose. */
  getHost(): IAddress;
  /** {@linkcode stopListening}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How far a connector is. */
export type ConnectorState = "disconnected" | "connecting" | "connected";

/** An outgoing connection, and the means to open it again. Twisted's `IConnector`. */
export interface IConnector {
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
  getDestination(): IAddress;
}

/** Bounds on one connection. Each has a default that protects the process. */
export interface ConnectionOptions {
  /**
   * Bytes in the write buffer above which a push producer is paused.
   *
   * @default {65536}
   */
  writeBufferHighWater?: number;
  /**
   * Bytes in the write buffer that a further write may not exceed: past that the connection is aborted with `WriteBufferExceeded`.
   * One write into an empty buffer may be larger.
   *
   * @default {67108864}
   */
  writeBufferLimit?: number;
  /**
   * Seconds that a closing connection waits for its peer to read on before it is aborted, counted from the last byte taken.
   *
   * @default {60}
   */
  linger?: number;
}

/** How a TCP port listens. */
export interface ListenTCPOptions extends ConnectionOptions {
  /**
   * Connections that may wait to be accepted.
   *
   * @default {511}
   */
  backlog?: number;
  /**
   * The local address to listen on.
   *
   * @default {"0.0.0.0"}
   */
  interface?: string;
  /**
   * Connections that may be open at a time.
   *
   * @default {Infinity}
   */
  maxConnections?: number;
  /**
   * Connections that may be open from one host at a time. One more is refused, whatever {@linkcode overflow} says: the
   * host is known only once the connection is accepted, and pausing would let one host shut out all others.
   *
   * @default {Infinity}
   */
  maxConnectionsPerHost?: number;
  /**
   * What happens at {@linkcode maxConnections}: `"pause"` accepts no more, so that the next ones wait in the backlog; `"refuse"`
   * closes them at once.
   *
   * @default {"pause"}
   */
  overflow?: "pause" | "refuse";
}

/** How a TCP connection is opened. */
export interface ConnectTCPOptions extends ConnectionOptions {
  /**
   * Seconds until the attempt is given up with a `TimeoutError`.
   *
   * @default {30}
   */
  timeout?: number;
}

/** TCP on a reactor. Twisted's `IReactorTCP`. */
export interface IReactorTCP {
  /**
   * Listens on a TCP port. The port is bound when this returns; connections are accepted while the reactor runs.
   *
   * @param port The port number; 0 lets the system choose one.
   * @throws {CannotListenError} when the address cannot be had.
   * @throws {RangeError} when the port or an option is out of range.
   */
  listenTCP(port: number, factory: IProtocolFactory, options?: ListenTCPOptions): IListeningPort;
  /**
   * Connects to a TCP port. The attempt begins when the reactor runs.
   *
   * @param host A name or an address.
   * @param port The port number.
   * @throws {RangeError} when the port or an option is out of range.
   */
  connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTCPOptions,
  ): IConnector;
}

/**
 * Work for another thread: a function that a module exports.
 *
 * Threads share no functions in JavaScript, so a task is named where Twisted takes a callable. `workerModule` makes tasks that know
 * their types; a plain `{ module, export }` takes any arguments and gives `unknown`.
 *
 * @typeParam A What the function takes.
 * @typeParam R What it gives, once any promise of it is settled.
 */
export interface WorkerTask<A extends unknown[] = unknown[], R = unknown> {
  /** The absolute URL of the module. */
  readonly module: string | URL;
  /** The name under which the module exports the function; `"default"` is one. */
  readonly export: string;
  /** Never there: it only carries the types. */
  readonly signature?: (...args: A) => R;
}

/** What is called with the outcome of a task: `true` and the result, or `false` and the error. */
export type ThreadResult<R> = (...outcome: [success: true, result: R] | [false, Error]) => unknown;

/** A task that was handed to a pool. */
export interface IThreadCall {
  /**
   * Ends the task: it does not begin, or its thread is ended with it. Its outcome is not heard of. Once there is one, this does nothing.
   */
  cancel(): void;
}

/** Threads that wait for work. What Twisted's reactor asks of `twisted.python.threadpool.ThreadPool`. */
export interface IThreadPool {
  /** The fewest threads that are kept. */
  readonly min: number;
  /** The most threads that there may be. */
  readonly max: number;
  /** Whether tasks are begun: true from `start()` until `stop()`. */
  readonly started: boolean;
  /**
   * Has a task done. An error out of it is logged.
   *
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent to a thread.
   * @throws {TypeError} when the task names no module or no export.
   */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void;
  /**
   * Has a task done, and hears of its outcome.
   *
   * @param onResult Called with the outcome, once. `null` logs an error, as {@linkcode callInThread} does.
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent to a thread.
   * @throws {TypeError} when the task names no module or no export.
   */
  callInThreadWithCallback<A extends unknown[], R>(
    onResult: ThreadResult<R> | null,
    task: WorkerTask<A, R>,
    ...args: NoInfer<A>
  ): IThreadCall;
}

/** Threads on a reactor. Twisted's `IReactorThreads`. */
export interface IReactorThreads {
  /**
   * Calls `f(...args)` in the reactor's next turn, ahead of the timed calls that are due then, in the order in which it was asked for.
   * What `f` throws is logged.
   *
   * All code that can reach a reactor runs in its thread already, so that this is for order, not for safety. A task calls back into the
   * reactor's thread by a function that is among its arguments.
   *
   * @throws {TypeError} when `f` is not a function.
   */
  callFromThread<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): void;
  /**
   * Has a task done by a thread of the reactor's pool. It begins when the reactor runs. An error out of it is logged.
   *
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent to a thread.
   * @throws {TypeError} when the task names no module or no export.
   */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void;
  /**
   * Sets how many threads the reactor's pool may have.
   *
   * @param size The most threads at a time. With 0, tasks wait.
   * @throws {RangeError} when it is not an integer from 0.
   */
  suggestThreadPoolSize(size: number): void;
  /** The reactor's pool. It starts and stops with the reactor. */
  getThreadPool(): IThreadPool;
}

/** A reactor for programs: life, time, TCP and threads. */
export interface IReactor extends IReactorCore, IReactorTime, IReactorTCP, IReactorThreads {}
