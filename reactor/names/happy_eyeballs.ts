/**
 * Happy Eyeballs (RFC 8305): connecting to a host that has several addresses.
 *
 * A name may have addresses of two families, and some of them may not work, often without an error.
 * A program that tries them one after another waits for a timeout (30 s) at each silent address. A
 * program that tries all at once opens needless connections.
 *
 * The algorithm, in the terms of the RFC:
 *
 * - *Both families are looked up at once* (section 3). The first answer with IPv6 addresses starts
 *   the race. If the IPv4 addresses arrive first, they wait for IPv6 for the Resolution Delay, 50
 *   ms.
 * - *The families alternate*, IPv6 first (section 4). Within a family the resolver's order is kept:
 *   the system sorts by RFC 6724. Addresses that arrive late join the queue.
 * - *Attempts are staggered* (section 5): the next one starts when the last one has failed, or has
 *   had no answer for the Connection Attempt Delay, 250 ms. The earlier attempts continue, and a
 *   slow one may still win.
 * - *The first attempt that connects wins.* The other attempts are cancelled.
 *
 * Twisted starts an attempt every 300 ms even if the last one has failed, waits for all addresses
 * before the first attempt, and keeps the resolver's order, so that ten dead IPv6 addresses delay
 * the first IPv4 address. `Deno.connect` has a race of its own, but also resolves by itself,
 * reports one reason only, and is limited to TCP. Two parts of the RFC are left out: the memory of
 * round-trip times (section 4) and the addresses behind NAT64 (section 7).
 *
 * The default delays are those of section 8.
 *
 * Every route to a host name uses this race, with two kinds of attempts: `dialByName` over dials
 * of a connector, and the endpoints over the `connectTCP` of any reactor.
 *
 * @module
 */

import { cancelLogged } from "../../defer/cancel_all.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import { Deferred, execute } from "../../defer/mod.ts";
import { AddressQueue } from "./address_queue.ts";
import { HostnameAddress, isIPAddress, isIPv6Address } from "../addresses.ts";
import { asConnectError, connectFailure } from "./connect_failure.ts";
import { ConnectError, ConnectingCancelledError, ConnectTimeoutError } from "../errors.ts";
import { encodeHostname } from "./hostname.ts";
import type { IDelayedCall, IHostnameResolver, IPFamily, IReactorTime } from "../interfaces/mod.ts";
import { checkDelay, checkInteger, checkTimeout } from "../../internal/validation.ts";

/** The delays and the timeout of connecting to a host with several addresses. */
export interface HappyEyeballsOptions {
  /**
   * Seconds after which the next attempt starts beside one that has had no answer: the Connection
   * Attempt Delay of RFC 8305. The RFC recommends 0.1 to 2 seconds.
   *
   * @default {0.25}
   */
  attemptDelay?: number | undefined;
  /**
   * Seconds for which IPv4 addresses wait for the lookup of IPv6 addresses: the Resolution Delay of
   * RFC 8305.
   *
   * @default {0.05}
   */
  resolutionDelay?: number | undefined;
  /**
   * Seconds for each lookup and for each attempt; `Infinity` for no limit.
   *
   * @default {30}
   */
  timeout?: number | undefined;
}

/** The parts of a race between addresses. */
export interface RaceOptions<T> {
  /** The clock of the delays. */
  readonly clock: IReactorTime;
  /** The resolver that finds the addresses. */
  readonly resolver: IHostnameResolver;
  /** The address families to try. */
  readonly families: readonly IPFamily[];
  /**
   * Starts an attempt. It wins when its Deferred fires. It may call `won` earlier: then its result,
   * even an error, is the result of the race.
   */
  readonly attempt: (address: string, won: () => void) => Deferred<T>;
}

/** A running attempt. */
interface Attempt {
  /** Cancels the attempt. Does nothing until the attempt has been returned. */
  cancel: () => void;
}

