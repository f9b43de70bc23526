/**
 * A process's own standard input and output, used as a connection.
 *
 * @module
 */

import type { IPipeAddress } from "./address.ts";
import type { IProtocolFactory } from "./protocol.ts";
import type { ConnectionOptions, IListeningPort } from "./stream.ts";

/** The source of standard input: `Deno.stdin`, or a file opened with Deno. */
export interface IByteSource {
  /**
   * Reads into `buffer`.
   *
   * @returns A promise for the number of bytes read, or for `null` at the end of the input.
   */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Closes the source. A pending read then fails. */
  close(): void;
}

/** The destination of standard output: `Deno.stdout`, or a file opened with Deno. */
export interface IByteSink {
  /**
   * Writes at least some of the bytes.
   *
   * @returns A promise for the number of bytes written.
   */
  write(bytes: Uint8Array): Promise<number>;
}

/** Options of {@linkcode IReactorStdio.listenStandardIO}. */
export interface StandardIOOptions extends ConnectionOptions {
  /**
   * The source to read from. It is closed when the connection is lost.
   *
   * @default {undefined} This process's standard input.
   */
  stdin?: IByteSource | undefined;
  /**
   * The destination to write to. It is never closed.
   *
   * @default {undefined} This process's standard output.
   */
  stdout?: IByteSink | undefined;
  /**
   * Seconds that a closing connection waits for the reader of the output. The default is higher
   * than for network connections because a person may be reading the output page by page.
   *
   * @default {Infinity}
   */
  linger?: number | undefined;
}

/**
 * Standard input and output as a connection. Twisted has `stdio.StandardIO` outside of the reactor.
 */
export interface IReactorStdio {
  /**
   * Uses standard input and output as a connection. It is the only connection that the returned
   * port accepts, once the reactor runs.
   *
   * The end of the input counts as a close by the peer: pending data is written, and then
   * `connectionLost` is called, or `readConnectionLost` for a half-closeable protocol. If the
   * reader of the output has exited, the next write loses the connection with `EPIPE`; Twisted
   * continues to read then.
   *
   * Standard output itself stays open because `console.log` uses it too: after
   * `loseWriteConnection` the protocol can write no more, but the reader sees the end of the output
   * only when this process exits. A write that the reader does not accept keeps this process alive.
   *
   * @param factory The factory that creates the protocol.
   * @param options Streams, limits and timeouts.
   * @returns A port that stops listening after it has accepted the connection. Stopping it earlier
   *   leaves the input unread.
   */
  listenStandardIO(
    factory: IProtocolFactory,
    options?: StandardIOOptions,
  ): IListeningPort<IPipeAddress>;
}
