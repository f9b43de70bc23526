/**
 * UNIX stream sockets by `Deno.listen` and `Deno.connect`.
 *
 * @module
 */

import { UNIXAddress } from "../../addresses.ts";
import type { Dial, DialSink } from "../../stream/dial.ts";
import { BadFileError, ConnectError } from "../../errors.ts";
import type { IDelayedCall, IReactorTime, IUNIXAddress } from "../../interfaces/mod.ts";
import { addressOf } from "./address_of.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { ConnDriver } from "./conn_driver.ts";
import { ListenerAcceptor } from "./listener_acceptor.ts";
import { lockHolder, PIDLock } from "./pid_lock.ts";
import { cannotListen, codeOf, connectError } from "./system_error.ts";
import { UnixListener } from "./unix_listener.ts";
import { bindWithMode } from "./unix_mode.ts";
import { checkPathLength, isAbstract } from "./unix_path.ts";
import { removeStaleSocket } from "./unix_stale.ts";

// A server that has not accepted for so long that its queue is full is not waiting for the next
// attempt.
const RETRY_SECONDS = 0.05;

/**
 * Binds a UNIX socket.
 *
 * @param path The path, or an abstract name.
 * @param mode The mode of its file.
 * @param wantPID Whether to hold the lock while it is bound.
 * @throws {CannotListenError} when the path cannot be had.
 */
export function bindUNIX(
  path: string,
  mode: number,
  wantPID: boolean,
): StreamAcceptor<IUNIXAddress> {
  const lock = wantPID ? taking(path, () => new PIDLock(lockPath(path))) : null;
  try {
    const listener = taking(path, () => withFile(listen(path, mode), path, lock));
    return new ListenerAcceptor(listener, addressOf(listener.addr), (conn) => new ConnDriver(conn));
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/**
 * A dial to a UNIX socket. Deno's cannot be ended, but never takes long: what comes of one that was
 * given up is closed.
 *
 * @param timers What it waits with while the server's queue is full.
 * @param path The path, or an abstract name.
 * @param checkPID Whether the server has to hold its lock.
 */
export function dialUNIX(
  timers: Pick<IReactorTime, "callLater">,
  path: string,
  checkPID: boolean,
): Dial {
  return (sink) => {
    const dialing = new UNIXDial(timers, sink, path, checkPID);
    dialing.start();
    return () => dialing.cancel();
  };
}

/** One attempt, for as long as the server's queue is full. */
class UNIXDial {
  readonly #timers: Pick<IReactorTime, "callLater">;
  readonly #sink: DialSink;
  readonly #path: string;
  readonly #checkPID: boolean;
  #cancelled = false;
  #retry: IDelayedCall | null = null;

  constructor(
    timers: Pick<IReactorTime, "callLater">,
    sink: DialSink,
    path: string,
    checkPID: boolean,
  ) {
    this.#timers = timers;
    this.#sink = sink;
    this.#path = path;
    this.#checkPID = checkPID;
  }

  start(): void {
    this.#connect().then((conn) => {
      // A connector that has given up aborts it.
      this.#sink.connected(new ConnDriver(conn));
      this.#sink.released();
    }, (error: unknown) => this.#failed(error));
  }

  cancel(): void {
    this.#cancelled = true;
    if (this.#retry === null) return;
    this.#retry.cancel();
    this.#sink.released();
  }

  async #connect(): Promise<Deno.UnixConn> {
    checkPathLength(this.#path);
    if (this.#checkPID) checkLock(this.#path);
    return await Deno.connect({ transport: "unix", path: this.#path });
  }

  #failed(error: unknown): void {
    if (codeOf(error) === "EAGAIN" && !this.#cancelled) {
      // Where TCP would keep silent, and a blocking connect(2) wait.
      this.#retry = this.#timers.callLater(RETRY_SECONDS, () => {
        this.#retry = null;
        this.start();
      });
      return;
    }
    this.#sink.failed(
      error instanceof ConnectError ? error : connectError(new UNIXAddress(this.#path), error),
    );
    this.#sink.released();
  }
}

/** Binds. A socket's file that nobody listens on makes way. */
function listen(path: string, mode: number): Deno.UnixListener {
  checkPathLength(path);
  const bind = () => bindWithMode(path, mode, () => Deno.listen({ transport: "unix", path }));
  try {
    return bind();
  } catch (error) {
    const inUse = codeOf(error) === "EADDRINUSE";
    if (!inUse || isAbstract(path) || !removeStaleSocket(path)) throw error;
    return bind();
  }
}

/** The listener, with its file and its lock. */
function withFile(listener: Deno.UnixListener, path: string, lock: PIDLock | null): UnixListener {
  try {
    return new UnixListener(listener, path, lock);
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** @throws {BadFileError} unless a server holds its lock. */
function checkLock(path: string): void {
  if (lockHolder(lockPath(path)) !== null) return;
  throw new BadFileError(`Cannot connect to ${path}: nobody holds ${lockPath(path)}`, {
    syscall: "readlink",
    address: path,
  });
}

function lockPath(path: string): string {
  return `${path}.lock`;
}

/** Says of whatever goes wrong which path it was about. */
function taking<T>(path: string, f: () => T): T {
  try {
    return f();
  } catch (error) {
    throw cannotListen(new UNIXAddress(path), error);
  }
}
