/**
 * Listening sockets that other processes accept from.
 *
 * @module
 */

import { checkInteger, checkString } from "../../../internal/validation.ts";
import { internetAddress } from "../../addresses.ts";
import type { IInternetAddress, ListenTCPOptions } from "../../interfaces/mod.ts";
import { cannotListen } from "../../stream/system_error.ts";
import { F_SETFD } from "./constants.ts";
import type { Poller } from "./poller.ts";
import { decodeTCP } from "./socket_address.ts";
import { localAddress } from "./socket_calls.ts";
import { checkEpollOptions, type EpollListenOptions } from "./socket_options.ts";
import { listenOnTCP } from "./tcp.ts";

/** Options of `EpollReactor.openListeningSocket`. */
export interface ListeningSocketOptions
  extends EpollListenOptions, Pick<ListenTCPOptions, "backlog" | "interface"> {}

/**
 * A listening socket from which this process does not accept. Connections wait in its backlog until
 * another process accepts them. Each process that is started while the socket is open inherits it
 * under the same number, and passes the number to `adoptStreamPort` or an
 * `AdoptedStreamServerEndpoint`.
 */
export class ListeningSocket implements Disposable {
  /** The number of the file descriptor, in this process and in those that it starts. */
  readonly descriptor: number;
  /** The address on which the socket listens. */
  readonly address: IInternetAddress;
  readonly #poller: Poller;
  #isClosed = false;

  /**
   * Created by `EpollReactor.openListeningSocket`. Takes ownership of the descriptor, unless it
   * throws.
   *
   * @param poller The poller of the reactor, which is held.
   * @param descriptor The descriptor.
   */
  constructor(poller: Poller, descriptor: number) {
    this.#poller = poller;
    this.descriptor = descriptor;
    this.address = decodeTCP(poller.system, localAddress(poller.system, descriptor));
    poller.hold();
  }

  /** Closes the socket of this process. Those of other processes stay open. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#poller.system.calls.close(this.descriptor);
    this.#poller.release();
  }

  /** Closes the socket, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens a listening socket.
 *
 * @throws {CannotListenError} If the address cannot be bound.
 * @throws {RangeError | TypeError} If an argument is out of range or has the wrong type.
 */
export function openListeningSocket(
  poller: Poller,
  port: number,
  { interface: host = "0.0.0.0", backlog = 511, ...options }: ListeningSocketOptions,
): ListeningSocket {
  checkInteger("openListeningSocket() port", port, 0, 65535);
  checkString("openListeningSocket() interface", host);
  checkInteger("openListeningSocket() backlog", backlog, 1, 65535);
  checkEpollOptions(options);
  try {
    return poller.using((system) =>
      listenOnTCP(system, { host, port, backlog }, options, (descriptor) => {
        // The flag FD_CLOEXEC, which is now cleared, would close the descriptor in other processes.
        // The option `childFDs` of `spawnProcess` must not pass the socket on: Deno clears
        // O_NONBLOCK of what it passes, for all processes, whose accept calls would then block
        // (checked on 2.9.6).
        system.checked("fcntl", system.calls.fcntl(descriptor, F_SETFD, 0));
        return new ListeningSocket(poller, descriptor);
      })
    );
  } catch (error) {
    throw cannotListen(internetAddress("TCP", host, port), error);
  }
}
