import type { IProtocolFactory, IPullProducer } from "../../reactor/interfaces/mod.ts";
import { Protocol } from "../protocol.ts";

/**
 * Sends characters without end, as fast as the peer reads them (RFC 864). Twisted's `Chargen` sends
 * the same text.
 *
 * @typeParam F The factory.
 *
 * @example Another text
 * ```ts
 * import { Chargen } from "@torsion/reactor/wire";
 *
 * class Hello extends Chargen {
 *   override noise = "hello ";
 * }
 * ```
 */
export class Chargen<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F>
  implements IPullProducer {
  /** The text that is repeated. */
  noise: Uint8Array | string =
    '@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ !"#$%&?';

  /** Starts to send the text, for as long as the peer reads. */
  override connectionMade(): void {
    this.transport.registerProducer(this, false);
  }

  /** Sends the text once more. Called by the transport. */
  resumeProducing(): void {
    this.transport.write(this.noise);
  }

  /** Called by the transport when the connection is lost. */
  stopProducing(): void {}
}
