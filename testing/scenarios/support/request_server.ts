/**
 * The server of the scenarios of request queues.
 *
 * @module
 */

import { LineOnlyReceiver } from "../../../protocol/mod.ts";
import type { SimulatedHost } from "../../simulation/mod.ts";
import { OwnCalls } from "./own_calls.ts";
import { numberIn, PING, type RequestWorld } from "./request_world.ts";

/** The seconds of the slowest answer. */
export const SLOWEST = 2.5;

/** The server: it answers late, in order or not, and refuses some requests. */
export class Server extends LineOnlyReceiver {
  readonly #host: SimulatedHost;
  readonly #world: RequestWorld;
  readonly #own: OwnCalls;
  /** The lines whose answers are due, if they must be in order. */
  readonly #due: string[] = [];
  #unanswered = 0;
  #last = 0;
  #isLost = false;

  constructor(host: SimulatedHost, world: RequestWorld) {
    super();
    this.#host = host;
    this.#world = world;
    this.#own = new OwnCalls(host.reactor);
  }

  override textReceived(line: string): void {
    this.#check(numberIn(line));
    this.#unanswered++;
    if (!this.#world.queue.isOrdered) this.#own.later(this.#delay(), () => this.#answer(line));
    else if (this.#due.push(line) === 1) this.#answerNext();
  }

  override connectionLost(): void {
    this.#isLost = true;
  }

  #check(number: number): void {
    const { network, served, asked, queue } = this.#world;
    if (number === PING) return;
    if (served.has(number)) network.fail("a request was sent twice");
    if (number <= this.#last) network.fail("a request has overtaken another one");
    served.add(number);
    this.#last = number;
    // A queue with ids forgets the requests that it abandons, and sends others.
    const limit = asked[number]?.maxInFlight ?? 0;
    if (queue.isOrdered && this.#unanswered >= limit) {
      network.fail("more requests are in flight than maxInFlight allows");
    }
  }

  #answerNext(): void {
    this.#own.later(this.#delay(), () => {
      const line = this.#due.shift();
      if (line !== undefined) this.#answer(line);
      if (this.#due.length > 0) this.#answerNext();
    });
  }

  #answer(line: string): void {
    if (this.#isLost) return;
    this.#unanswered--;
    const isRefused = this.#host.random.below(10) === 0 && numberIn(line) !== PING;
    this.sendLine(`${isRefused ? "-" : "+"}${line}`);
  }

  #delay(): number {
    const { random } = this.#host;
    const chance = random.below(100);
    if (chance < 80 || this.#world.isHealed) return random.below(100) / 1000;
    return chance < 95 ? random.below(1000) / 1000 : SLOWEST;
  }
}
