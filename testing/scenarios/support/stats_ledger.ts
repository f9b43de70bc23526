/**
 * The counters of one reactor, kept a second time by an observer, and the laws between the two.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type {
  Address,
  IReactorObserver,
  ObservedConnection,
  RefusalReason,
  StreamPortStats,
} from "../../../reactor/interfaces/mod.ts";
import type { SimulatedReactor } from "../../simulation/mod.ts";

/** A port of the reactor. */
interface CountedPort {
  readonly stats: StreamPortStats;
}

/** Counts the events of a reactor, and compares them with `stats()`. */
export class StatsLedger implements IReactorObserver {
  readonly #reactor: SimulatedReactor;
  readonly #ports: CountedPort[] = [];
  readonly #connections: ObservedConnection[] = [];
  readonly #open = new Set<ObservedConnection>();
  readonly #refusals = new Map<RefusalReason, number>();
  #accepted = 0;
  #started = 0;
  #succeeded = 0;
  #failed = 0;
  #handshakes = 0;
  #turns = 0;

  /** @param reactor The reactor, which has no connection yet. */
  constructor(reactor: SimulatedReactor) {
    this.#reactor = reactor;
    reactor.observe(this);
  }

  /** Adds a port of the reactor. Its counters must be the parts of those of the reactor. */
  add(port: CountedPort): void {
    this.#ports.push(port);
  }

  connectStarted(): void {
    this.#started++;
  }

  connectSucceeded(): void {
    this.#succeeded++;
  }

  connectFailed(): void {
    this.#failed++;
  }

  connectionOpened(connection: ObservedConnection): void {
    this.#connections.push(connection);
    this.#open.add(connection);
    if (connection.role === "server") this.#accepted++;
  }

  connectionClosed(connection: ObservedConnection): void {
    assertEquals(this.#open.delete(connection), true, "a connection is closed once");
  }

  connectionRefused(_peer: Address | null, _host: Address, reason: RefusalReason): void {
    this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1);
  }

  handshakeFailed(): void {
    this.#handshakes++;
  }

  turnEnded(): void {
    this.#turns++;
  }

  /** Checks the laws that hold at each moment. */
  check(): true {
    const stats = this.#reactor.stats();
    const connections = this.#connections.map((connection) => connection.stats());
    const sum = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
    assertEquals({
      connections: stats.connections,
      openConnections: stats.openConnections,
      bytesReceived: stats.bytesReceived,
      bytesSent: stats.bytesSent,
      bytesUnsent: stats.bytesUnsent,
      pendingConnects: stats.pendingConnects,
      failedConnects: stats.failedConnects,
      failedHandshakes: stats.failedHandshakes,
      turns: stats.turnTime.count,
      refusals: Object.entries(stats.refusals).filter(([, count]) => count > 0).toSorted(),
    }, {
      connections: connections.length,
      openConnections: this.#open.size,
      bytesReceived: sum(connections.map(({ bytesReceived }) => bytesReceived)),
      bytesSent: sum(connections.map(({ bytesSent }) => bytesSent)),
      bytesUnsent: sum(connections.map(({ bytesUnsent }) => bytesUnsent)),
      pendingConnects: this.#started - this.#succeeded - this.#failed,
      failedConnects: this.#failed,
      failedHandshakes: this.#handshakes,
      turns: this.#turns,
      refusals: [...this.#refusals].toSorted(),
    });
    const ports = this.#ports.map((port) => port.stats);
    assertEquals(sum(ports.map(({ refused }) => refused)), sum([...this.#refusals.values()]));
    assertEquals(sum(ports.map(({ failedHandshakes }) => failedHandshakes)), this.#handshakes);
    assertEquals(sum(ports.map(({ failedAccepts }) => failedAccepts)), stats.failedAccepts);
    return true;
  }

  /**
   * Checks the laws that hold while no handshake is in progress: each accepted connection was
   * opened, was refused, or has failed in its handshake.
   */
  checkAccepted(): void {
    for (const { refusals, refused } of this.#ports.map((port) => port.stats)) {
      assertEquals(Object.values(refusals).reduce((sum, count) => sum + count, 0), refused);
    }
    const total = this.#ports.reduce((sum, port) => sum + port.stats.accepted, 0);
    const refused = this.#ports.reduce((sum, port) => sum + port.stats.refused, 0);
    assertEquals(total, this.#accepted + refused + this.#handshakes);
  }

  /** Returns the bytes of all connections from and to a port. */
  bytesOn(port: number): { received: number; sent: number } {
    const isOn = (address: Address) => "port" in address && address.port === port;
    const stats = this.#connections
      .filter((connection) => isOn(connection.getHost()) || isOn(connection.getPeer()))
      .map((connection) => connection.stats());
    return {
      received: stats.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0),
      sent: stats.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    };
  }

  /** Checks that nothing is open or pending. */
  checkEnd(): void {
    this.check();
    const { openConnections, openResources, pendingConnects, bytesUnsent } = this.#reactor.stats();
    assertEquals([openConnections, openResources, pendingConnects, bytesUnsent], [0, 0, 0, 0]);
  }
}
