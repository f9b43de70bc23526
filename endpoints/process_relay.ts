import { isInstance } from "../internal/foreign_value.ts";
import { msg } from "../log/mod.ts";
import { ConnectionAborted, ConnectionDone, ProcessDone } from "../reactor/errors.ts";
import type {
  IHalfCloseableProtocol,
  IProcessProtocol,
  IProcessTransport,
  IProtocol,
} from "../reactor/interfaces/mod.ts";
import { isHalfCloseable } from "../reactor/stream/protocol_capabilities.ts";
import { asError, logPrefixOf, nameInLog, onRejection } from "../defer/guarded_call.ts";
import { ProcessConnection } from "./process_connection.ts";

/** What a {@linkcode ProcessRelay} is made of. */
export interface ProcessRelayOptions {
  /** What gets the connection. */
  protocol: IProtocol;
  /** What is run. */
  executable: string;
  /** Whether what it writes to its standard error is logged. */
  logsErrors: boolean;
  /** Whether its input is a pipe. */
  isWritable: boolean;
  /** Called when the protocol has been told that the connection is lost. */
  lost(): void;
}

/** Has a protocol for connections be one for a process. Twisted's `_WrapIProtocol`. */
export class ProcessRelay implements IProcessProtocol {
  readonly #options: ProcessRelayOptions;
  readonly #protocol: IProtocol;
  /** The same, if it wants to be told of each direction's end. */
  readonly #halfCloseable: IHalfCloseableProtocol | null;
  readonly #decoder = new TextDecoder();
  #connection: ProcessConnection | null = null;
  #isLost = false;
  /** What the protocol's `connectionMade` threw, if it did. */
  failure: Error | null = null;

  /** @param options What it is made of. */
  constructor(options: ProcessRelayOptions) {
    this.#options = options;
    const { protocol } = options;
    this.#protocol = protocol;
    this.#halfCloseable = isHalfCloseable(protocol) ? protocol : null;
  }

  /** Whether there is, or was, a process. */
  get isConnected(): boolean {
    return this.#connection !== null;
  }

  makeConnection(process: IProcessTransport): void {
    const connection = new ProcessConnection(process, this.#options.isWritable);
    this.#connection = connection;
    return this.#call(() => this.#protocol.makeConnection(connection), (error) => {
      this.failure = error;
    });
  }

  childDataReceived(childFD: number, data: Uint8Array): void {
    if (this.#isLost) return;
    if (childFD === 1) {
      // Thrown out of here, an error closes that pipe: `childConnectionLost` gets it.
      if (!this.#connection?.disconnecting) return this.#protocol.dataReceived(data);
    } else if (childFD === 2 && this.#options.logsErrors) {
      const text = this.#decoder.decode(data, { stream: true }).trimEnd();
      msg(
        `Process ${this.#options.executable} wrote stderr unhandled by ${
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
      // It reads too slowly for the bounds of the connection.
      if (isInstance(reason, ConnectionAborted)) connection.abort(reason);
      connection.writeLost();
      if (!disconnecting) return this.#call(() => this.#halfCloseable?.writeConnectionLost());
    } else if (childFD === 1) {
      if (!isInstance(reason, ConnectionDone)) return this.#lose(reason);
      if (!connection.disconnecting) {
        return this.#call(() => this.#halfCloseable?.readConnectionLost());
      }
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

  /** Calls a method of the protocol's. What comes out of it is the reactor's to log, and loses the connection. */
  #call(f: () => unknown, failed: (error: Error) => void = () => {}): void {
    const fail = (error: unknown): void => {
      failed(asError(error));
      this.#connection?.abort(asError(error));
    };
    try {
      const result = f();
      onRejection(result, fail);
      // A promise, when the method is async; typed as void like the interface.
      return result as void;
    } catch (error) {
      fail(error);
      throw error;
    }
  }
}
