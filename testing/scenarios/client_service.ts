/**
 * Clients that keep a connection to a server with `ClientService`, log in with
 * `prepareConnection`, and use `Heartbeat`. They connect to an address or a name, with TLS or
 * without. The server refuses some logins, and closes some connections. The services are stopped
 * and started again at random times. The clients make mistakes: `connectionMade()` and
 * `prepareConnection` throw, and the factory builds no protocol.
 *
 * Invariants:
 *
 * - A service never has two attempts or connections at once, and none between the end of
 *   `stopService()` and the next start.
 * - The next attempt starts when the wait of the retry policy has passed, neither earlier nor
 *   later, and never before `startService()`.
 * - `whenConnected()` fires with a protocol that is connected and logged in; with a timeout it has
 *   settled at that time; with `failAfterFailures: n` it has settled after `n` failed attempts.
 * - `stopService()` completes within the linger time of a connection, and fails what waits.
 * - After the network has healed, each client is connected and gets answers within the timeouts of
 *   one dead connection, one attempt and one wait of the backoff.
 * - A program that gets SIGTERM ends within the linger time of a service and of a connection.
 * - Exactly one `connectionLost` for each `connectionMade`; no timed call is left.
 *
 * @module
 */

import { CancelledError, Deferred, gatherResults, TimeoutError } from "../../defer/mod.ts";
import {
  backoffPolicy,
  ClientService,
  HostnameEndpoint,
  type IStreamClientEndpoint,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  TLSClientEndpoint,
  wrapClientTLS,
  wrapServerTLS,
} from "../../endpoints/mod.ts";
import type { Factory } from "../../protocol/mod.ts";
import { ConnectionRefusedError, ConnectTimeoutError } from "../../reactor/errors.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../simulation/mod.ts";
import { TERMINATED, Terminator } from "./support/terminating.ts";
import { WatchedConnections } from "./support/watched_connections.ts";
import { Client, HEARTBEAT, Mistake, Server } from "./support/login.ts";
import { OwnCalls } from "./support/own_calls.ts";

const PORT = 2000;
/** The port of `listenTLS()`, and that of `wrapServerTLS()`. */
const TLS_PORT = 2001;
const WRAPPED_PORT = 2002;
/** The stand-in for TLS accepts any certificate. */
const TLS = { cert: "certificate", key: "key", handshakeTimeout: 4, maxHandshakes: 4 };
const LINGER = 3;
const ATTEMPT_TIMEOUT = 5;
const MAX_DELAY = 8;
/** The longest time for which the scenario leaves a service stopped. */
const LONGEST_STOP = 3;
/**
 * The time within which a client must be connected after the network has healed: a dead connection
 * is noticed, an attempt that lost its packets before times out, its connection is closed, the
 * longest wait passes, and an attempt succeeds.
 */
const RECOVERY = 4 * HEARTBEAT.interval + ATTEMPT_TIMEOUT + LINGER + (MAX_DELAY + 1) + LONGEST_STOP;

/** Makes the service of a client. A variant with a planted bug passes another function. */
export type MakeService = (
  ...args: ConstructorParameters<typeof ClientService<Client>>
) => ClientService<Client>;

/** What all programs of one simulation share. */
interface World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  readonly makeService: MakeService;
  isHealed: boolean;
}

/** Runs the scenario. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, (...args) => new ClientService(...args));

/** Runs the scenario with the given services. */
export async function runWith(network: SimulatedNetwork, makeService: MakeService): Promise<void> {
  network.allowErrors((error) => error instanceof Mistake);
  const world = {
    network,
    connections: new WatchedConnections(network),
    makeService,
    isHealed: false,
  };
  network.addHost("server", (host) => {
    const factory = world.connections.factory(host, () => new Server(host, world));
    const { reactor } = host;
    // Faults make handshakes fail, which the factory would log otherwise.
    Object.assign(factory, { handshakeFailed: () => network.sometimes("a handshake fails", true) });
    reactor.listenTCP(PORT, factory, { linger: LINGER });
    reactor.listenTLS(TLS_PORT, factory, { ...TLS, linger: LINGER });
    const plain = new TCP4ServerEndpoint(reactor, WRAPPED_PORT, { linger: LINGER });
    wrapServerTLS(TLS, plain).listen(factory);
  });
  const clients = new Map<string, Program>();
  const names: string[] = [];
  for (let i = 1; i <= network.parameter("clients", 3); i++) {
    const name = `client${i}`;
    names.push(name);
    network.addHost(name, (host) => void clients.set(name, new Program(host, world)));
  }
  const terminator = new Terminator(network, world.connections, 2 * LINGER + 0.1);
  await network.sleep(network.parameter("seconds", 60, 5));
  terminator.stop();
  network.heal();
  world.isHealed = true;
  const healedAt = network.seconds();
  await gatherResults(names.map((name) =>
    network.eventually(
      RECOVERY,
      `${name} is connected after the network has healed`,
      () => (clients.get(name)?.answeredAt ?? -1) > healedAt,
    )
  ));
  await network.shutDown();
  world.connections.checkAllLost();
  for (const client of clients.values()) client.checkEnd();
}

