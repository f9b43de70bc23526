/**
 * Standard input and output as a connection that is accepted once.
 *
 * @module
 */

import { isInstance } from "../../../internal/foreign_value.ts";
import { PipeAddress } from "../../addresses.ts";
import { CannotListenError } from "../../errors.ts";
import type { IByteSink, IByteSource, IPipeAddress, IReactorTime } from "../../interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../stream/stream_acceptor.ts";
import { callGuarded, logUserError } from "../../../defer/guarded_call.ts";
import { BackOff } from "./back_off.ts";
import { ConnDriver, type StreamConn } from "./conn_driver.ts";

type Timers = Pick<IReactorTime, "callLater">;

/**
 * Returns a function that binds a pair of streams. Once their connection was accepted, the function
 * throws `CannotListenError`.
 *
 * @param timers The clock of the pauses while a non-blocking output is not ready.
 * @param stdin The stream to read.
 * @param stdout The stream to write.
 * @returns A function that returns the acceptor of the only connection.
 */
export function standardIOBinding(
  timers: Timers,
  stdin: IByteSource,
  stdout: IByteSink,
): () => StreamAcceptor<IPipeAddress> {
  let isTaken = false;
  return () => {
    if (isTaken) {
      const cause = new Error("their only connection was already accepted");
      throw new CannotListenError(new PipeAddress(), { cause });
    }
    return new StdioAcceptor(() => {
      isTaken = true;
      return new StdioDriver(timers, stdin, stdout);
    });
  };
}

class StdioAcceptor implements StreamAcceptor<IPipeAddress> {
  readonly address: PipeAddress = new PipeAddress();
  readonly #take: () => StdioDriver;
  #sink: StreamAcceptorSink | null = null;
  #accepted = false;
  #closed = false;

  constructor(take: () => StdioDriver) {
    this.#take = take;
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(): void {
    if (this.#accepted) return;
    this.#accepted = true;
    queueMicrotask(() => {
      if (!this.#closed) this.#sink?.accepted(this.#take());
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    queueMicrotask(() => this.#sink?.released());
  }

  /** Does nothing: a waiting acceptor does not keep the process alive. */
  unref(): void {}
}

class StdioDriver extends ConnDriver {
  constructor(timers: Timers, stdin: IByteSource, stdout: IByteSink) {
    // A pending read of standard input cannot be cancelled, and may still fill its memory after
    // close().
    super(new StdioConn(timers, stdin, stdout), false);
  }

  override getPeer(): PipeAddress {
    return new PipeAddress();
  }

  override getHost(): PipeAddress {
    return new PipeAddress();
  }
}

/** Standard input and output in the form of one Deno connection. */
class StdioConn implements StreamConn {
  readonly #stdin: IByteSource;
  readonly #stdout: IByteSink;
  readonly #writes: BackOff;
  #isClosed = false;
  #isAbandoned = false;
  /** Completes the pending read. */
  #endRead: (() => void) | null = null;
  /** Never read: the driver overrides `getHost`. */
  readonly localAddr: Deno.Addr = { transport: "unix", path: "" };
  /** Never read: the driver overrides `getPeer`. */
  readonly remoteAddr: Deno.Addr = { transport: "unix", path: "" };

  constructor(timers: Timers, stdin: IByteSource, stdout: IByteSink) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#writes = new BackOff(timers);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    // If the application passed its own `stdin`, a pending read may never settle, not even after
    // close(). This function lets close() complete the read.
    this.#endRead = () => resolve(null);
    this.#unlessAbandoned(() => this.#stdin.read(buffer)).then(resolve, reject);
    return promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#unlessAbandoned(() => this.#writes.run(() => this.#stdout.write(bytes)));
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Closes standard input only, which completes a pending read. Written data has already left, so
   * standard output needs no closing.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writes.stop();
    const endRead = this.#endRead;
    this.#endRead = null;
    callGuarded(() => this.#stdin.close(), (error) => {
      // Deno throws BadResource if the application has already closed standard input, which is not
      // an error here.
      if (isInstance(error, Deno.errors.BadResource)) return;
      logUserError(error, "Error while calling close of the standard input");
    });
    endRead?.();
  }

  async #unlessAbandoned<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      // The connection was abandoned, so no code waits for the result. The promise never settles,
      // which does not keep the process alive.
      if (this.#isAbandoned) return await new Promise<never>(() => {});
      throw error;
    }
  }

  /** Closes the streams, because a pending read of standard input would keep the process alive. */
  unref(): void {
    this.#isAbandoned = true;
    this.close();
  }
}
