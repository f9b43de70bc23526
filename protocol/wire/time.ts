import { wallClockSeconds } from "../../log/wall_clock.ts";
import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { Protocol } from "../protocol.ts";

/** Seconds from 1900, where the time of RFC 868 starts, to 1970. */
const SECONDS_TO_1970 = 2_208_988_800;

/**
 * Sends the seconds since 1900 as a number of four bytes and closes the connection (RFC 868).
 * Twisted's `Time` sends the seconds since 1970, which clients such as `rdate` do not understand.
 *
 * The number starts again at 0 in February 2036.
 *
 * @typeParam F The factory.
 *
 * @example
 * ```ts
 * import { Factory } from "@torsion/reactor/protocol";
 * import { Time } from "@torsion/reactor/wire";
 *
 * const factory = Factory.forProtocol(Time);
 * ```
 */
export class Time<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F> {
  /** Sends the time as 32 bits, and closes the connection. */
  override connectionMade(): void {
    const bytes = new Uint8Array(4);
    // setUint32() takes the number modulo 2 ** 32.
    new DataView(bytes.buffer).setUint32(0, Math.floor(wallClockSeconds()) + SECONDS_TO_1970);
    this.transport.write(bytes);
    this.transport.loseConnection();
  }
}
