import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { LineProtocol } from "./line_protocol.ts";

/**
 * A protocol that receives lines, and no raw data. Twisted's
 * `twisted.protocols.basic.LineOnlyReceiver`.
 *
 * Override {@linkcode LineOnlyReceiver.lineReceived} or {@linkcode LineOnlyReceiver.textReceived}.
 * It has no raw mode: {@linkcode LineReceiver} has one.
 *
 * A line that is too long is treated as in {@linkcode LineReceiver}. Twisted's class drops the
 * lines after it in the same chunk, and buffers a line without a limit until its delimiter arrives.
 *
 * @example An echo, line by line
 * ```ts
 * import { LineOnlyReceiver } from "@torsion/reactor/protocol";
 *
 * class Echo extends LineOnlyReceiver {
 *   override lineReceived(line: Uint8Array) {
 *     this.sendLine(line);
 *   }
 * }
 * ```
 */
export class LineOnlyReceiver<F extends IProtocolFactory = IProtocolFactory>
  extends LineProtocol<F> {}
