/**
 * A socket that connects.
 *
 * `connect` of a non-blocking socket returns at once (`EINPROGRESS`). When the attempt is over, the
 * socket is writable, and its option `SO_ERROR` has the result (connect(2)).
 *
 * @module
 */

import type { DialSink } from "../../stream/dial.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import { EALREADY, EINPROGRESS, EINTR, EISCONN } from "./constants.ts";
import { Descriptor } from "./descriptor.ts";
import type { Poller, Released } from "./poller.ts";
import type { SocketAddress } from "./socket_address.ts";
import { takeError } from "./socket_calls.ts";

// A signal does not stop an attempt, but only the wait for it (connect(2)).
const STARTED: ReadonlySet<number> = new Set([EALREADY, EINPROGRESS, EINTR, EISCONN]);

/** The steps of one kind of connection attempt. */
export interface DialSteps {
  /** Creates the driver of the connection, which owns the descriptor. */
  driverFor(fd: number): StreamDriver;
  /** Returns the error for the connector. */
  errorFor(failure: unknown): Error;
}

/** One attempt to connect, until it succeeds, fails or is cancelled. */
export class DialingSocket extends Descriptor implements Released {
  readonly #sink: DialSink;
  readonly #steps: DialSteps;

  /**
   * Takes ownership of a new socket.
   *
   * @param poller The poller of the reactor.
   * @param fd The socket.
   * @param sink The receiver of the outcome.
   * @param steps The steps of this kind of attempt.
   */
  constructor(poller: Poller, fd: number, sink: DialSink, steps: DialSteps) {
    super(poller, fd);
    this.#sink = sink;
    this.#steps = steps;
  }

  /**
   * Starts to connect. The outcome is reported after this call.
   *
   * @throws {SystemFailure} If the system refuses at once. The owner then cancels the attempt.
   */
  connect({ bytes }: SocketAddress): void {
    const { system } = this.poller;
    const isStarted = (): boolean =>
      system.calls.connect(this.fd, bytes, bytes.length) === 0 || STARTED.has(system.errno);
    // Between the call and the reading of errno, the engine may make system calls of its own, which
    // change errno; this was seen once in many thousand attempts. So a failure counts only if a
    // second call fails as well: after a first one that has started, it says so.
    if (!isStarted() && !isStarted()) throw system.failure("connect");
    // A socket that is connected already is writable, too.
    this.watchOut();
  }

  override ready(): void {
    const { system } = this.poller;
    const errno = takeError(system, this.fd);
    if (errno !== 0) {
      this.closeDescriptor(this);
      this.#sink.failed(this.#steps.errorFor(system.failure("connect", errno)));
      return;
    }
    const driver = this.#handOver();
    if (driver !== null) this.#sink.connected(driver);
    this.#sink.released();
  }

  /** Returns the driver of the connection; `null` if there is none, which is reported. */
  #handOver(): StreamDriver | null {
    const { poller } = this;
    const fd = this.detach();
    try {
      return this.#steps.driverFor(fd);
    } catch (failure) {
      poller.system.calls.close(fd);
      this.#sink.failed(this.#steps.errorFor(failure));
      return null;
    } finally {
      // The driver holds the poller before this socket releases it.
      poller.release();
    }
  }

  /** Closes the socket. Only `released` of the sink follows. */
  cancel(): void {
    this.closeDescriptor(this);
  }

  /** Closes the socket of an attempt that could not be started. The sink is not notified. */
  giveUp(): void {
    this.closeDescriptor({ released: () => {} });
  }

  /** Called by the poller when the descriptor has been closed. */
  released(): void {
    this.#sink.released();
  }
}
