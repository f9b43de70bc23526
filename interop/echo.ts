/**
 * The protocol of the tests, for both ends: received bytes are sent back in capitals.
 *
 * @module
 */

import { DatagramProtocol, Factory, Protocol } from "../protocol/mod.ts";
import type { DatagramDestination } from "../reactor/interfaces/mod.ts";

const decoder = new TextDecoder();

/** Sends received bytes back in capitals. */
export class Shout extends Protocol {
  /** The reason for which its connection was lost. */
  reason: Error | null = null;

  override dataReceived(data: Uint8Array): void {
    this.transport.write(decoder.decode(data).toUpperCase());
  }

  override connectionLost(reason: Error): void {
    this.reason = reason;
  }
}

/** A factory for {@linkcode Shout}s. */
export function shouting(): Factory<Shout> {
  return Factory.forProtocol(Shout);
}

/** Sends received datagrams back in capitals. */
export class ShoutDatagrams extends DatagramProtocol {
  override datagramReceived(datagram: Uint8Array, addr: DatagramDestination): void {
    this.transport.write(decoder.decode(datagram).toUpperCase(), addr);
  }
}
