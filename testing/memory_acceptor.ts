import type { IInternetAddress } from "../reactor/interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../reactor/stream/stream_acceptor.ts";
import type { StreamDriver } from "../reactor/stream/stream_driver.ts";

/** An acceptor for connections in memory. Connections wait in it until the port accepts them. */
export class MemoryAcceptor implements StreamAcceptor<IInternetAddress> {
  readonly address: IInternetAddress;
  readonly #schedule: (step: () => void) => void;
  readonly #closed: () => void;
  #waiting: StreamDriver[] = [];
  #sink: StreamAcceptorSink | null = null;
  #isAccepting = false;
  #isClosed = false;

  /**
   * @param address The address of the port.
   * @param schedule Schedules a step.
   * @param closed Called when the address is free again.
   */
  constructor(
    address: IInternetAddress,
    schedule: (step: () => void) => void,
    closed: () => void,
  ) {
    this.address = address;
    this.#schedule = schedule;
    this.#closed = closed;
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(): void {
    this.#isAccepting = true;
    this.#deliver();
  }

  /** Adds a connection that a client has made. */
  connected(driver: StreamDriver): void {
    this.#waiting.push(driver);
    this.#deliver();
  }

  /** Closes the port. Connections that were not accepted are reset. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const driver of this.#waiting.splice(0)) driver.abort();
    this.#closed();
    this.#schedule(() => this.#sink?.released());
  }

  /** Does nothing: a port in memory does not keep the process alive. */
  unref(): void {}

  #deliver(): void {
    if (!this.#isAccepting || this.#waiting.length === 0) return;
    this.#schedule(() => {
      const driver = this.#isAccepting ? this.#waiting.shift() : undefined;
      if (driver === undefined) return;
      this.#isAccepting = false;
      this.#sink?.accepted(driver);
    });
  }
}
