/**
 * UNIX stream sockets through `Deno.listen` and `Deno.connect`.
 *
 * @module
 */

import { codeOf } from "../../../internal/foreign_value.ts";
import { UNIXAddress } from "../../addresses.ts";
import type { Dial, DialSink } from "../../stream/dial.ts";
import { ConnectError } from "../../errors.ts";
import type { IDelayedCall, IReactorTime, IUNIXAddress } from "../../interfaces/mod.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { ConnDriver } from "./conn_driver.ts";
import { ListenerAcceptor } from "./listener_acceptor.ts";
import { PIDLock } from "./pid_lock.ts";
import { cannotListen, connectError } from "../../stream/system_error.ts";
import { UNIXListener } from "./unix_listener.ts";
import { bindWithMode } from "./unix_mode.ts";
import { isAbstract } from "../../stream/unix_path.ts";
import { checkServerLock, lockPath } from "./unix_lock.ts";
import { checkPathLength } from "./unix_path.ts";
import { removeStaleSocket } from "./unix_stale.ts";

// The pause in seconds before another attempt at a server whose queue is full. It is short, because
// the server frees a place with each connection that it accepts.
const RETRY_SECONDS = 0.05;

/**
 * Binds a UNIX socket.
 *
 * @param path The path, or an abstract name.
 * @param mode The mode of the socket's file.
 * @param wantPID Whether to hold the lock file while the socket is bound.
 * @throws {CannotListenError} If the path cannot be bound.
 */
export function bindUNIX(
  path: string,
  mode: number,
  wantPID: boolean,
): StreamAcceptor<IUNIXAddress> {
  const lock = wantPID ? orCannotListen(path, () => new PIDLock(lockPath(path))) : null;
  try {
    const listener = orCannotListen(path, () => withFile(listen(path, mode), path, lock));
    return new ListenerAcceptor(listener, new UNIXAddress(path), (conn) => new ConnDriver(conn));
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/**
 * Returns a dial to a UNIX socket. Deno cannot abort a connection attempt, but an attempt takes
 * little time; the connection of a cancelled one is closed.
 *
 * @param timers The clock of the retries while the server's queue is full.
 * @param path The path, or an abstract name.
 * @param checkPID Whether the server must hold its lock file.
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

/** A connection attempt, repeated while the server's queue is full. */
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
      // The connector may have cancelled the attempt meanwhile. It then aborts the connection that
      // it receives here.
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
    if (this.#checkPID) checkServerLock(this.#path);
    return await Deno.connect({ transport: "unix", path: this.#path });
  }

  #failed(error: unknown): void {
    if (codeOf(error) === "EAGAIN" && !this.#cancelled) {
      // EAGAIN means that the server's queue is full. The attempt is repeated after a pause,
      // because Deno does not wait for a free place as a blocking connect(2) does.
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

/** Binds and listens. The stale file of a server that no longer runs is removed. */
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

/** Returns the listener together with its file and its lock. */
function withFile(listener: Deno.UnixListener, path: string, lock: PIDLock | null): UNIXListener {
  try {
    return new UNIXListener(listener, path, lock);
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Wraps any error in a CannotListenError that names the path. */
function orCannotListen<T>(path: string, f: () => T): T {
  try {
    return f();
  } catch (error) {
    throw cannotListen(new UNIXAddress(path), error);
  }
}
