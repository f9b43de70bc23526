import { asError, classNameOf } from "../defer/guarded_call.ts";
import { Deferred } from "../defer/mod.ts";
import type { ITypedProtocolFactory } from "../reactor/interfaces/endpoint.ts";
import { ProtocolWrapper } from "../protocol/policies/protocol_wrapper.ts";
import {
  ProtocolWrapper as ReportingWrapper,
  wrapProtocol,
} from "../reactor/stream/protocol_wrapper.ts";
import { creationTracker } from "../internal/creation_tracker.ts";
import { isInstance } from "../internal/foreign_value.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { memoryPipe } from "../reactor/drivers/memory/memory_driver.ts";
import {
  ConnectingCancelledError,
  ConnectionDone,
  ConnectionRefusedError,
  NoProtocol,
} from "../reactor/errors.ts";
import type {
  Address,
  ConnectionOptions,
  IProtocol,
  ITransport,
} from "../reactor/interfaces/mod.ts";
import { Connection } from "../reactor/stream/connection.ts";
import { type ConnectionLimits, connectionLimits } from "../reactor/stream/connection_limits.ts";
import type { ConnectionOwner } from "../reactor/stream/connection_owner.ts";
import { buildProtocol } from "../reactor/stream/factory_calls.ts";
import type { StreamDriver } from "../reactor/stream/stream_driver.ts";
import { memoryLink, type MemoryLinkOptions } from "./memory_link.ts";
import type { MemoryLoop } from "./memory_loop.ts";
import { TestPeer } from "./test_peer.ts";

/** What an attempt needs from its endpoint. */
export interface ManualAttemptContext extends MemoryLinkOptions {
  readonly loop: MemoryLoop;
  readonly address: Address;
  readonly connectionOptions?: ConnectionOptions | undefined;
  readonly cancelled?: ((attempt: ManualAttempt) => void) | undefined;
  readonly losesAtOnce?: boolean | undefined;
}

/** Marks an attempt whose `connect()` has thrown. Only the endpoint may use it. */
export let abandon: (attempt: ManualAttempt) => void;

/** Loses all connections of an attempt. Only the endpoint may use it. */
export let loseAll: (attempt: ManualAttempt) => void;

/** The address of the client. */
const CLIENT = new IPv4Address("TCP", "192.0.2.1", 1111);

/** One call of `connect()` of a {@linkcode ManualEndpoint}, which the test completes. */
export class ManualAttempt {
  /** The factory that was passed to `connect()`. */
  readonly factory: ITypedProtocolFactory<IProtocol>;
  /** Fires when the attempt is complete. The Deferred that `connect()` returned waits for it. */
  readonly result: Deferred<IProtocol>;
  readonly #context: ManualAttemptContext;
  #isCancelled = false;
  #isAbandoned = false;
  #built: IProtocol | null = null;
  readonly #ends: AttemptEnd[] = [];