/**
 * Connects to the first address of a host that answers: Happy Eyeballs (RFC 8305).
 *
 * @param host A host name, or an address, which needs no lookup.
 * @param port The port number, from 1 to 65535.
 * @param race The clock, the resolver, the families and the attempts.
 * @param options The delays and the timeout, in seconds.
 * @returns A Deferred that fires with the result of the attempt that wins. It fails with a
 *   `ConnectError` that contains the reasons of all attempts and lookups. Cancelling it cancels
 *   every lookup, attempt and timer.
 */
export function raceAddresses<T>(
  host: string,
  port: number,
  race: RaceOptions<T>,
  options: HappyEyeballsOptions = {},
): Deferred<T> {
  return execute(() => {
    checkInteger("port", port, 1, 65535);
    const { attemptDelay = 0.25, resolutionDelay = 0.05, timeout = 30 } = options;
    checkDelay("attemptDelay", attemptDelay);
    checkDelay("resolutionDelay", resolutionDelay);
    checkTimeout("timeout", timeout);
    const to = new HostnameAddress(encodeHostname(host), port);
    const running = new Race(to, race, { attemptDelay, resolutionDelay, timeout });
    running.start();
    return running.result;
  });
}

/** The options, in seconds, with the defaults filled in. */
type Timings = Readonly<Record<keyof HappyEyeballsOptions, number>>;

class Race<T> {
  readonly #to: HostnameAddress;
  readonly #race: RaceOptions<T>;
  readonly #options: Timings;
  readonly #queue = new AddressQueue();
  /** The families that are still being looked up, with the functions that cancel the lookups. */
  readonly #lookups = new Map<IPFamily, () => void>();
  readonly #attempts = new Set<Attempt>();
  readonly #failedAttempts: Error[] = [];
  readonly #failedLookups: Error[] = [];
  /** The Resolution Delay until the first attempt; after that, the delay of the latest attempt. */
  #timer: IDelayedCall | null = null;
  /** Whether IPv4 addresses still wait for IPv6 ones: true until the first attempt. */
  #waitsForIPv6 = true;
  #latest: Attempt | null = null;
  #winner: Attempt | null = null;
  #isDone = false;

  /** Fires with the result of the winning attempt. */
  readonly result: Deferred<T> = new Deferred<T>(() => {
    this.#end();
    this.result.errback(new ConnectingCancelledError(this.#to));
  });

  constructor(
    to: HostnameAddress,
    race: RaceOptions<T>,
    options: Timings,
  ) {
    this.#to = to;
    this.#race = race;
    this.#options = options;
  }

  start(): void {
    const { families } = this.#race;
    const literal = familyOf(this.#to.hostname);
    if (literal === null) {
      for (const family of families) this.#lookups.set(family, () => {});
      for (const family of families) this.#lookUp(family);
      return;
    }
    if (!families.includes(literal)) {
      throw new RangeError(
        `Cannot connect to "${this.#to.hostname}": it is not a host name or an ${
          families.join(" or ")
        } address`,
      );
    }
    this.#queue.add(literal, [this.#to.hostname]);
    this.#next();
  }

  #lookUp(family: IPFamily): void {
    // The lookup of the other family may have completed at once, and an attempt may have won
    // already.
    if (this.#settled) return;
    const { resolver, clock } = this.#race;
    const { hostname, port } = this.#to;
    const { timeout } = this.#options;
    const aborting = new AbortController();
    const { signal } = aborting;
    const looking = execute(() => resolver.resolveHostName(hostname, { family, port, signal }));
    this.#lookups.set(family, () => {
      aborting.abort();
      cancelLogged(looking);
    });
    if (timeout !== Infinity) {
      looking.addTimeout(timeout, clock, () => {
        aborting.abort();
        throw new ConnectTimeoutError(
          `Looking up the ${family} addresses of ${hostname} took longer than ${timeout} s`,
          { code: "ETIMEDOUT", syscall: "getaddrinfo", address: hostname },
        );
      });
    }
    looking.addCallback((addresses) => checkFamily(addresses, family)).addCallbacks(
      (addresses) => this.#found(family, addresses),
      (error) => this.#notFound(family, error),
    );
  }

  #found(family: IPFamily, addresses: readonly string[]): void {
    this.#lookups.delete(family);
    this.#queue.add(family, addresses);
    this.#next();
  }

