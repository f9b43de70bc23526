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
 * Binds a pair of streams; once it has been accepted, there is nothing to bind any more.
 *
 * @param timers The clock of the pauses while a stream that is non-blocking is not ready.
 */
export function standardIOBinding(
  timers: Timers,
  stdin: IByteSource,
  stdout: IByteSink,
): () => StreamAcceptor<IPipeAddress> {
  let isTaken = false;
  return () => {
    if (isTaken) {
      const cause = new Error("they have had their connection");
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

  /** Does nothing: it holds no process. */
  unref(): void {}
}

class StdioDriver extends ConnDriver {
  constructor(timers: Timers, stdin: IByteSource, stdout: IByteSink) {
    super(new StdioConn(timers, stdin, stdout));
  }

  override getPeer(): PipeAddress {
    return new PipeAddress();
  }

  override getHost(): PipeAddress {
    return new PipeAddress();
  }
}

/** The two streams, as if they were one connection of Deno's. */
class StdioConn implements StreamConn {
  readonly #stdin: IByteSource;
  readonly #stdout: IByteSink;
  readonly #writes: BackOff;
  #isClosed = false;
  #isGivenUp = false;
  /** Ends the read under way. */
  #endRead: (() => void) | null = null;
  /** Never asked for. */
  readonly localAddr: Deno.Addr = { transport: "unix", path: "" };
  /** Never asked for. */
  readonly remoteAddr: Deno.Addr = { transport: "unix", path: "" };

  constructor(timers: Timers, stdin: IByteSource, stdout: IByteSink) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#writes = new BackOff(timers);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    // A source of the application's own may never settle a read, not even when it is closed.
    this.#endRead = () => resolve(null);
    this.#unlessGivenUp(() => this.#stdin.read(buffer)).then(resolve, reject);
    return promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#unlessGivenUp(() => this.#writes.run(() => this.#stdout.write(bytes)));
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Only to close it ends a read that is under way; all that was written has been taken, and needs
   * no closing.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writes.stop();
    const endRead = this.#endRead;
    this.#endRead = null;
    callGuarded(() => this.#stdin.close(), (error) => {
      // Somebody else has.
      if (isInstance(error, Deno.errors.BadResource)) return;
      logUserError(error, "While calling close of the standard input");
    });
    endRead?.();
  }

  async #unlessGivenUp<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      // Nobody is to hear of it, and a promise that is never settled holds no process.
      if (this.#isGivenUp) return await new Promise<never>(() => {});
      throw error;
    }
  }

  /** A read of standard input cannot be taken off the process; given up, it lets go. */
  unref(): void {
    this.#isGivenUp = true;
    this.close();
  }
}
