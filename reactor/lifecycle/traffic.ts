/**
 * Counters of the connections of one reactor.
 *
 * @module
 */

import type { ReactorStats } from "../interfaces/mod.ts";

/** The bytes that one connection has moved. */
export interface ConnectionBytes {
  /** Bytes that the connection has received. */
  readonly bytesReceived: number;
  /** Bytes that the connection has sent. */
  readonly bytesSent: number;
}

/** The part of a reactor's counters that is about connections. */
export type ConnectionStats = Pick<
  ReactorStats,
  "openConnections" | "connections" | "bytesReceived" | "bytesSent"
>;

/**
 * The totals of the connections that have closed. A connection counts its own bytes while it is
 * open, which costs less than adding each chunk to a total as well.
 */
export class Traffic {
  /** Connections that have been opened so far. */
  connections = 0;
  /** Connections that are open now. */
  open = 0;
  /** Bytes that the closed connections have received. */
  bytesReceived = 0;
  /** Bytes that the closed connections have sent. */
  bytesSent = 0;

  /** Counts a connection that opens. */
  opened(): void {
    this.connections++;
    this.open++;
  }

  /** Adds the bytes of a connection that has closed. */
  closed(connection: ConnectionBytes): void {
    this.open--;
    this.bytesReceived += connection.bytesReceived;
    this.bytesSent += connection.bytesSent;
  }

  /** Returns the counters of all connections, with the bytes of those that are still open. */
  totals(
    openResources: Iterable<object & Partial<ConnectionBytes> & { readonly connected?: boolean }>,
  ): ConnectionStats {
    let { bytesReceived, bytesSent } = this;
    for (const resource of openResources) {
      // A lost connection stays open as a resource until its driver is released.
      if (resource.connected !== true) continue;
      bytesReceived += resource.bytesReceived ?? 0;
      bytesSent += resource.bytesSent ?? 0;
    }
    return { openConnections: this.open, connections: this.connections, bytesReceived, bytesSent };
  }
}
