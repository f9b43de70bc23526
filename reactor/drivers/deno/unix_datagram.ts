/**
 * UNIX datagrams through `Deno.listenDatagram`, which is available only under `--unstable-net`.
 *
 * Limitations of Deno 2.9.6, and their treatment here:
 *
 * - A socket with a pending receive cannot send (`Busy`), and a receive cannot be aborted. So
 *   before a datagram is sent, a second socket completes the receive with a datagram of its own,
 *   recognized by a random token. Programs once woke select(2) in the same way, with a pipe to
 *   themselves.
 * - A send waits until the receiver reads, and can neither be aborted nor be seen to wait. A
 *   datagram that was not accepted after 0.1 s fails, and those queued behind it fail at once, as
 *   Twisted drops datagrams that find no room. It may still arrive. While it waits, no datagram can
 *   be received, and the process stays alive, unless `Deno.exit` is called.
 * - A receive cannot be unref'd: an open port keeps the process alive, even after a crash of the
 *   reactor.
 * - Deno leaves the socket's file behind when the socket closes. It is removed here, unless another
 *   file has taken its path.
 *
 * @module
 */

import { UNIXAddress } from "../../addresses.ts";
import type { DatagramDriver, DatagramDriverSink } from "../../datagram/datagram_driver.ts";
import { unixSendError } from "../../datagram/unix_send_error.ts";
import { DatagramError, UnsupportedError } from "../../errors.ts";
import type { IUNIXAddress } from "../../interfaces/mod.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { cannotListen, connectError } from "../../stream/system_error.ts";
import { SocketFile } from "./unix_file.ts";
import { bindWithMode } from "./unix_mode.ts";
import { isAbstract } from "../../stream/unix_path.ts";
import { absolutePath, checkPathLength } from "./unix_path.ts";

// The time in milliseconds after which a send fails. A receiver that reads needs far less, and a
// shutdown may take far longer.
const SEND_TIMEOUT_MS = 100;
// The pause in milliseconds after a failed receive. Without a pause, a lasting error would occupy
// the processor.
const RETRY_MS = 100;
const TOKEN_LENGTH = 16;

/**
 * The members of Deno's unstable `DatagramConn` that are used here. Deno has the type only under
 * the flag.
 */
interface UNIXDatagramConn {
  receive(space: Uint8Array): Promise<[Uint8Array, { path: string | null }]>;
  send(datagram: Uint8Array, to: { transport: "unixpacket"; path: string }): Promise<number>;
  close(): void;
}

/** Opens a socket. A socket without a path can only send. */
type ListenDatagram = (options: { transport: "unixpacket"; path?: string }) => UNIXDatagramConn;

/**
 * Returns `Deno.listenDatagram`.
 *
 * @throws {UnsupportedError} If it is not available.
 */
function listenDatagram(): ListenDatagram {
  // Deno declares `listenDatagram` only in its unstable types, so the property is read with an
  // unknown type.
  const listen: unknown = Reflect.get(Deno, "listenDatagram");
  // The cast gives the function the type that Deno declares, limited to UNIX sockets.
  if (typeof listen === "function") return listen as ListenDatagram;
  throw new UnsupportedError(
    "Cannot open a UNIX datagram socket: " +
      "Deno.listenDatagram is not available; run with --unstable-net",
  );
}

/**
 * Checks that UNIX datagrams are available.
 *
 * @throws {UnsupportedError} If Deno runs without `--unstable-net`.
 */
export function checkUNIXDatagrams(): void {
  listenDatagram();
}

/**
 * Binds a UNIX datagram socket.
 *
 * @param path The path, or an abstract name; null for a socket that only sends.
 * @param mode The mode of the socket's file.
 * @param maxPacketSize The size of the largest datagram to receive, in bytes.
 * @throws {CannotListenError} If the path cannot be bound.
 */
export function bindUNIXDatagram(
  path: string | null,
  mode: number,
  maxPacketSize: number,
): DatagramDriver<IUNIXAddress> {
  const listen = listenDatagram();
  try {
    if (path === null) return new UNIXDatagramDriver(listen, null, maxPacketSize);
    checkPathLength(path);
    return bindWithMode(path, mode, () => new UNIXDatagramDriver(listen, path, maxPacketSize));
  } catch (error) {
    throw cannotListen(new UNIXAddress(path ?? ""), error);
  }
}

/**
 * Checks that a file exists at the peer's path. Without permission to read the path, the check is
 * skipped.
 *
 * @throws {ConnectError} If there is no file.
 */
export function checkUNIXPeer(path: string): void {
  if (isAbstract(path)) return;
  try {
    Deno.lstatSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) return;
    throw connectError(new UNIXAddress(path), cause);
  }
}