  #notFound(family: IPFamily, error: Error): void {
    if (this.#settled) return;
    const { hostname } = this.#to;
    const what = `Cannot find the ${family} addresses of ${hostname}`;
    this.#failedLookups.push(asConnectError(error, what, hostname));
    this.#lookups.delete(family);
    this.#next();
  }

  get #settled(): boolean {
    return this.#isDone || this.#winner !== null;
  }

  /** Takes the next step after a lookup, an attempt or a delay has completed. */
  #next(): void {
    if (this.#settled) return;
    const isEmpty = !this.#queue.has("IPv6") && !this.#queue.has("IPv4");
    if (isEmpty) {
      if (this.#lookups.size === 0 && this.#attempts.size === 0) this.#fail();
    } else if (this.#waitsForIPv6 && this.#lookups.has("IPv6")) {
      this.#timer ??= this.#later(this.#options.resolutionDelay);
    } else if (this.#waitsForIPv6 || this.#timer === null) {
      this.#startAttempt();
    }
  }

  #startAttempt(): void {
    const address = this.#queue.take();
    if (address === undefined) return;
    this.#stopTimer();
    this.#waitsForIPv6 = false;
    const attempt: Attempt = { cancel: () => {} };
    this.#attempts.add(attempt);
    this.#latest = attempt;
    // The timer is set before the attempt starts, because an attempt that completes at once stops
    // the timer.
    this.#timer = this.#later(this.#options.attemptDelay);
    const result = this.#race.attempt(address, () => this.#won(attempt));
    attempt.cancel = () => cancelLogged(result);
    result.addCallbacks(
      (value) => this.#succeeded(attempt, value),
      (error) => this.#failed(attempt, error),
    );
    // The code that the attempt calls may have cancelled the race before `attempt.cancel` was set.
    if (this.#isDone) cancelLogged(result);
  }

  #won(attempt: Attempt): void {
    if (this.#settled) return;
    this.#winner = attempt;
    this.#cancelAllBut(attempt);
  }

  #succeeded(attempt: Attempt, result: T): void {
    this.#attempts.delete(attempt);
    this.#won(attempt);
    if (this.#isDone || this.#winner !== attempt) return;
    this.#end();
    this.result.callback(result);
  }

  #failed(attempt: Attempt, error: Error): void {
    this.#attempts.delete(attempt);
    if (this.#isDone || (this.#winner !== null && this.#winner !== attempt)) return;
    // If the winning attempt fails, its error is the result of the race. An error that is not a
    // ConnectError also ends the race, because it would occur with every address.
    if (this.#winner === attempt || !isInstance(error, ConnectError)) {
      this.#end();
      this.result.errback(error);
      return;
    }
    this.#failedAttempts.push(error);
    if (this.#latest === attempt) this.#stopTimer();
    this.#next();
  }

  #fail(): void {
    this.#end();
    this.result.errback(connectFailure(this.#to, this.#failedAttempts, this.#failedLookups));
  }

  #end(): void {
    this.#isDone = true;
    this.#cancelAllBut(null);
  }

  #cancelAllBut(winner: Attempt | null): void {
    this.#stopTimer();
    const lookups = [...this.#lookups.values()];
    this.#lookups.clear();
    for (const cancel of lookups) cancel();
    for (const attempt of [...this.#attempts]) {
      if (attempt !== winner) attempt.cancel();
    }
  }

  #later(seconds: number): IDelayedCall {
    const startNextAttempt = () => {
      this.#timer = null;
      this.#waitsForIPv6 = false;
      this.#next();
    };
    return this.#race.clock.callLater(seconds, startNextAttempt);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

/** Returns the family of an address; `null` for a name. */
function familyOf(host: string): IPFamily | null {
  if (isIPAddress(host)) return "IPv4";
  return isIPv6Address(host) ? "IPv6" : null;
}

function checkFamily(addresses: readonly string[], family: IPFamily): readonly string[] {
  const wrong = addresses.find((address) => familyOf(address) !== family);
  if (wrong === undefined) return addresses;
  throw new TypeError(
    `Cannot use the resolver's answer ${JSON.stringify(wrong)}: it is not an ${family} address`,
  );
}
