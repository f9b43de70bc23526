/**
 * UNIX stream sockets.
 *
 * @module
 */

import { codeOf } from "../../../internal/foreign_value.ts";
import { UNIXAddress } from "../../addresses.ts";
import { ConnectError } from "../../errors.ts";
import type { IDelayedCall, IReactorTime, IUNIXAddress } from "../../interfaces/mod.ts";
import type { Dial, DialSink } from "../../stream/dial.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { cannotListen, connectError } from "../../stream/system_error.ts";
import { PIDLock } from "../deno/pid_lock.ts";
import { checkServerLock, lockPath } from "../deno/unix_lock.ts";
import { checkPathLength } from "../deno/unix_path.ts";
import { AF_UNIX, ECONNREFUSED, SOCK_STREAM } from "./constants.ts";
import { DialingSocket } from "./dialing_socket.ts";
import { checkUNIXAccess } from "./permissions.ts";
import type { Poller } from "./poller.ts";
import { SocketAcceptor } from "./socket_acceptor.ts";
import { decodeUNIX, encodeUNIX } from "./socket_address.ts";
import { localAddress, openSocket, withSocket } from "./socket_calls.ts";
import type { SystemCalls } from "./system_calls.ts";
import { bindUNIXPath } from "./unix_binding.ts";
import { UNIXSocket } from "./unix_socket.ts";

// The pause in seconds before another attempt at a server whose queue is full. It is short, because
// the server frees a place with each connection that it accepts.
const RETRY_SECONDS = 0.05;

/**
 * Binds a UNIX socket.
 *
 * @param poller The poller of the reactor.
 * @param path The path, or an abstract name.
 * @param backlog The number of connections that may wait to be accepted.
 * @param mode The mode of the socket's file.
 * @param wantPID Whether to hold the lock file while the socket is bound.
 * @throws {CannotListenError} If the path cannot be bound.
 */
export function bindUNIX(
  poller: Poller,
  path: string,
  backlog: number,
  mode: number,
  wantPID: boolean,
): StreamAcceptor<IUNIXAddress> {
  let lock: PIDLock | null = null;
  try {
    checkPathLength(path);
    checkUNIXAccess(path);
    lock = wantPID ? new PIDLock(lockPath(path)) : null;
    return poller.using((system) =>
      withSocket(system, AF_UNIX, SOCK_STREAM, (fd) => {
        const isRefused = (stale: string): boolean => connectionIsRefused(system, stale);
        const file = bindUNIXPath(system, fd, path, mode, isRefused);
        try {
          system.checked("listen", system.calls.listen(fd, backlog));
          return unixAcceptor(poller, fd, new UNIXAddress(path), () => {
            // The file is removed while the socket is open: until then, no other file can have its
            // inode number.
            file?.remove();
            lock?.release();
          });
        } catch (error) {
          file?.remove();
          throw error;
        }
      })
    );
  } catch (error) {
    lock?.release();
    throw cannotListen(new UNIXAddress(path), error);
  }
}

/**
 * Returns the acceptor of a listening UNIX socket.
 *
 * @param poller The poller of the reactor.
 * @param fd The socket, which the acceptor closes.
 * @param address The address to which it is bound.
 * @param onClose Called before the socket is closed.
 */
export function unixAcceptor(
  poller: Poller,
  fd: number,
  address: IUNIXAddress,
  onClose?: () => void,
): SocketAcceptor<IUNIXAddress> {
  return new SocketAcceptor(
    poller,
    fd,
    address,
    (accepted, peer) => new UNIXSocket(poller, accepted, decodeUNIX(peer), address),
    onClose,
  );
}

/** Returns whether no process listens on a socket's file. */
function connectionIsRefused(system: SystemCalls, path: string): boolean {
  const fd = openSocket(system, AF_UNIX, SOCK_STREAM);
  const { bytes } = encodeUNIX(path);
  const result = system.calls.connect(fd, bytes, bytes.length);
  const isRefused = result < 0 && system.errno === ECONNREFUSED;
  system.calls.close(fd);
  return isRefused;
}

/**
 * Returns a dial to a UNIX socket.
 *
 * @param poller The poller of the reactor.
 * @param clock The clock of the retries while the server's queue is full.
 * @param path The path, or an abstract name.
 * @param checkPID Whether the server must hold its lock file.
 */
export function dialUNIX(
  poller: Poller,
  clock: Pick<IReactorTime, "callLater">,
  path: string,
  checkPID: boolean,
): Dial {
  return (sink) => {
    const dialing = new UNIXDial(poller, clock, sink, path, checkPID);
    queueMicrotask(() => dialing.start());
    return () => dialing.cancel();
  };
}

/** A connection attempt, repeated while the server's queue is full. */
class UNIXDial {
  readonly #poller: Poller;
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #sink: DialSink;
  readonly #path: string;
  readonly #checkPID: boolean;
  #isCancelled = false;
  #retry: IDelayedCall | null = null;
  #dialing: DialingSocket | null = null;

  constructor(
    poller: Poller,
    clock: Pick<IReactorTime, "callLater">,
    sink: DialSink,
    path: string,
    checkPID: boolean,
  ) {
    this.#poller = poller;
    this.#clock = clock;
    this.#sink = sink;
    this.#path = path;
    this.#checkPID = checkPID;
  }

  start(): void {
    if (this.#isCancelled) return this.#sink.released();
    const path = this.#path;
    try {
      checkPathLength(path);
      checkUNIXAccess(path);
      if (this.#checkPID) checkServerLock(path);
      this.#poller.using((system) => this.#connect(openSocket(system, AF_UNIX, SOCK_STREAM)));
    } catch (error) {
      this.#failed(error);
    }
  }

  cancel(): void {
    this.#isCancelled = true;
    if (this.#dialing !== null) {
      this.#dialing.cancel();
    } else if (this.#retry !== null) {
      this.#retry.cancel();
      this.#sink.released();
    }
  }

  #connect(fd: number): void {
    const destination = new UNIXAddress(this.#path);
    const dialing = new DialingSocket(this.#poller, fd, this.#sink, {
      driverFor: (connected) => {
        this.#dialing = null;
        const host = decodeUNIX(localAddress(this.#poller.system, connected));
        return new UNIXSocket(this.#poller, connected, destination, host);
      },
      errorFor: (failure) => connectError(destination, failure),
    });
    try {
      dialing.connect(encodeUNIX(this.#path));
    } catch (failure) {
      dialing.giveUp();
      throw failure;
    }
    this.#dialing = dialing;
  }

  #failed(error: unknown): void {
    if (codeOf(error) === "EAGAIN") {
      // The server's queue is full. The attempt is repeated after a pause, because the system
      // does not report when a place is free.
      this.#retry = this.#clock.callLater(RETRY_SECONDS, () => {
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
