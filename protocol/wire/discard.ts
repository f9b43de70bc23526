import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { Protocol } from "../protocol.ts";

/**
 * Discards what it receives (RFC 863). Twisted's `Discard`.
 *
 * @typeParam F The factory.
 *
 * @example
 * ```ts
 * import { Factory } from "@torsion/reactor/protocol";
 * import { Discard } from "@torsion/reactor/wire";
 *
 * const factory = Factory.forProtocol(Discard);
 * ```
 */
export class Discard<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F> {
  /** Ignores the data. */
  override dataReceived(_data: Uint8Array): void {}
}
