/**
 * What the TCP conformance tests run in.
 *
 * Nothing here waits for time to pass: every wait ends with the event that it waits for. A test that hangs is ended by a watchdog.
 *
 * @module
 */

import { connect as nodeConnect, type Socket } from "node:net";
import type { IPv4Address } from "../addresses.ts";
import type { IAddress, IListeningPort, IReactor } from "../interfaces.ts";
import { LoggedErrors } from "./logged_errors.ts";
import { RawPeer } from "./raw_peer.ts";
import type { Wires } from "./wire.ts";

const WATCHDOG_SECONDS = 30;

/** A reactor for one test, and what is cleaned up after it. */
export class TcpBed {
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

  /** Has `f` called after the test. */
  after(f: () => unknown): void {
    this.#cleanups.push(f);
  }

  /** A port on the loopback interface. */
  listen(
    factory: Wires,
    options: Parameters<IReactor["listenTCP"]>[2] = {},
  ): IListeningPort & { readonly port: number } {
    const port = this.reactor.listenTCP(0, factory, { interface: "127.0.0.1", ...options });
    return Object.assign(port, { port: portOf(port.getHost()) });
  }

  /** A listener of Deno's own. */
  rawListen(options: Partial<Deno.TcpListenOptions> = {}): Deno.TcpListener {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, ...options });
    this.after(() => closeQuietly(listener));
    return listener;
  }

  /** A connection of Deno's own. */
  async rawConnect(port: number): Promise<RawPeer> {
    return this.raw(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** A connection that a raw listener accepted. */
  async rawAccept(listener: Deno.TcpListener): Promise<RawPeer> {
    return this.raw(await listener.accept());
  }

  raw(conn: Deno.Conn): RawPeer {
    this.after(() => closeQuietly(conn));
    return new RawPeer(conn);
  }

  /** A socket of node's, which can reset. */
  nodeConnect(port: number, localAddress = "127.0.0.1"): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = nodeConnect({ host: "127.0.0.1", port, localAddress });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
    this.after(() => {
      const closed = Promise.withResolvers<void>();
      if (socket.closed) closed.resolve();
      else socket.once("close", () => closed.resolve());
      socket.destroy();
      return closed.promise;
    });
    return promise;
  }

  /** Undoes all. */
  async cleanUp(): Promise<void> {
    for (const f of this.#cleanups.reverse()) await f();
    // Stopping it is also how the ports are closed of a reactor that was never run.
    const running = this.run();
    if (this.reactor.running) this.reactor.stop();
    await running;
  }
}

/** The port number of an address. */
export function portOf(address: IAddress): number {
  return (address as IPv4Address).port; // every address in these tests has one
}

/** Defines a test of a reactor, which `f` runs when it is ready to. */
export type TcpTest = (claim: string, f: (bed: TcpBed) => void | Promise<void>) => void;

/** What makes tests for one kind of reactor. */
export function tcpTest(name: string, makeReactor: () => IReactor): TcpTest {
  return (claim, f) =>
    Deno.test(`${name}: ${claim}`, async () => {
      using errors = new LoggedErrors();
      const bed = new TcpBed(makeReactor(), errors);
      const barked = Promise.withResolvers<never>();
      const watchdog = setTimeout(
        () => barked.reject(new Error(`Nothing came of it in ${WATCHDOG_SECONDS} s`)),
        WATCHDOG_SECONDS * 1000,
      );
      try {
        await Promise.race([f(bed), barked.promise]);
        await Promise.race([bed.cleanUp(), barked.promise]);
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
