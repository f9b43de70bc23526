import type { IProtocolFactory } from "../reactor/interfaces/mod.ts";
import { LineProtocol } from "./line_protocol.ts";

/**
 * A protocol that receives lines, and nothing but lines. Twisted's `twisted.protocols.basic.LineOnlyReceiver`.
 *
 * Override {@linkcode LineOnlyReceiver.lineReceived} or {@linkcode LineOnlyReceiver.textReceived}. There is neither a raw mode nor a pause
 * within a chunk: {@linkcode LineReceiver} has both.
 *
 * Where Twisted's drops the lines behind one that is too long, and goes on gathering one that never ends, this one does what
 * {@linkcode LineReceiver} does.
 *
 * @typeParam F The factory that builds it: `this.factory` has this type.
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