/** The states that some seed must reach. */
export const states = [
  "a connection is lost and made again",
  "an attempt is refused",
  "an attempt times out",
  "a handshake fails",
  "a login is refused",
  "a client makes a mistake",
  "a dead connection is noticed",
  "a service is stopped while it connects",
  "a service is stopped while it waits",
  "a service is stopped while it is connected",
  "a service is started while it stops",
  "a wait for a connection fails after its failures",
  "a wait for a connection times out",
  "a wait for a connection is cancelled by the stop",
  TERMINATED,
] as const;

/** A call of `whenConnected()`. */
interface Waiter {
  readonly deferred: Deferred<Client>;
  /**
   * The number of attempts before the call. The last of them does not count: it may have failed
   * already, and only wait for its connection to close.
   */
  readonly attempts: number;
  /** The number of failed attempts after which it has failed. */
  left: number;
}

/** The program of a client, from one start of its host to the next. */
class Program {
  readonly host: SimulatedHost;
  /** When the latest ping was sent that was answered, in seconds of the network. */
  answeredAt = -1;
  readonly #world: World;
  readonly #own: OwnCalls;
  readonly #service: ClientService<Client>;
  readonly #waiters = new Set<Waiter>();
  #current: Client | null = null;
  #isConnecting = false;
  /** The time before which no attempt may start, by the host's clock. */
  #notBefore = 0;
  #attempts = 0;
  #failures = 0;
  #starts = 0;
  /** The calls of `stopService()` that have not completed. */
  #stops = 0;

  constructor(host: SimulatedHost, world: World) {
    this.host = host;
    this.#world = world;
    this.#own = new OwnCalls(host.reactor);
    this.#service = this.#makeService();
    host.reactor.addSystemEventTrigger("before", "shutdown", () => this.#service.stopService());
    this.#start();
    this.#act();
  }

  sometimes(state: typeof states[number]): void {
    this.#world.network.sometimes(state, true);
  }

  /** Throws now and then. */
  mayFail(method: string): void {
    if (this.#world.isHealed || this.host.random.below(50) > 0) return;
    this.sometimes("a client makes a mistake");
    throw new Mistake(`a mistake in ${method}`);
  }

  /** Called when the answer to a ping has arrived. */
  answered(time: number): void {
    this.answeredAt = Math.max(this.answeredAt, time);
  }

  /** Checks that nothing waits, after the reactor has stopped. */
  checkEnd(): void {
    if (!this.#isRunning) return;
    if (this.#waiters.size > 0) this.#fail("a call of whenConnected() waits for ever");
    if (this.#stops > 0) this.#fail("a call of stopService() waits for ever");
  }

  /** Whether this is the program that runs on the host, and none before a crash. */
  get #isRunning(): boolean {
    return this.#own.reactor === this.host.reactor;
  }

  #fail(what: string): void {
    this.#world.network.fail(`${this.host}: ${what}`);
  }

  #makeService(): ClientService<Client> {
    const { reactor, random } = this.host;
    const endpoint = random.pick([
      new TCP4ClientEndpoint(reactor, "10.0.0.1", PORT, { linger: LINGER }),
      new HostnameEndpoint(reactor, "server", PORT, { linger: LINGER }),
      new TLSClientEndpoint(reactor, "server", TLS_PORT, { linger: LINGER }),
      wrapClientTLS(
        { serverName: "server" },
        new HostnameEndpoint(reactor, "server", WRAPPED_PORT, { linger: LINGER }),
      ),
    ]);
    const backoff = backoffPolicy({ maxDelay: MAX_DELAY, jitter: random.fraction });
    return this.#world.makeService(
      this.#watched(endpoint),
      this.#makeFactory(),
      {
        clock: reactor,
        attemptTimeout: ATTEMPT_TIMEOUT,
        prepareConnection: (client) => {
          this.mayFail("prepareConnection()");
          return client.logIn(new Deferred());
        },
        retryPolicy: (failures) => this.#retry(failures, backoff(failures)),
      },
    );
  }

  #makeFactory(): Factory<Client> {
    const factory = this.#world.connections.factory(this.host, () => new Client(this));
    const buildProtocol = factory.buildProtocol.bind(factory);
    const isMistaken = () => !this.#world.isHealed && this.host.random.below(50) === 0;
    return Object.assign(factory, {
      buildProtocol: (addr: Address) => isMistaken() ? null : buildProtocol(addr),
    });
  }

