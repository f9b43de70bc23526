/**
 * Problems that the peers of a port can cause at will: counted, and logged without filling the log.
 *
 * @module
 */

import { messageOf } from "../../internal/foreign_value.ts";
import { msg } from "../../log/mod.ts";
import type { Address, IReactorTime, RefusalReason, StreamPortStats } from "../interfaces/mod.ts";
import { alike, LogThrottle } from "../lifecycle/log_throttle.ts";
import { countRefusals, noRefusals, type Refusal, type Refusals } from "../lifecycle/refusals.ts";
import type { Traffic } from "../lifecycle/traffic.ts";

// The number of failures of user code that are logged with their stack in an interval. It is more
// than one, because the first failures may have different causes.
const USER_ERRORS = 10;

/** The address of a port whose problems are counted. */
interface PortAddress {
  /** Returns the address. */
  getHost(): Address;
}

/** Counts and logs the problems of one port. */
export class StreamPortProblems {
  readonly #clock: Pick<IReactorTime, "seconds" | "callLater">;
  readonly #traffic: Traffic;
  readonly #port: PortAddress;
  readonly #counts: Refusals = noRefusals();
  readonly #refusals: LogThrottle;
  readonly #handshakes: LogThrottle;
  readonly #pauses: LogThrottle;
  readonly #userErrors: LogThrottle;
  #failedHandshakes = 0;
  #failedAccepts = 0;

  /**
   * @param clock The clock of the reactor.
   * @param traffic The counters of the reactor.
   * @param port The port.
   */
  constructor(
    clock: Pick<IReactorTime, "seconds" | "callLater">,
    traffic: Traffic,
    port: PortAddress,
  ) {
    this.#clock = clock;
    this.#traffic = traffic;
    this.#port = port;
    this.#refusals = new LogThrottle(clock);
    this.#handshakes = new LogThrottle(clock);
    this.#pauses = new LogThrottle(clock);
    this.#userErrors = new LogThrottle(clock, USER_ERRORS);
  }

  /** Logs and counts a refused connection. */
  refused(peer: Address, { reason, text }: Refusal): void {
    this.#count(peer, reason);
    this.#refusals.add((count) => {
      msg(`Refused a connection from ${peer}: ${text}${alike(count)}`, { count });
    });
  }

  /** Counts a connection for which the factory has built no protocol. */
  refusedByFactory(peer: Address): void {
    this.#count(peer, "factory");
  }

  /** Logs that the port has stopped accepting, because too many handshakes are in progress. */
  pausedByHandshakes(address: Address | null, limit: number): void {
    this.#pauses.add(() => {
      msg(`Paused accepting connections on ${address}: the handshake limit of ${limit} is reached`);
    });
  }

  /**
   * Logs an error of a protocol or of `buildProtocol`, rate-limited because a peer may cause it
   * repeatedly.
   */
  userError(log: (count: number) => void): void {
    this.#userErrors.add(log);
  }

  /**
   * Counts a failed handshake.
   *
   * @param peer The address of the peer.
   * @param accepted The time at which the connection was accepted, in seconds.
   * @param reason The error of the handshake.
   */
  handshakeFailed(peer: Address, accepted: number, reason: Error): void {
    this.#failedHandshakes++;
    const age = this.#clock.seconds() - accepted;
    this.#traffic.handshakeFailed(peer, this.#port.getHost(), age, reason);
  }

  /** Logs a failed handshake, because the factory has no `handshakeFailed`. */
  logHandshake(reason: Error): void {
    this.#handshakes.add((count) => msg(`${messageOf(reason)}${alike(count)}`, { reason, count }));
  }

  /**
   * Counts a connection that was turned away for lack of file descriptors. The port logs the
   * number.
   */
  turnedAway(): void {
    this.#count(null, "descriptors");
  }

  /** Counts a system call to accept a connection that failed. */
  acceptFailed(): void {
    this.#failedAccepts++;
    this.#traffic.acceptFailed();
  }

  /** Logs the counts that have not been logged yet, because the port closes. */
  flush(): void {
    this.#refusals.flush();
    this.#handshakes.flush();
    this.#pauses.flush();
    this.#userErrors.flush();
  }

  /**
   * Returns the counts.
   *
   * @param accepted The number of accepted connections.
   */
  stats(accepted: number): StreamPortStats {
    return {
      accepted,
      refused: countRefusals(this.#counts),
      refusals: { ...this.#counts },
      failedHandshakes: this.#failedHandshakes,
      failedAccepts: this.#failedAccepts,
    };
  }

  #count(peer: Address | null, reason: RefusalReason): void {
    this.#counts[reason]++;
    this.#traffic.refused(peer, this.#port.getHost(), reason);
  }
}
