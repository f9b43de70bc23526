import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { Protocol } from "../protocol.ts";

/**
 * Sends back what it receives (RFC 862). Twisted's `Echo`.
 *
 * It stops reading while its peer does not read, so that a peer cannot fill the memory. Twisted's
 * `Echo` reads on.
 *
 * @typeParam F The factory.
 *
 * @example
 * ```ts
 * import { connectedServerAndClient, TestPeer } from "@torsion/reactor/testing";
 * import { Echo } from "@torsion/reactor/wire";
 *
 * using pair = connectedServerAndClient(Echo, TestPeer);
 * pair.client.send("hello");
 * pair.pump.flush();
 * console.log(pair.client.text); // hello
 * ```
 */
export class Echo<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F> {
  /** Stops reading while the peer does not read. */
  override connectionMade(): void {
    this.transport.registerProducer(this.transport, true);
  }

  /** Sends the data back. */
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}