  static {
    abandon = (attempt) => {
      attempt.#isAbandoned = true;
      // The caller never receives the Deferred, which may have failed.
      attempt.result.addErrback(() => {});
    };
    loseAll = (attempt) => {
      for (const end of attempt.#ends) end.lose(new ConnectionDone());
    };
  }

  /** Called by `connect()` of the endpoint. */
  constructor(factory: ITypedProtocolFactory<IProtocol>, context: ManualAttemptContext) {
    this.factory = factory;
    this.#context = context;
    this.result = new Deferred<IProtocol>(() => {
      this.#isCancelled = true;
      this.#context.cancelled?.(this);
      this.#fail(new ConnectingCancelledError(context.address));
    });
  }

  /** Whether neither `succeed()` nor `fail()` has been called, and the attempt is not cancelled. */
  get isPending(): boolean {
    return !this.result.called && !this.#isAbandoned;
  }

  /** Whether the attempt has been cancelled, through its Deferred or its signal. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /**
   * The protocol whose connection was made last; `null` before that. It is the one that the factory
   * of the attempt has built, which may be a wrapper: see {@linkcode protocolOf}.
   */
  get protocol(): IProtocol | null {
    return this.#end?.protocol ?? null;
  }

  /**
   * Returns the protocol of a class whose connection was made last: {@linkcode protocol}, or the
   * one that it wraps.
   *
   * @param type The class of the protocol.
   * @throws {Error} If no connection was made.
   * @throws {TypeError} If neither is an instance of the class.
   */
  protocolOf<P extends IProtocol>(type: abstract new (...args: never[]) => P): P {
    const what = `Cannot return the protocol of the attempt to connect to ${this.#context.address}`;
    if (this.protocol === null) throw new Error(`${what}: it has no connection`);
    let protocol: IProtocol = this.protocol;
    for (;;) {
      if (isInstance(protocol, type)) return protocol;
      const wrapped = wrappedBy(protocol);
      if (wrapped === null) break;
      protocol = wrapped;
    }
    throw new TypeError(
      `${what}: it is not an instance of ${type.name}, got ${classNameOf(protocol)}`,
    );
  }

  /** The transport of {@linkcode protocol}; `null` before its connection was made. */
  get transport(): ITransport | null {
    return this.#end?.connection ?? null;
  }

  /** The peer of the connection that was made last; `null` before that. */
  get peer(): TestPeer | null {
    return this.#end?.peer ?? null;
  }

  /** Whether a connection has been made and not lost. */
  get isOpen(): boolean {
    return this.#end?.connection.connected ?? false;
  }

  /** Whether a connection has been made and lost. */
  get isLost(): boolean {
    return this.#end !== null && !this.isOpen;
  }

  /** Whether the connection is open, and the protocol has closed or aborted it. */
  get disconnecting(): boolean {
    return this.#end?.connection.disconnecting ?? false;
  }

  /**
   * Makes the connection, and fires the Deferred. If the factory builds no protocol, or
   * `connectionMade` fails, the Deferred fails, as on a reactor.
   *
   * @throws {Error} If the attempt is not pending.
   */
  succeed(): void {
    this.#checkPending("succeed");
    let protocol: IProtocol | null;
    try {
      protocol = this.make();
    } catch (error) {
      return this.#fail(asError(error));
    }
    if (protocol === null) {
      const { address } = this.#context;
      return this.#fail(
        new NoProtocol(`Cannot connect to ${address}: the factory built no protocol`, {
          address: String(address),
        }),
      );
    }
    const end = this.#end;
    // If connectionMade() has failed, the loss of the connection fails the Deferred.
    if (end?.isMade === false) end.whenLost((reason) => this.#fail(reason));
    else if (this.isPending) this.result.callback(protocol);
  }

  /**
   * Fails the Deferred.
   *
   * @param reason The error. @default {a `ConnectionRefusedError`}
   * @throws {Error} If the attempt is not pending.
   */
  fail(reason?: Error): void {
    this.#checkPending("fail");
    const address = String(this.#context.address);
    this.#fail(
      reason ??
        new ConnectionRefusedError(`Cannot connect to ${address}: Connection refused`, {
          code: "ECONNREFUSED",
          syscall: "connect",
          address,
        }),
    );
  }

  /**
   * Builds the protocol, without a connection. The next {@linkcode make} or {@linkcode succeed}
   * connects it.
   *
   * @returns The protocol; `null` if the factory builds none.
   * @throws {unknown} The error of `buildProtocol()`.
   */
  build(): IProtocol | null {
    return this.#built ??= buildProtocol(this.factory, this.#context.address);
  }

  /**
   * Makes a connection, without firing the Deferred. A second call makes another connection, as an
   * endpoint that tries several addresses may do.
   *
   * @returns The protocol; `null` if the factory builds none.
   * @throws {unknown} The error of `buildProtocol()`.
   */
  make(): IProtocol | null {
    const protocol = this.build();
    this.#built = null;
    if (protocol === null) return null;
    const end = new AttemptEnd(this.#context, protocol);
    this.#ends.push(end);
    end.open();
    return protocol;
  }

  /**
   * Loses the connection at once, as if the network had failed: `connectionLost` is called before
   * this method returns. Has no effect if no connection is open.
   *
   * @param reason The error that `connectionLost` receives. @default {a `ConnectionDone`}
   */
  lose(reason: Error = new ConnectionDone()): void {
    this.#end?.lose(reason);
  }

  /** The connection that was made last. */
  get #end(): AttemptEnd | null {
    return this.#ends.at(-1) ?? null;
  }

  #fail(reason: Error): void {
    if (this.isPending) this.result.errback(reason);
  }

