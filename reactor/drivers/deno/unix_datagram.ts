/**
 * UNIX datagrams by `Deno.listenDatagram`, which is there under `--unstable-net` only.
 *
 * What Deno 2.9.6 does, and what is made of it here:
 *
 * - A socket that is being received from cannot be sent on (`Busy`), and a receive cannot be taken
 *   back. So before a datagram is sent, a second socket wakes the receive with a datagram of its
 *   own, known by a random token, as a pipe to itself once woke a select(2).
 * - A send waits for as long as its receiver does not read, and can be neither taken back nor seen
 *   to wait. One that has not been taken after 0.1 s is given up, and those behind it at once, as
 *   Twisted drops what finds no room. It may still arrive. While it waits, nothing can be received;
 *   and the process waits for it, unless it is ended by `Deno.exit`.
 * - A receive cannot be unref'd: a port that is open holds the process, after a crash of the
 *   reactor too.
 * - The socket's file stays behind when the socket closes. It is removed here, unless another file
 *   has taken its path.
 *
 * @module
 */

import { UNIXAddress } from "../../addresses.ts";
import type { DatagramDriver, DatagramDriverSink } from "../../datagram/datagram_driver.ts";
import { ConnectError, DatagramError, MessageLengthError, UnsupportedError } from "../../errors.ts";
import type { IUNIXAddress } from "../../interfaces/mod.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { cannotListen, codeOf } from "./system_error.ts";
import { SocketFile } from "./unix_file.ts";
import { bindWithMode } from "./unix_mode.ts";
import { absolutePath, checkPathLength, isAbstract } from "./unix_path.ts";

// Far more than a receiver takes that reads, far less than anyone waits for a shutdown.
const GIVE_UP_MS = 100;
// Asking at once again would only spin.
const RETRY_MS = 100;
const TOKEN_LENGTH = 16;

/**
 * What of Deno's unstable `DatagramConn` is used here; `deno check` knows it under the flag only.
 */
interface UnixDatagramConn {
  receive(space: Uint8Array): Promise<[Uint8Array, { path: string | null }]>;
  send(datagram: Uint8Array, to: { transport: "unixpacket"; path: string }): Promise<number>;
  close(): void;
}

/** Opens a socket; one without a path can send only. */
type ListenDatagram = (options: { transport: "unixpacket"; path?: string }) => UnixDatagramConn;

/**
 * `Deno.listenDatagram`, if it is there.
 *
 * @throws {UnsupportedError} when it is not.
 */
function listenDatagram(): ListenDatagram {
  // Read as a property of unknown type: Deno's types have it only with the library of unstable
  // APIs.
  const listen: unknown = Reflect.get(Deno, "listenDatagram");
  // Deno's own type of it, narrowed to this transport.
  if (typeof listen === "function") return listen as ListenDatagram;
  throw new UnsupportedError(
    "UNIX datagrams need Deno.listenDatagram, which is there under a flag only: run with --unstable-net",
  );
}

/**
 * Throws unless UNIX datagrams can be had.
 *
 * @throws {UnsupportedError} when Deno runs without `--unstable-net`.
 */
export function checkUNIXDatagrams(): void {
  listenDatagram();
}

/**
 * Binds a UNIX datagram socket.
 *
 * @param path Its path, or an abstract name; null for one that only sends.
 * @param mode The mode of its file.
 * @param maxPacketSize Bytes of the largest datagram that is of use.
 * @throws {CannotListenError} when the path cannot be had.
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
 * Throws unless something is at the path. Where Deno does not let it look, it does not.
 *
 * @throws {ConnectError} when nothing is there.
 */
export function checkUNIXPeer(path: string): void {
  if (isAbstract(path)) return;
  try {
    Deno.lstatSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) return;
    throw new ConnectError(`Cannot connect to ${path}: ${asError(cause).message}`, {
      code: codeOf(cause),
      syscall: "connect",
      address: path,
      cause,
    });
  }
}

