import { UNIXAddress } from "../../addresses.ts";
import { BadFileError } from "../../errors.ts";
import type { IUNIXAddress } from "../../interfaces/mod.ts";
import type { Dial } from "../../stream/dial.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { cannotListen, errorWithCode } from "../../stream/system_error.ts";
import { MemoryAcceptor } from "./memory_acceptor.ts";
import { memoryDial, type MemoryRoute, refusal } from "./memory_dial.ts";
import { memoryPipe, type Schedule } from "./memory_driver.ts";

/** A listening socket. */
interface ListeningPath {
  readonly acceptor: MemoryAcceptor<IUNIXAddress>;
  /** Whether it holds its lock file. */
  readonly isLocked: boolean;
}

/** The stream sockets of one machine that have paths, in memory. */
export class MemoryUNIXNetwork {
  readonly #options: { capacity: number | undefined; chunkSize: number | undefined };
  readonly #listening = new Map<string, ListeningPath>();
  readonly #stale = new Set<string>();
  /** The number of open connections, including those that are not accepted yet. */
  connectionCount = 0;

  /** @param options The limits of the connections. */
  constructor(options: { capacity: number | undefined; chunkSize: number | undefined }) {
    this.#options = options;
  }

  /** Returns the addresses of the listening sockets. */
  addresses(): IUNIXAddress[] {
    return [...this.#listening.values()].map(({ acceptor }) => acceptor.address);
  }

  /** Leaves the file of a socket whose server was killed. */
  leaveStale(path: string): void {
    this.#stale.add(path);
  }

  /**
   * Binds a listening socket.
   *
   * @param path The path, or an abstract name.
   * @param backlog The number of connections that may wait to be accepted.
   * @param wantPID Whether to hold the lock file while the socket is bound.
   * @param schedule Runs the steps of the socket.
   * @throws {CannotListenError} If the path is in use.
   */
  bind(
    path: string,
    backlog: number,
    wantPID: boolean,
    schedule: Schedule,
  ): StreamAcceptor<IUNIXAddress> {
    const address = new UNIXAddress(path);
    if (this.#listening.has(path)) {
      throw cannotListen(address, errorWithCode("EADDRINUSE", "the address is in use"));
    }
    const closed = () => this.#listening.delete(path);
    const acceptor = new MemoryAcceptor(address, backlog, schedule, closed);
    this.#listening.set(path, { acceptor, isLocked: wantPID });
    this.#stale.delete(path);
    return acceptor;
  }

  /**
   * Returns a dial.
   *
   * @param path The path, or an abstract name.
   * @param checkPID Whether the server must hold its lock file.
   * @param schedule Runs the steps of the client.
   */
  dial(path: string, checkPID: boolean, schedule: Schedule): Dial {
    return memoryDial(
      new UNIXAddress(path),
      schedule,
      () => this.#route(path, checkPID, schedule),
    );
  }

  #route(path: string, checkPID: boolean, schedule: Schedule): MemoryRoute {
    const listening = this.#listening.get(path);
    if (checkPID && !listening?.isLocked) {
      const lock = `${path}.lock`;
      throw new BadFileError(`Cannot connect to ${path}: no process holds the lock ${lock}`, {
        syscall: "readlink",
        address: path,
      });
    }
    if (listening === undefined) {
      if (this.#stale.has(path) || path.startsWith("\0")) throw refusal();
      throw errorWithCode("ENOENT", "there is no such file");
    }
    return {
      acceptor: listening.acceptor,
      release: () => {},
      open: (server) => {
        this.connectionCount++;
        return memoryPipe({
          ...this.#options,
          schedule: [schedule, server],
          addresses: [new UNIXAddress(""), new UNIXAddress(path)],
          released: () => this.connectionCount--,
        });
      },
    };
  }
}