  #checkPending(action: string): void {
    if (this.isPending) return;
    throw new Error(
      `Cannot ${action} the attempt to connect to ${this.#context.address}: it is not pending`,
    );
  }
}

/** Returns the protocol that a wrapper wraps; `null` if the protocol is not a wrapper. */
function wrappedBy(protocol: IProtocol): IProtocol | null {
  if (protocol instanceof ReportingWrapper) return protocol.protocol;
  return protocol instanceof ProtocolWrapper ? protocol.wrappedProtocol : null;
}

/** A peer that closes when the client has closed, so that nothing stays open. */
class ClosingPeer extends TestPeer {
  override readConnectionLost(): void {
    super.readConnectionLost();
    this.close();
  }
}

/** A connection of an attempt, and its peer. */
class AttemptEnd implements ConnectionOwner {
  readonly context: MemoryLoop;
  readonly limits: ConnectionLimits;
  readonly role = "client";
  readonly protocol: IProtocol;
  readonly connection: Connection;
  readonly peer: TestPeer = new ClosingPeer();
  /** Whether `connectionMade` has returned without an error. */
  isMade = false;
  readonly #peerConnection: Connection;
  #reason: Error | null = null;
  #lost: ((reason: Error) => void) | null = null;

  constructor(options: ManualAttemptContext, protocol: IProtocol) {
    const { loop, losesAtOnce = false } = options;
    this.context = loop;
    this.limits = connectionLimits(options.connectionOptions ?? {});
    this.protocol = protocol;
    const [end, other] = memoryPipe({
      ...memoryLink(options),
      schedule: loop.schedule,
      addresses: [CLIENT, options.address],
    });
    const wrapper = wrapProtocol(protocol, { made: () => this.isMade = true });
    this.connection = new (losesAtOnce ? HastyConnection : Connection)(this, end, wrapper);
    this.#peerConnection = peerConnection(loop, other, this.peer);
    creationTracker?.maker(this);
  }

  open(): void {
    this.#peerConnection.open();
    this.connection.open();
  }

  lose(reason: Error): void {
    if (this.connection.connected) this.connection.failed(reason);
    this.context.settle();
  }

  /** Calls `f` with the reason when the connection has been lost. */
  whenLost(f: (reason: Error) => void): void {
    if (this.#reason === null) this.#lost = f;
    else f(this.#reason);
  }

  logSuffix(): string {
    return "client";
  }

  connectionLost(_connection: unknown, reason: Error): void {
    this.#reason = reason;
    this.#lost?.(reason);
  }
}

/** A connection that is lost within `loseConnection()`. */
class HastyConnection extends Connection {
  override loseConnection(): void {
    super.loseConnection();
    if (this.connected) this.failed(new ConnectionDone());
  }
}

function peerConnection(context: MemoryLoop, driver: StreamDriver, peer: TestPeer): Connection {
  const owner: ConnectionOwner = {
    context,
    limits: connectionLimits({}),
    logSuffix: (connection) => `0,${connection.getPeer()}`,
    connectionLost: () => {},
  };
  creationTracker?.maker(owner);
  return new Connection(owner, driver, peer);
}
