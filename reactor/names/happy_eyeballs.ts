/**
 * Connecting to a host that has several addresses: Happy Eyeballs, as RFC 8305 has it.
 *
 * The problem: a name stands for addresses of two families, and some of them do not work from here, often without saying so. Whoever
 * tries them one after the other waits for a timeout (30 s) at each silent one; whoever tries all at once opens connections that nobody
 * wants, on every network, for the sake of the broken ones.
 *
 * The way between, in the RFC's terms:
 *
 * - *Both families are looked up at once, and apart* (section 3). The first answer that has IPv6 addresses starts the race. If IPv4 is
 *   there first, it waits for IPv6 for the Resolution Delay: 50 ms.
 * - *The families take turns*, IPv6 first (section 4). Within a family the resolver's order stays: it is the system's, by RFC 6724. What
 *   comes late is tried from then on.
 * - *Attempts are staggered* (section 5): the next one begins when the last one has failed, or has had the Connection Attempt Delay, 250
 *   ms, without an answer. It goes on beside the others; a slow one may still win.
 * - *The first that connects wins.* The others are cancelled, and what has not been tried is not.
 *
 * Roads not taken. Twisted starts an attempt each 300 ms even when the one before has failed long since, waits for all addresses before it
 * tries the first, and takes them in the resolver's order, so that ten dead IPv6 addresses come before the first of IPv4. `Deno.connect`
 * races by itself, but resolves by itself, too, reports one reason of all, and is of no use over anything but TCP. Of the RFC, what needs
 * a memory of past connections (section 4, round-trip times) and what builds addresses behind NAT64 (section 7) is left out.
 *
 * The numbers are those of section 8.
 *
 * @module
 */

import { cancelLogged } from "../../defer/cancel_all.ts";
import { isInstance, messageOf } from "../../internal/foreign_value.ts";
import { Deferred, execute } from "../../defer/mod.ts";
import { AddressQueue } from "./address_queue.ts";
import { HostnameAddress, isIPAddress, isIPv6Address } from "../addresses.ts";
import { connectFailure } from "./connect_failure.ts";
import {
  ConnectError,
  ConnectingCancelledError,
  ConnectTimeoutError,
  DNSLookupError,
} from "../errors.ts";
import { encodeHostname } from "./hostname.ts";
import type { IDelayedCall, IHostnameResolver, IPFamily, IReactorTime } from "../interfaces/mod.ts";
import { checkDelay, checkInteger } from "../../internal/validation.ts";

/** How long things may take in a race. */
export interface HappyEyeballsOptions {
  /**
   * Seconds that an attempt has before the next one begins beside it: RFC 8305's Connection Attempt Delay. Below 0.1 it strains networks,
   * the RFC says, and above 2 it is of no use.
   *
   * @default {0.25}
   */
  attemptDelay?: number | undefined;
  /**
   * Seconds that IPv4 addresses wait for IPv6 ones, which are still looked up: RFC 8305's Resolution Delay.
   *
   * @default {0.05}
   */
  resolutionDelay?: number | undefined;
  /**
   * Seconds that each lookup may take, and each attempt; Infinity for no end.
   *
   * @default {30}
   */
  timeout?: number | undefined;
}

/** What a race is about. */
export interface RaceOptions<T> {
  /** Tells the time. */
  readonly clock: IReactorTime;
  /** Finds the addresses. */
  readonly resolver: IHostnameResolver;
  /** The families to be tried. */
  readonly families: readonly IPFamily[];
  /**
   * Begins an attempt. It may call `won` before its Deferred fires, as soon as it is sure that its own result, be it an error, is that of
   * the race; else it has won when its Deferred fires.
   */
  readonly attempt: (address: string, won: () => void) => Deferred<T>;
}

/** One attempt. */
interface Attempt {
  /** Cancels it; nothing before the attempt has been returned. */
  cancel: () => void;
}

/**
 * Connects to the first address of a host that answers.
 *
 * @param host A name, or an address, which needs no lookup.
 * @param port The port number.
 * @param course What it is about.
 * @param options How long things may take.
 * @returns A Deferred that fires with what the attempt that won fired with. It fails with a `ConnectError` that has the reasons of all
 *   attempts. When it is cancelled, nothing is left: no lookup, no attempt, no timer.
 */
export function connectToHost<T>(
  host: string,
  port: number,
  course: RaceOptions<T>,
  options: HappyEyeballsOptions = {},
): Deferred<T> {
  return execute(() => {
    checkInteger("port", port, 1, 65535);
    const { attemptDelay = 0.25, resolutionDelay = 0.05, timeout = 30 } = options;
    checkDelay("attemptDelay", attemptDelay);
    checkDelay("resolutionDelay", resolutionDelay);
    if (timeout !== Infinity) checkDelay("timeout", timeout);
    const to = new HostnameAddress(encodeHostname(host), port);
    const race = new Race(to, course, { attemptDelay, resolutionDelay, timeout });
    race.start();
    return race.result;
  });
}

/** The seconds of a race, with the defaults filled in. */
type Timings = Readonly<Record<keyof HappyEyeballsOptions, number>>;

class Race<T> {
  readonly #to: HostnameAddress;
  readonly #course: RaceOptions<T>;
  readonly #options: Timings;
  readonly #queue = new AddressQueue();
  /** The families whose addresses are not known yet, and what cancels their lookups. */
  readonly #awaited = new Map<IPFamily, () => void>();
  readonly #contenders = new Set<Attempt>();
  readonly #failedAttempts: Error[] = [];
  readonly #failedLookups: Error[] = [];
  /** Runs until IPv4 has waited long enough for IPv6; after that, until the latest attempt has had its time. */
  #timer: IDelayedCall | null = null;
  /** Whether IPv4 would still wait for IPv6: until the first attempt. */
  #patient = true;
  #latest: Attempt | null = null;
  #winner: Attempt | null = null;
  #over = false;

