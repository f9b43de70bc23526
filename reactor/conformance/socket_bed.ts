/**
 * What the conformance tests of sockets run in, whatever their kind.
 *
 * Nothing here waits for time to pass: every wait ends with the event that it waits for. A test that hangs is ended by a watchdog.
 *
 * @module
 */

import type { IReactor } from "../interfaces.ts";
import { LoggedErrors } from "./logged_errors.ts";
import { RawPeer } from "./raw_peer.ts";

const WATCHDOG_SECONDS = 30;

/** A reactor for one test, and what is cleaned up after it. */
export class SocketBed {
  readonly reactor: IReactor;
  /** What was logged as an error; what a test does not take fails it. */
  readonly errors: LoggedErrors;
  readonly #cleanups: (() => unknown)[] = [];
  #running: Promise<void> | null = null;

  constructor(reactor: IReactor, errors: LoggedErrors) {
    this.reactor = reactor;
    this.errors = errors;
  }

  /** Runs the reactor. @returns what settles when it has stopped. */
  run(): Promise<void> {
    return this.#running ??= this.reactor.run({ installSignalHandlers: false });
  }

  /** Stops the reactor, and waits until it has let go of everything. */
  async stop(): Promise<void> {
    this.reactor.stop();
    await this.#running;
  }

  /** Has `f` called after the test. The last to come is called first. */
  after(f: () => unknown): void {
    this.#cleanups.push(f);
  }

  /** Has a resource closed after the test, unless the test does so. */
  closeAfter<R extends { close(): void }>(resource: R): R {
    this.after(() => closeQuietly(resource));
    return resource;
  }

  /** A connection that Deno opened. */
  raw(conn: Deno.Conn): RawPeer {
    return new RawPeer(this.closeAfter(conn));
  }

  /** A connection that a raw listener accepted. */
  async rawAccept(listener: Deno.Listener): Promise<RawPeer> {
    return this.raw(await listener.accept());
  }

  /** Undoes all. */
  async cleanUp(): Promise<void> {
    for (const f of this.#cleanups.splice(0).reverse()) await f();
    // Stopping it is also how the ports are closed of a reactor that was never run.
    const running = this.run();
    if (this.reactor.running) this.reactor.stop();
    await running;
  }
}

/** Defines a test in a bed of its own, which `f` runs when it is ready to. */
export type SocketTest<B extends SocketBed> = (
  claim: string,
  f: (bed: B) => void | Promise<void>,
) => void;

/**
 * What makes tests.
 *
 * @param name Stands before each claim.
 * @param makeBed Makes a test's bed.
 */
export function socketTest<B extends SocketBed>(
  name: string,
  makeBed: (errors: LoggedErrors) => B,
): SocketTest<B> {
  return (claim, f) =>
    Deno.test(`${name}: ${claim}`, async () => {
      using errors = new LoggedErrors();
      const bed = makeBed(errors);
      const barked = Promise.withResolvers<never>();
      const watchdog = setTimeout(
        () => barked.reject(new Error(`Nothing came of it in ${WATCHDOG_SECONDS} s`)),
        WATCHDOG_SECONDS * 1000,
      );
      const inTime = (work: void | Promise<void>) => Promise.race([work, barked.promise]);
      try {
        await inTime(f(bed));
        await inTime(bed.cleanUp());
      } catch (failure) {
        // What a failed test leaves open would be held against the ones that follow. Its own failure is the one to see.
        await Promise.allSettled([inTime(bed.cleanUp())]);
        throw failure;
      } finally {
        clearTimeout(watchdog);
      }
    });
}

/** The test has closed it already, or the peer has. */
function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
