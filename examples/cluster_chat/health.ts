/** What a node reports to HAProxy, which asks it again and again on a port of its own. */

import {
  type Address,
  Deferred,
  type IReactorTime,
  log,
  Protocol,
  ServerFactory,
} from "@torsion/reactor";

/** Answers one question, in the words of HAProxy's `agent-check`. */
class Answer extends Protocol {
  readonly #text: string;
  readonly #read: () => void;

  constructor(text: string, read: () => void) {
    super();
    this.#text = text;
    this.#read = read;
  }

  override connectionMade(): void {
    this.transport.write(`${this.#text}\n`);
    this.transport.loseConnection();
  }

  override connectionLost(): void {
    this.#read();
  }
}

/** Answers `ready`, and `drain` before the node stops: HAProxy then sends no new clients. */
export class Health extends ServerFactory<Answer> {
  /** The hosts of the balancers that believe that the node is ready. */
  readonly #balancers = new Set<string>();
  #left: Deferred<void> | null = null;

  override buildProtocol(addr: Address): Answer {
    const host = "host" in addr ? addr.host : `${addr}`;
    if (this.#left === null) {
      if (!this.#balancers.has(host)) log.msg(`The balancer on ${host} asks for the first time`);
      this.#balancers.add(host);
      return new Answer("ready up", () => {});
    }
    return new Answer("drain", () => {
      this.#balancers.delete(host);
      this.#fireIfLeft();
    });
  }

  /**
   * Answers `drain` from now on.
   *
   * @param timeout Seconds until the node stops waiting for a balancer that does not ask.
   * @returns A Deferred that fires when all balancers have read the answer, and after the timeout.
   */
  leave(clock: IReactorTime, timeout: number): Deferred<void> {
    this.#left = new Deferred<void>();
    const left = this.#left.addTimeout(timeout, clock, () => {});
    this.#fireIfLeft();
    return left;
  }

  #fireIfLeft(): void {
    if (this.#balancers.size === 0 && this.#left?.called === false) this.#left.callback();
  }
}