  /** Fires with what the winner fires with. */
  readonly result: Deferred<T> = new Deferred<T>(() => {
    this.#end();
    this.result.errback(new ConnectingCancelledError(this.#to));
  });

  constructor(
    to: HostnameAddress,
    course: RaceOptions<T>,
    options: Timings,
  ) {
    this.#to = to;
    this.#course = course;
    this.#options = options;
  }

  start(): void {
    const { families } = this.#course;
    const literal = familyOf(this.#to.hostname);
    if (literal === null) {
      for (const family of families) this.#awaited.set(family, () => {});
      for (const family of families) this.#lookUp(family);
      return;
    }
    if (!families.includes(literal)) {
      throw new RangeError(
        `Not a name, and no ${families.join(" or ")} address: "${this.#to.hostname}"`,
      );
    }
    this.#queue.add(literal, [this.#to.hostname]);
    this.#go();
  }

  #lookUp(family: IPFamily): void {
    // An attempt may have won already: an answer can come at once.
    if (this.#settled) return;
    const { resolver, clock } = this.#course;
    const { hostname, port } = this.#to;
    const { timeout } = this.#options;
    const aborting = new AbortController();
    const { signal } = aborting;
    const looking = execute(() => resolver.resolveHostName(hostname, { family, port, signal }));
    this.#awaited.set(family, () => {
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
    this.#awaited.delete(family);
    this.#queue.add(family, addresses);
    this.#go();
  }

  #notFound(family: IPFamily, error: Error): void {
    if (this.#settled) return;
    const { hostname } = this.#to;
    const known = isInstance(error, ConnectError);
    this.#failedLookups.push(
      known ? error : new DNSLookupError(
        `Cannot find the ${family} addresses of ${hostname}: ${messageOf(error)}`,
        { syscall: "getaddrinfo", address: hostname, cause: error },
      ),
    );
    this.#awaited.delete(family);
    this.#go();
  }

  get #settled(): boolean {
    return this.#over || this.#winner !== null;
  }

  /** Does what is next, now that something has happened. */
  #go(): void {
    if (this.#settled) return;
    const isEmpty = !this.#queue.has("IPv6") && !this.#queue.has("IPv4");
    if (isEmpty) {
      if (this.#awaited.size === 0 && this.#contenders.size === 0) this.#fail();
    } else if (this.#patient && this.#awaited.has("IPv6")) {
      this.#timer ??= this.#later(this.#options.resolutionDelay);
    } else if (this.#patient || this.#timer === null) {
      this.#try();
    }
  }

  #try(): void {
    const address = this.#queue.take();
    if (address === undefined) return;
    this.#stopTimer();
    this.#patient = false;
    const contender: Attempt = { cancel: () => {} };
    this.#contenders.add(contender);
    this.#latest = contender;
    // Before the attempt, which may come to its end at once.
    this.#timer = this.#later(this.#options.attemptDelay);
    const attempt = this.#course.attempt(address, () => this.#won(contender));
    contender.cancel = () => cancelLogged(attempt);
    attempt.addCallbacks(
      (result) => this.#succeeded(contender, result),
      (error) => this.#failed(contender, error),
    );
    // It may have been cancelled from within the attempt.
    if (this.#over) cancelLogged(attempt);
  }

  #won(contender: Attempt): void {
    if (this.#settled) return;
    this.#winner = contender;
    this.#stopAllBut(contender);
  }

  #succeeded(contender: Attempt, result: T): void {
    this.#contenders.delete(contender);
    this.#won(contender);
    if (this.#over || this.#winner !== contender) return;
    this.#end();
    this.result.callback(result);
  }

  #failed(contender: Attempt, error: Error): void {
    this.#contenders.delete(contender);
    if (this.#over || (this.#winner !== null && this.#winner !== contender)) return;
    // The winner's reason is nobody else's. And what is wrong with the call is wrong with it for any address.
    if (this.#winner === contender || !isInstance(error, ConnectError)) {
      this.#end();
      this.result.errback(error);
      return;
    }
    this.#failedAttempts.push(error);
    if (this.#latest === contender) this.#stopTimer();
    this.#go();
  }

  #fail(): void {
    this.#end();
    this.result.errback(connectFailure(this.#to, this.#failedAttempts, this.#failedLookups));
  }

  #end(): void {
    this.#over = true;
    this.#stopAllBut(null);
  }

  #stopAllBut(winner: Attempt | null): void {
    this.#stopTimer();
    const lookups = [...this.#awaited.values()];
    this.#awaited.clear();
    for (const cancel of lookups) cancel();
    for (const contender of [...this.#contenders]) {
      if (contender !== winner) contender.cancel();
    }
  }

  #later(seconds: number): IDelayedCall {
    return this.#course.clock.callLater(seconds, () => {
      this.#timer = null;
      this.#patient = false;
      this.#go();
    });
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

/** The family of an address; `null` for a name. */
function familyOf(host: string): IPFamily | null {
  if (isIPAddress(host)) return "IPv4";
  return isIPv6Address(host) ? "IPv6" : null;
}

function checkFamily(addresses: readonly string[], family: IPFamily): readonly string[] {
  const wrong = addresses.find((address) => familyOf(address) !== family);
  if (wrong === undefined) return addresses;
  throw new TypeError(`The resolver's answer ${JSON.stringify(wrong)} is no ${family} address`);
}
