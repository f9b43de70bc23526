/**
 * What both ends of the tests speak: whatever comes is sent back in capitals.
 *
 * @module
 */

import { DatagramProtocol, Factory, Protocol } from "../protocol/mod.ts";
import type { DatagramDestination } from "../reactor/interfaces/mod.ts";

const decoder = new TextDecoder();

/** Sends back what it gets, in capitals. */
export class Shout extends Protocol {
  /** Why its connection was lost. */
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

/** The same for datagrams. */
export class ShoutDatagrams extends DatagramProtocol {
  override datagramReceived(datagram: Uint8Array, addr: DatagramDestination): void {
    this.transport.write(decoder.decode(datagram).toUpperCase(), addr);
  }
}
