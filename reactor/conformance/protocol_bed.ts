/**
 * Any protocol on a connection in memory, with a peer worked by hand: `connection_bed.ts` for protocols of the library's own.
 *
 * @module
 */

import { Connection, type ConnectionOwner } from "../connection.ts";
import { connectionLimits } from "../connection_limits.ts";
import type { ConnectionOptions, IProtocol } from "../interfaces.ts";
import { memoryPipe } from "../memory_driver.ts";
import { CheckedDriver } from "./checked_driver.ts";
import { Peer, TestHost } from "./connection_bed.ts";

/** How a {@linkcode ProtocolBed} is made. */
export interface ProtocolBedOptions extends ConnectionOptions {
  /** Where the connection lives; its own, unless given. */
  host?: TestHost;
  /** Bytes on their way in each direction. */
  capacity?: number;
}

/** A protocol, its connection, and what is around them. */
export class ProtocolBed<P extends IProtocol> implements Disposable {
  readonly host: TestHost;
  readonly protocol: P;
  readonly driver: CheckedDriver;
  readonly connection: Connection;
  readonly peer: Peer;
  /** Why the connection was lost; null while it is not. */
  reason: Error | null = null;

  constructor(protocol: P, options: ProtocolBedOptions = {}) {
    const { host = new TestHost(), capacity = 65536 } = options;
    this.host = host;
    this.protocol = protocol;
    const [end, other] = memoryPipe({ schedule: (step) => host.steps.push(step), capacity });
    this.peer = new Peer(other);
    this.driver = new CheckedDriver(end);
    const owner: ConnectionOwner = {
      host,
      limits: connectionLimits(options),
      logSuffix: () => "7,192.0.2.2",
      connectionLost: (_, reason) => this.reason = reason,
    };
    this.connection = new Connection(owner, this.driver, protocol);
  }

  /** Opens the connection. The peer reads. */
  open(): void {
    this.peer.driver.startReading();
    this.connection.open();
    this.host.settle();
  }

  /** Has promises go on, and the connections, until nothing moves any more. */
  async settle(): Promise<void> {
    // More rounds than any chain of promises in these tests is long.
    for (let i = 0; i < 50; i++) {
      this.host.settle();
      await null;
    }
  }

  /** Checks that the driver was used as its contract says. */
  [Symbol.dispose](): void {
    if (this.driver.violations.length > 0) throw new Error(this.driver.violations.join("; "));
  }
}

/** A protocol on an open connection. */
export function connectProtocol<P extends IProtocol>(
  protocol: P,
  options?: ProtocolBedOptions,
): ProtocolBed<P> {
  const bed = new ProtocolBed(protocol, options);
  bed.open();
  return bed;
}
