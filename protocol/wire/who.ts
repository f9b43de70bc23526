import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { Protocol } from "../protocol.ts";

/**
 * Sends the list of active users and closes the connection (RFC 866). Twisted's `Who`.
 *
 * @typeParam F The factory.
 *
 * @example
 * ```ts
 * import { Who } from "@torsion/reactor/wire";
 *
 * class Users extends Who {
 *   override getUsers() {
 *     return "ada\r\ngrace\r\n";
 *   }
 * }
 * ```
 */
export class Who<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F> {
  /** Sends the list of users, and closes the connection. */
  override connectionMade(): void {
    this.transport.write(this.getUsers());
    this.transport.loseConnection();
  }

  /** Returns the users, one per line. Override it: the default is `root`. */
  getUsers(): Uint8Array | string {
    return "root\r\n";
  }
}
