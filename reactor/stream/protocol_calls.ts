import { asError, logUserError, onRejection } from "../../defer/guarded_call.ts";
import { slowCallbacks } from "../../defer/slow_callbacks.ts";
import { alike } from "../lifecycle/log_throttle.ts";
import { callWithSystem, enterSystem, type HasLogPrefix, leaveSystem } from "../../log/context.ts";
import type { Address, IBufferedProtocol, IProtocol } from "../interfaces/mod.ts";
import { callContexts } from "./call_contexts.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import { bufferOf, fillBuffer, readBufferSpoiled } from "./protocol_buffer.ts";
import { isMemoryLender, lendMemory, memoryFilled, type MemoryLender } from "./memory_lender.ts";
import type { StreamDriverSink } from "./stream_driver.ts";
import { isBuffered, isForwarder } from "./protocol_capabilities.ts";

/** The members of a connection's owner that are needed to log an error. */
type FailureLog = Pick<ConnectionOwner, "methodName" | "logFailure">;

/** The members of a connection that its calls need. */
export interface CallingConnection extends HasLogPrefix {
  /** Whether the protocol may receive data: it is not paused, and the connection not closing. */
  readonly isReceptive: boolean;
  /** Returns the address of the peer. */
  getPeer(): Address;
  /** Loses the connection because of an error. */
  abort(reason: Error): void;
}

/**
 * Calls the methods of a connection's protocol. An exception is logged, and loses the connection.
 */
export class ProtocolCalls {
  readonly #connection: CallingConnection;
  readonly #owner: FailureLog;
  /**
   * The number of calls that have not returned. Written bytes are sent when the outermost call
   * returns.
   */
  depth = 0;
  /** Bytes that have arrived and were not delivered; `null` if there are none. */
  held: Uint8Array | null = null;
  /** The protocol whose buffer the driver has for its next read. */
  #bufferOwner: IProtocol | null = null;
  /** The protocol for which the next two fields hold; `null` if they have to be set again. */
  #known: IProtocol | null = null;
  /** The protocol, if it provides the memory of each read. */
  #buffered: IBufferedProtocol | null = null;
  /** The protocol, if it lends memory for some reads. */
  #lender: MemoryLender | null = null;

  /**
   * @param connection The connection.
   * @param owner The owner of the connection, which names methods and logs errors.
   */
  constructor(connection: CallingConnection, owner: FailureLog) {
    this.#connection = connection;
    this.#owner = owner;
  }

  /** Calls a method of the protocol. */
  call(method: string, f: () => unknown): void {
    this.callWith(method, f, undefined);
  }

