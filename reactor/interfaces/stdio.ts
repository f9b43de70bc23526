/**
 * A process's own standard input and output, on a reactor.
 *
 * @module
 */

import type { IPipeAddress } from "./address.ts";
import type { IProtocolFactory } from "./protocol.ts";
import type { ConnectionOptions, IListeningPort } from "./stream.ts";

/** What standard input is read from: `Deno.stdin`, or a file that Deno opened. */
export interface IByteSource {
  /** Reads into `buffer`. Gives how many bytes came, null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Closes it. A read under way fails with that. */
  close(): void;
}

/** What standard output is written to: `Deno.stdout`, or a file that Deno opened. */
export interface IByteSink {
  /** Writes some of the bytes. Gives how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** How standard input and output are a connection. */
export interface StandardIOOptions extends ConnectionOptions {
  /** What is read: this process's standard input, unless another one is given. It is closed when the connection is lost. */
  stdin?: IByteSource | undefined;
  /** What is written to: this process's standard output, unless another one is given. It is never closed. */
  stdout?: IByteSink | undefined;
  /**
   * As for every connection; whoever looks at a program's output page by page takes longer than a network peer may.
   *
   * @default {Infinity}
   */
  linger?: number | undefined;
}

/** A process's standard input and output as a connection. In Twisted, `stdio.StandardIO` asks the reactor for less than this. */
export interface IReactorStdio {
  /**
   * Makes standard input and output a connection: the only one that this port ever accepts, once the reactor runs.
   *
   * It ends as any other does. The end of the input is the peer's closing: what was written is sent, and then comes `connectionLost`, or for
   * a half-closeable protocol `readConnectionLost`. A reader of the output that has gone away is noticed by the next write, which loses
   * the connection with `EPIPE`; Twisted goes on reading then.
   *
   * Deno cannot close its standard output, which `console.log` uses too: `loseWriteConnection` ends the writing here, and the reader sees the
   * end when this process ends. A write that nobody reads holds the process.
   *
   * @param factory What makes the protocol.
   * @returns A port that listens no more once it has accepted; to stop it before that is to leave the input unread.
   */
  listenStandardIO(
    factory: IProtocolFactory,
    options?: StandardIOOptions,
  ): IListeningPort<IPipeAddress>;
}
