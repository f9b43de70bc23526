import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { Protocol } from "../protocol.ts";

/**
 * Sends a quote of the day and closes the connection (RFC 865). Twisted's `QOTD`.
 *
 * @typeParam F The factory.
 *
 * @example
 * ```ts
 * import { QOTD } from "@torsion/reactor/wire";
 *
 * class Motto extends QOTD {
 *   override getQuote() {
 *     return "Festina lente.\r\n";
 *   }
 * }
 * ```
 */
export class QOTD<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F> {
  /** Sends the quote, and closes the connection. */
  override connectionMade(): void {
    this.transport.write(this.getQuote());
    this.transport.loseConnection();
  }

  /** Returns the quote. Override it for another one. */
  getQuote(): Uint8Array | string {
    return "An apple a day keeps the doctor away.\r\n";
  }
}
