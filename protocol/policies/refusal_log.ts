import { FailureCounter } from "../../log/failure_counter.ts";
import { msg } from "../../log/mod.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";

/**
 * Logs that a policy has refused connections: the first, the tenth, the hundredth, and so on,
 * because any peer can cause it.
 */
export class RefusalLog {
  readonly #counter = new FailureCounter();

  /**
   * Counts a refused connection.
   *
   * @param addr The peer's address.
   * @param why The reason.
   */
  refused(addr: Address, why: string): void {
    if (this.#counter.add()) msg(`Refused a connection from ${addr}: ${why}${this.#counter}`);
  }
}