/** A driver over a socket of Deno's. */
class UNIXDatagramDriver implements DatagramDriver<IUNIXAddress> {
  readonly address: IUNIXAddress;
  readonly #path: string | null;
  readonly #conn: UnixDatagramConn;
  readonly #file: SocketFile | null = null;
  /** What wakes a receive. */
  readonly #waker: UnixDatagramConn | null;
  readonly #token = crypto.getRandomValues(new Uint8Array(TOKEN_LENGTH));
  readonly #spaceSize: number;
  #sink: DatagramDriverSink<IUNIXAddress> | null = null;
  #wanted = false;
  #receiving = false;
  #waking = false;
  /** What is to be sent when the receive has been woken. */
  #next: { datagram: Uint8Array; to: IUNIXAddress } | null = null;
  #sending = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(listen: ListenDatagram, path: string | null, maxPacketSize: number) {
    this.#path = path;
    this.address = new UNIXAddress(path ?? "");
    // One byte more than is of use tells a longer datagram.
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
    this.#goOn();
  }

  send(datagram: Uint8Array, to: IUNIXAddress): void {
    if (this.#sending) {
      // One that was given up is in the way.
      this.#sink?.sent(notTaken(to));
      return;
    }
    this.#next = { datagram: datagram.slice(), to };
    if (this.#receiving) this.#wake();
    else this.#goOn();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    // While the socket is open, no other file can have its number.
    this.#file?.remove();
    this.#conn.close();
    this.#waker?.close();
    if (!this.#receiving) queueMicrotask(() => this.#sink?.released());
  }

  /** Does nothing: Deno cannot do it. */
  unref(): void {}

  /** Sends what is to be sent, else receives. */
  #goOn(): void {
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
      // What is kept is as long as it is.
      const from = new UNIXAddress(path ?? "");
      if (!this.#isToken(datagram, path)) this.#sink?.received(datagram.slice(), from);
      this.#goOn();
    }, (error: unknown) => {
      this.#receiving = false;
      if (this.#closed) return this.#sink?.released();
      this.#sink?.receiveFailed(asError(error));
      this.#retry = setTimeout(() => this.#goOn(), RETRY_MS);
    });
  }

  #isToken(datagram: Uint8Array, path: string | null): boolean {
    return path === null && datagram.length === TOKEN_LENGTH &&
      datagram.every((byte, i) => byte === this.#token[i]);
  }

  /**
   * Ends the receive that is under way. One that has been sent for that and has not come yet will
   * do.
   */
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
      if (next !== null && !this.#closed) this.#sink?.sent(sendError(error, next));
    });
  }

  #send(datagram: Uint8Array, to: IUNIXAddress): void {
    this.#sending = true;
    let isTold = false;
    const tell = (error: DatagramError | null): void => {
      if (isTold) return;
      isTold = true;
      clearTimeout(givingUp);
      this.#sink?.sent(error);
    };
    // In two halves: a program that was busy for all of that time looks at what has been taken
    // before the second one.
    let givingUp = setTimeout(() => {
      givingUp = setTimeout(() => tell(notTaken(to)), GIVE_UP_MS / 2);
    }, GIVE_UP_MS / 2);
    const done = (error: DatagramError | null): void => {
      this.#sending = false;
      tell(error);
      this.#goOn();
    };
    this.#conn.send(datagram, { transport: "unixpacket", path: to.name })
      .then(() => done(null), (error: unknown) => done(sendError(error, { datagram, to })));
  }
}

function notTaken(to: IUNIXAddress): DatagramError {
  return new DatagramError(`Cannot send to ${to}: it does not read`, {
    code: "EAGAIN",
    syscall: "send",
    address: String(to),
  });
}

function sendError(
  cause: unknown,
  { datagram, to }: { datagram: Uint8Array; to: IUNIXAddress },
): DatagramError {
  const address = String(to);
  const details = { code: codeOf(cause), syscall: "send", address, cause };
  const { message } = asError(cause);
  switch (details.code) {
    case "EMSGSIZE":
      return new MessageLengthError(
        `Cannot send ${datagram.length} bytes to ${to}: ${message}`,
        details,
      );
    case "ENOENT":
      // Its file has been removed: nobody listens there either.
      return new DatagramError(`Cannot send to ${to}: ${message}`, {
        ...details,
        code: "ECONNREFUSED",
      });
    default:
      return new DatagramError(`Cannot send to ${to}: ${message}`, details);
  }
}
