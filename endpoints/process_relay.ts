import { isInstance } from "../internal/foreign_value.ts";
import { msg } from "../log/mod.ts";
import { ConnectionAborted, ConnectionDone, ProcessDone } from "../reactor/errors.ts";
import type { IProcessProtocol, IProcessTransport, IProtocol } from "../reactor/interfaces/mod.ts";
import { isHalfCloseable } from "../reactor/stream/protocol_capabilities.ts";
import { asError, logPrefixOf, nameInLog, onRejection } from "../defer/guarded_call.ts";
import { ProcessConnection } from "./process_connection.ts";

/** Options of a {@linkcode ProcessRelay}. */
export interface ProcessRelayOptions {
  /** The protocol of the connection. */
  protocol: IProtocol;
  /** The program. */
  executable: string;
  /** Whether the process's standard error is logged. */
  logsErrors: boolean;
  /** Whether the process's standard input is a pipe. */
  isWritable: boolean;
  /** Called after the protocol's `connectionLost`. */
  lost(): void;
}

/** Adapts a protocol for connections to a protocol for processes. Twisted's `_WrapIProtocol`. */
export class ProcessRelay implements IProcessProtocol {
  readonly #options: ProcessRelayOptions;
  #protocol: IProtocol;
  readonly #decoder = new TextDecoder();
  #connection: ProcessConnection | null = null;
  #isLost = false;
  /** The error that the protocol's `connectionMade` threw. */
  failure: Error | null = null;

  /** @param options The protocol, and how to treat the process. */
  constructor(options: ProcessRelayOptions) {
    this.#options = options;
    this.#protocol = options.protocol;
  }

  /** Whether the process has been started. */
  get isConnected(): boolean {
    return this.#connection !== null;
  }

  makeConnection(process: IProcessTransport): void {
    const connection = new ProcessConnection(process, this.#options.isWritable, (protocol) => {
      const former = this.#protocol;
      this.#protocol = protocol;
      return former;
    });
    this.#connection = connection;
    return this.#call(() => this.#protocol.makeConnection(connection), (error) => {
      this.failure = error;
    });
  }

  childDataReceived(childFD: number, data: Uint8Array): void {
    if (this.#isLost) return;
    if (childFD === 1) {
      // If dataReceived() throws, the reactor closes the pipe and passes the error to
      // childConnectionLost().
      if (!this.#connection?.disconnecting) return this.#protocol.dataReceived(data);
    } else if (childFD === 2 && this.#options.logsErrors) {
      const text = this.#decoder.decode(data, { stream: true }).trimEnd();
      msg(
        `Process ${this.#options.executable} wrote to standard error, which is not handled by ${
          nameInLog(this.#protocol)
        }: ${text}`,
      );
    }
  }

  childConnectionLost(childFD: number, reason: Error): void {
    const connection = this.#connection;
    if (connection === null || this.#isLost) return;
    if (childFD === 0) {
      const { disconnecting } = connection;
      // ConnectionAborted means that the write buffer reached its limit, because the process reads
      // too slowly.
      if (isInstance(reason, ConnectionAborted)) connection.abort(reason);
      connection.writeLost();
      if (!disconnecting) return this.#callHalfClose("writeConnectionLost");
    } else if (childFD === 1) {
      if (!isInstance(reason, ConnectionDone)) return this.#lose(reason);
      if (!connection.disconnecting) return this.#callHalfClose("readConnectionLost");
    }
  }

  processExited(): void {}

  processEnded(reason: Error): void {
    if (this.#isLost) return;
    const aborted = this.#connection?.abortReason;
    return this.#lose(aborted ?? (isInstance(reason, ProcessDone) ? new ConnectionDone() : reason));
  }

  logPrefix(): string {
    return logPrefixOf(this.#protocol);
  }

  #lose(reason: Error): void {
    this.#isLost = true;
    this.#connection?.lost();
    try {
      return this.#protocol.connectionLost(reason);
    } finally {
      this.#options.lost();
    }
  }

  /** Calls a method of the protocol, if it is half-closeable. */
  #callHalfClose(method: "readConnectionLost" | "writeConnectionLost"): void {
    const protocol = this.#protocol;
    if (isHalfCloseable(protocol)) return this.#call(() => protocol[method]());
  }

  /**
   * Calls a method of the protocol. If it fails, the connection is lost; the reactor logs the
   * error.
   */
  #call(f: () => unknown, failed: (error: Error) => void = () => {}): void {
    const fail = (error: unknown): void => {
      failed(asError(error));
      this.#connection?.abort(asError(error));
    };
    try {
      const result = f();
      onRejection(result, fail);
      // If the method is async, the result is a promise, although the interface declares void. It
      // is returned, so that the caller can watch for its rejection.
      return result as void;
    } catch (error) {
      fail(error);
      throw error;
    }
  }
}