  /**
   * Calls a method of the protocol by a function with one argument. A function that needs nothing
   * else can be shared by all connections, and takes no memory for each of them.
   */
  callWith<T>(method: string, f: (argument: T) => unknown, argument: T): void {
    const previous = enterSystem(this.#connection);
    this.depth++;
    const left = slowCallbacks?.enter();
    try {
      const result = callContexts === null
        ? f(argument)
        : callContexts.run(this.#connection, () => f(argument));
      if (result !== undefined) this.#watch(method, result);
    } catch (error) {
      this.failed(method, error);
    } finally {
      this.depth--;
      if (left !== undefined) this.#report(left, method);
      leaveSystem(previous);
    }
  }

  /**
   * Delivers the held bytes to a protocol. If its buffer is smaller, the rest is still held.
   *
   * @param protocol The protocol, which may receive data.
   */
  deliver(protocol: IProtocol): void {
    const { held } = this;
    if (held === null) return;
    let method = "dataReceived";
    const previous = enterSystem(this.#connection);
    this.depth++;
    const left = slowCallbacks?.enter();
    try {
      let result: unknown;
      this.#know(protocol);
      const buffered = this.#buffered;
      if (buffered !== null) {
        method = "getBuffer";
        const count = fillBuffer(buffered, held);
        // getBuffer() may have paused or closed the connection, or passed the bytes to a handshake.
        if (this.held !== held || !this.#connection.isReceptive) return;
        this.held = count < held.length ? held.subarray(count) : null;
        method = "bufferUpdated";
        result = callContexts === null
          ? buffered.bufferUpdated(count)
          : callContexts.call(this.#connection, buffered, buffered.bufferUpdated, count);
      } else {
        this.held = null;
        result = callContexts === null
          ? protocol.dataReceived(held)
          : callContexts.call(this.#connection, protocol, protocol.dataReceived, held);
      }
      if (result !== undefined) this.#watch(method, result);
    } catch (error) {
      this.failed(method, error);
    } finally {
      this.depth--;
      if (left !== undefined) this.#report(left, method);
      leaveSystem(previous);
    }
  }

  /**
   * Returns the memory of a protocol for the next read of the driver; `null` if the protocol
   * provides none.
   *
   * @param protocol The protocol.
   * @param sizeHint The recommended size in bytes.
   */
  borrow(protocol: IProtocol, sizeHint: number): Uint8Array<ArrayBuffer> | null {
    this.#know(protocol);
    const buffered = this.#buffered;
    const lender = this.#lender;
    if (buffered === null && lender === null) return null;
    const previous = enterSystem(this.#connection);
    try {
      this.#bufferOwner = protocol;
      return buffered !== null
        ? bufferOf(buffered, sizeHint)
        : lender?.[lendMemory](sizeHint) ?? null;
    } catch (error) {
      this.failed("getBuffer", error);
      return null;
    } finally {
      leaveSystem(previous);
    }
  }

  /**
   * Delivers bytes that were read into a buffer that {@linkcode borrow} has returned. Holds a copy
   * of them if the protocol may not receive data now, or has not provided the buffer itself. Aborts
   * the connection if the buffer was detached.
   *
   * @param protocol The protocol that receives the bytes.
   * @param buffer The buffer.
   * @param count The number of bytes.
   */
  updated(protocol: IProtocol, buffer: Uint8Array, count: number): void {
    if (buffer.length < count) {
      const address = String(this.#connection.getPeer());
      return this.#connection.abort(readBufferSpoiled(count, address));
    }
    this.#know(protocol);
    const buffered = this.#buffered;
    const lender = this.#lender;
    const takesBytes = buffered !== null || lender !== null;
    if (protocol !== this.#bufferOwner || !takesBytes || !this.#connection.isReceptive) {
      this.held = buffer.slice(0, count);
      return;
    }
    // A lender of memory stands in for a protocol that receives chunks.
    const method = buffered !== null ? "bufferUpdated" : "dataReceived";
    const previous = enterSystem(this.#connection);
    this.depth++;
    const left = slowCallbacks?.enter();
    try {
      const result: unknown = callContexts !== null
        ? callContexts.call(this.#connection, this, this.#filled, count)
        : this.#filled(count);
      if (result !== undefined) this.#watch(method, result);
    } catch (error) {
      this.failed(method, error);
    } finally {
      this.depth--;
      if (left !== undefined) this.#report(left, method);
      leaveSystem(previous);
    }
  }

  /** Passes bytes in the memory of a protocol to it. */
  #filled(count: number): unknown {
    return this.#buffered !== null
      ? this.#buffered.bufferUpdated(count)
      : this.#lender?.[memoryFilled](count);
  }

  /**
   * Passes bytes that have arrived but were not delivered to the TLS handshake, because the peer
   * sent them after the last bytes that the protocol has received.
   */
  feedHeld(handshake: Pick<StreamDriverSink, "received">): void {
    const { held } = this;
    this.held = null;
    if (held !== null) handshake.received(held);
  }

  /**
   * Finds out how a protocol receives data. This is done once for each protocol, because to look
   * for its methods before and after each read would take longer than to call them. Those of a
   * forwarder may change.
   */
  #know(protocol: IProtocol): void {
    if (protocol === this.#known) return;
    this.#buffered = isBuffered(protocol) ? protocol : null;
    this.#lender = isMemoryLender(protocol) ? protocol : null;
    this.#known = isForwarder(protocol) ? null : protocol;
  }

  /** Ends a measurement. A function within the measured method would cost memory for each call. */
  #report(left: (name: () => string) => void, method: string): void {
    left(() => this.#nameOf(method));
  }

  /** Returns the name of a method for the log. */
  #nameOf(method: string): string {
    return this.#owner.methodName?.(method) ?? method;
  }

  /** Treats the rejection of a promise that a method has returned as an error of the method. */
  #watch(method: string, result: unknown): void {
    onRejection(result, (error) => this.failed(method, error), `calling ${method}`);
  }

  /**
   * Aborts the connection and logs the error, because a method has thrown or its promise was
   * rejected.
   */
  failed(method: string, error: unknown): void {
    this.#connection.abort(asError(error));
    const name = this.#nameOf(method);
    // A promise rejects after the call has returned, so the log system of the connection is set
    // again for this log line.
    const log = (count: number): void =>
      callWithSystem(this.#connection, () => {
        logUserError(error, `Error while calling ${name}${alike(count)}`);
      });
    if (this.#owner.logFailure === undefined) log(1);
    else this.#owner.logFailure(log);
  }
}