  /** Returns an endpoint that checks when it is used. */
  #watched(endpoint: IStreamClientEndpoint): IStreamClientEndpoint {
    return {
      connect: (factory) => {
        this.#checkAttempt();
        this.#isConnecting = true;
        this.#attempts++;
        return endpoint.connect(factory).addBoth((result) => {
          this.#isConnecting = false;
          if (result instanceof ConnectionRefusedError) this.sometimes("an attempt is refused");
          if (result instanceof Error) throw result;
          return result;
        });
      },
    };
  }

  #checkAttempt(): void {
    const { reactor } = this.host;
    if (!this.#service.running) this.#fail("a stopped service connects");
    if (this.#isConnecting) this.#fail("a service makes two attempts at once");
    if (this.#world.connections.countOf(this.host) > 0) {
      this.#fail("a service connects although it has a connection");
    }
    // The clock of a host counts microseconds.
    if (reactor.seconds() < this.#notBefore - 1e-5) this.#fail("an attempt starts too early");
  }

  /** Called by the service when an attempt has failed, or its connection was lost. */
  #retry(failures: number, delay: number): number {
    if (this.#current !== null) this.sometimes("a connection is lost and made again");
    this.#failures = this.#current === null ? this.#failures + 1 : 1;
    this.#current = null;
    if (failures !== this.#failures) this.#fail("the retry policy gets a wrong count of failures");
    for (const waiter of this.#waiters) {
      if (this.#attempts === waiter.attempts) continue;
      if (--waiter.left <= 0) this.#fail("a call of whenConnected() outlasts its failures");
    }
    this.#notBefore = this.host.reactor.seconds() + delay;
    const [attempts, starts] = [this.#attempts, this.#starts];
    this.#own.later(delay + 0.001, () => {
      const isDue = this.#starts === starts && this.#service.running;
      if (isDue && this.#attempts === attempts) this.#fail("no attempt follows a wait");
    });
    this.#follow();
    return delay;
  }

  #start(): void {
    this.#starts++;
    this.#failures = 0;
    this.#notBefore = 0;
    this.#service.startService();
    this.#follow();
  }

  /** Remembers the next connection. */
  #follow(): void {
    this.#wait(Infinity, Infinity).addCallbacks((client) => {
      this.#current = client;
    }, () => {});
  }

  #stop(): void {
    const { random } = this.host;
    if (this.#isConnecting) this.sometimes("a service is stopped while it connects");
    else if (this.#current !== null) this.sometimes("a service is stopped while it is connected");
    else this.sometimes("a service is stopped while it waits");
    const starts = this.#starts;
    let isStopped = false;
    this.#stops++;
    this.#service.stopService().addCallback(() => {
      isStopped = true;
      this.#stops--;
      if (this.#starts === starts) this.#checkStopped();
    });
    this.#current = null;
    this.#own.later(LINGER + 0.1, () => {
      if (!isStopped) this.#fail("stopService() takes longer than the linger time");
    });
    if (!isStopped && random.below(2) === 0) {
      this.sometimes("a service is started while it stops");
      this.#start();
    } else {
      this.#own.later(random.fraction() * LONGEST_STOP, () => this.#start());
    }
  }

  #checkStopped(): void {
    if (this.#isConnecting) this.#fail("a stopped service still connects");
    if (this.#waiters.size > 0) this.#fail("whenConnected() waits for a stopped service");
    if (this.#world.connections.countOf(this.host) > 0) {
      this.#fail("a stopped service has a connection");
    }
  }

  /** Calls `whenConnected()`, and checks how it ends. */
  #wait(timeout: number, failures: number): Deferred<Client> {
    const deferred = this.#service.whenConnected({ timeout, failAfterFailures: failures });
    if (!deferred.called) {
      const waiter = { deferred, attempts: this.#attempts, left: failures };
      this.#waiters.add(waiter);
      deferred.addBoth((result) => {
        this.#waiters.delete(waiter);
        if (result instanceof Error) throw result;
        return result;
      });
    }
    if (timeout !== Infinity) {
      this.#own.later(timeout, () => {
        if (!deferred.called) this.#fail("whenConnected() outlasts its timeout");
      });
    }
    return deferred.addCallbacks((client) => {
      if (!client.isLoggedIn) this.#fail("whenConnected() gives a connection without a login");
      if (client.isLost) this.#fail("whenConnected() gives a lost connection");
      return client;
    }, (error) => {
      if (error instanceof TimeoutError) this.sometimes("a wait for a connection times out");
      else if (error instanceof CancelledError) {
        this.sometimes("a wait for a connection is cancelled by the stop");
      } else if (failures === Infinity) this.#fail("whenConnected() fails without a reason");
      else this.sometimes("a wait for a connection fails after its failures");
      if (error instanceof ConnectTimeoutError) this.sometimes("an attempt times out");
      throw error;
    });
  }

  /** Does something at random, again and again. */
  #act(): void {
    const { random } = this.host;
    const choice = random.below(100);
    if (this.#world.isHealed || choice < 60) this.#current?.ping(this.#world.network.seconds());
    else if (choice < 67) this.#ignore(this.#wait(random.below(80) / 10, Infinity));
    else if (choice < 75) this.#ignore(this.#wait(Infinity, random.between(1, 3)));
    else if (choice < 80) this.#ignore(this.#wait(random.below(80) / 10, random.between(1, 3)));
    else if (choice < 84 && this.#service.running) this.#stop();
    this.#own.later(random.between(300, 1500) / 1000, () => this.#act());
  }

  #ignore(waiting: Deferred<Client>): void {
    waiting.addErrback(() => {});
  }
}