/** The driver of one UNIX datagram socket. */
class UNIXDatagramDriver implements DatagramDriver<IUNIXAddress> {
  readonly address: IUNIXAddress;
  readonly #path: string | null;
  readonly #conn: UNIXDatagramConn;
  readonly #file: SocketFile | null = null;
  /** The socket that sends a token to this socket, to complete a pending receive. */
  readonly #waker: UNIXDatagramConn | null;
  readonly #token = crypto.getRandomValues(new Uint8Array(TOKEN_LENGTH));
  readonly #spaceSize: number;
  #sink: DatagramDriverSink<IUNIXAddress> | null = null;
  #wanted = false;
  #receiving = false;
  #waking = false;
  /** The datagram to send once the pending receive has completed. */
  #next: { datagram: Uint8Array; to: IUNIXAddress } | null = null;
  #sending = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(listen: ListenDatagram, path: string | null, maxPacketSize: number) {
    this.#path = path;
    this.address = new UNIXAddress(path ?? "");
    // The buffer has one byte more than the limit: a datagram that fills it is too long.
    this.#spaceSize = Math.max(maxPacketSize + 1, TOKEN_LENGTH + 1);
    this.#conn = listen({ transport: "unixpacket", ...path === null ? {} : { path } });
    try {
      const hasFile = path !== null && !isAbstract(path);
      this.#file = hasFile ? new SocketFile(absolutePath(path)) : null;
      this.#waker = path === null ? null : listen({ transport: "unixpacket" });
    } catch (error) {
      this.#file?.remove();
      this.#conn.close();
      throw error;
    }
  }

  attach(sink: DatagramDriverSink<IUNIXAddress>): void {
    this.#sink = sink;
  }

  startReceiving(): void {
    this.#wanted = this.#path !== null;
    this.#proceed();
  }

  send(datagram: Uint8Array, to: IUNIXAddress): void {
    if (this.#sending) {
      // The previous send reached its timeout but is still pending in Deno, which can send only one
      // datagram at a time. So this datagram fails at once.
      this.#sink?.sent(sendTimedOut(to));
      return;
    }
    this.#next = { datagram: datagram.slice(), to };
    if (this.#receiving) this.#wake();
    else this.#proceed();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    // The file is removed while the socket is open. During that time, no other file can get its
    // inode number, so the right file is removed.
    this.#file?.remove();
    this.#conn.close();
    this.#waker?.close();
    if (!this.#receiving) queueMicrotask(() => this.#sink?.released());
  }

  /** Does nothing: Deno's datagram sockets do not support `unref()`. */
  unref(): void {}

  /** Sends the queued datagram, or else receives the next one. */
  #proceed(): void {
    if (this.#closed || this.#receiving || this.#sending) return;
    const next = this.#next;
    this.#next = null;
    if (next !== null) this.#send(next.datagram, next.to);
    else if (this.#wanted) this.#receive();
  }

  #receive(): void {
    this.#receiving = true;
    this.#conn.receive(new Uint8Array(this.#spaceSize)).then(([datagram, { path }]) => {
      this.#receiving = false;
      if (this.#closed) return this.#sink?.released();
      // The datagram is copied by slice(), because a view would keep the whole receive buffer in
      // memory.
      const from = new UNIXAddress(path ?? "");
      if (!this.#isToken(datagram, path)) this.#sink?.received(datagram.slice(), from);
      this.#proceed();
    }, (error: unknown) => {
      this.#receiving = false;
      if (this.#closed) return this.#sink?.released();
      this.#sink?.receiveFailed(asError(error));
      this.#retry = setTimeout(() => this.#proceed(), RETRY_MS);
    });
  }

  #isToken(datagram: Uint8Array, path: string | null): boolean {
    return path === null && datagram.length === TOKEN_LENGTH &&
      datagram.every((byte, i) => byte === this.#token[i]);
  }

  /** Sends a token, which completes the pending receive, unless a token has already been sent. */
  #wake(): void {
    const path = this.#path;
    if (this.#waking || this.#waker === null || path === null) return;
    this.#waking = true;
    this.#waker.send(this.#token, { transport: "unixpacket", path }).then(() => {
      this.#waking = false;
    }, (error: unknown) => {
      this.#waking = false;
      const next = this.#next;
      this.#next = null;
      if (next !== null && !this.#closed) {
        this.#sink?.sent(unixSendError(error, next.to, next.datagram.length));
      }
    });
  }

  #send(datagram: Uint8Array, to: IUNIXAddress): void {
    this.#sending = true;
    let isReported = false;
    const report = (error: DatagramError | null): void => {
      if (isReported) return;
      isReported = true;
      clearTimeout(timeout);
      this.#sink?.sent(error);
    };
    // Two timers of half the time replace one timer. If the program was busy for the whole time,
    // Deno can report a completed send between the two, before the timeout counts as reached.
    let timeout = setTimeout(() => {
      timeout = setTimeout(() => report(sendTimedOut(to)), SEND_TIMEOUT_MS / 2);
    }, SEND_TIMEOUT_MS / 2);
    const done = (error: DatagramError | null): void => {
      this.#sending = false;
      report(error);
      this.#proceed();
    };
    this.#conn.send(datagram, { transport: "unixpacket", path: to.name })
      .then(() => done(null), (error: unknown) => done(unixSendError(error, to, datagram.length)));
  }
}

function sendTimedOut(to: IUNIXAddress): DatagramError {
  return new DatagramError(`Cannot send to ${to}: the receiver does not read`, {
    code: "EAGAIN",
    syscall: "send",
    address: String(to),
  });
}
