/**
 * A network of simulated hosts in virtual time.
 *
 * @module
 */

import { Deferred, gatherResults } from "../../defer/mod.ts";
import { isIPAddress, isIPv6Address } from "../../reactor/addresses.ts";
import { checkDelay, checkString, quote } from "../../internal/validation.ts";
import { Checks } from "./checks.ts";
import { FaultPlanner } from "./fault_planner.ts";
import { FaultSource } from "./fault_source.ts";
import {
  type Fault,
  type FaultRates,
  formatFault,
  inMicroseconds,
  type TimedFault,
  type TimedKind,
} from "./faults.ts";
import { Link } from "./link.ts";
import { Machine } from "./machine.ts";
import { RandomStream } from "./random.ts";
import { Schedule, SECOND } from "./schedule.ts";
import { EPOCH_MS, type HostProgram, SimulatedHost } from "./simulated_host.ts";
import type { TaskModules } from "./simulated_threads.ts";
import { MachineClock } from "./simulated_timer.ts";
import { Trace } from "./trace.ts";
import { type End, hostLoop, runSchedule } from "./run_schedule.ts";

/** Options of {@linkcode SimulatedNetwork}. */
export interface SimulatedNetworkOptions {
  /**
   * Decides all random numbers.
   *
   * @default {1}
   */
  seed?: number | string | undefined;
  /**
   * The rates of the faults.
   *
   * @default {{}} No faults.
   */
  faults?: FaultRates | undefined;
  /**
   * The faults that happen, in place of random ones. The rates are then ignored.
   *
   * @default {undefined}
   */
  script?: readonly Fault[] | undefined;
  /**
   * The time that a packet needs between two hosts, in seconds.
   *
   * @default {0.001}
   */
  latency?: number | undefined;
  /**
   * Whether to keep a trace, which costs time and memory.
   *
   * @default {false}
   */
  trace?: boolean | undefined;
  /**
   * The modules of the tasks that programs run in threads, by their URLs. The threads of a
   * simulation are stand-ins in the same thread, and cannot wait for an import.
   *
   * @default {{}}
   */
  taskModules?: TaskModules | undefined;
  /**
   * Values of parameters, in place of those that the scenario gives to
   * {@linkcode SimulatedNetwork.parameter}.
   *
   * @default {{}}
   */
  parameters?: Readonly<Record<string, number>> | undefined;
}

/** A parameter of a scenario, which a search for a smaller failure may reduce. */
export interface Parameter {
  /** The value. */
  readonly value: number;
  /** The least value with which the scenario works. */
  readonly least: number;
}

/** Options of {@linkcode SimulatedNetwork.addHost}. */
export interface HostOptions {
  /**
   * The IP addresses of the host.
   *
   * @default {["10.0.0.1", "fd00::1"]} for the first host, and so on.
   */
  addresses?: readonly string[] | undefined;
}

/** The state of one link, which a test may change at any time. */
export interface LinkOptions {
  /** The time that a packet needs, in seconds. */
  latency?: number | undefined;
  /** Bytes per second; Infinity for no limit. */
  bandwidth?: number | undefined;
}

/** How long {@linkcode SimulatedNetwork.shutDown} waits for the reactors to stop, in seconds. */
const SHUTDOWN_LIMIT = 3600;

/**
 * A network of hosts in virtual time. Each host has a reactor of its own; the connections between
 * them run the state machine of real connections over simulated sockets.
 *
 * `simulate()` makes a network and runs it. A test that wants to move the time itself makes one
 * with `new`, and calls {@linkcode SimulatedNetwork.runUntil}.
 *
 * @example
 * ```ts
 * import { Factory, Protocol, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { SimulatedNetwork } from "@torsion/reactor/testing";
 *
 * class Hello extends Protocol {
 *   override connectionMade(): void {
 *     this.transport.write("hello");
 *   }
 * }
 *
 * const network = new SimulatedNetwork({ seed: 7 });
 * network.addHost("server", ({ reactor }) => {
 *   reactor.listenTCP(2000, Factory.forProtocol(Hello));
 * });
 * const client = network.addHost("client");
 * class Reader extends Protocol {
 *   override dataReceived(data: Uint8Array): void {
 *     console.log(client.reactor.seconds(), new TextDecoder().decode(data)); // 0.003 hello
 *   }
 * }
 * network.callLater(0, () => {
 *   const endpoint = new TCP4ClientEndpoint(client.reactor, network.addressOf("server"), 2000);
 *   endpoint.connect(Factory.forProtocol(Reader));
 * });
 * await network.runUntil(network.sleep(1));
 * ```
 */
export class SimulatedNetwork {
  /** Random numbers for the scenario. */
  readonly random: RandomStream;
  /** What happened so far, if the option `trace` is set. */
  readonly trace: Trace;
  readonly #hostLoop = hostLoop();
  readonly #schedule = new Schedule();
  readonly #checks = new Checks(this.#schedule);
  readonly #faults: FaultSource;
  readonly #planner: FaultPlanner;
  readonly #latency: number;
  readonly #taskModules: TaskModules;
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #machines = new Map<string, Machine>();
  readonly #addresses = new Map<string, Machine>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #links = new Map<Machine, Map<Machine, Link>>();
  readonly #parameters = new Map<string, Parameter>();
  readonly #givenParameters: Readonly<Record<string, number>>;
  readonly #allowedErrors: ((error: unknown) => boolean)[] = [];
  #entered = false;
  /** The name of the host whose program was called last. */
  #current = "";
  #events = 0;

  /**
   * Creates a network without hosts.
   *
   * @param options The seed and the faults.
   * @throws {RangeError} If an option is invalid.
   */
  constructor(options: SimulatedNetworkOptions = {}) {
    const { seed = 1, faults = {}, script, latency = 0.001, trace = false } = options;
    checkDelay("latency", latency);
    const random = new RandomStream(String(seed));
    this.random = random.fork("scenario");
    this.trace = new Trace(trace);
    this.#latency = inMicroseconds(latency);
    this.#taskModules = options.taskModules ?? {};
    this.#givenParameters = options.parameters ?? {};
    const report = (fault: Fault) => {
      if (trace) this.#note(hostOf(fault), `fault: ${formatFault(fault)}`);
    };
    this.#faults = new FaultSource(random.fork("faults"), script ?? null, report);
    this.#planner = new FaultPlanner(this.#schedule, this.#faults, random.fork("plan"), {
      candidates: (kind) => this.#candidates(kind),
      begin: (fault) => this.#begin(fault),
      end: (fault) => this.#end(fault),
    });
    this.setFaults(faults);
  }

  /** The hosts, in the order in which they were added. */
  get hosts(): readonly SimulatedHost[] {
    return [...this.#hosts.values()];
  }

  /** The faults that have happened. */
  get faults(): readonly Fault[] {
    return this.#faults.faults;
  }

  /** The checks of the scenario. */
  get checks(): Checks {
    return this.#checks;
  }

  /** The number of events so far: packets, timers, and faults. */
  get eventCount(): number {
    return this.#events;
  }

  /**
   * Adds a host.
   *
   * @param name The name of the host, which other hosts can look up.
   * @param program Starts in the next event, and again after each crash. A host without a program
   *   does not crash by itself.
   * @param options The addresses of the host.
   * @returns The host. Its reactor is running.
   * @throws {RangeError} If the name or an address is in use, or an address is invalid.
   */
  addHost(
    name: string,
    program: HostProgram | null = null,
    { addresses }: HostOptions = {},
  ): SimulatedHost {
    checkString("addHost() name", name);
    const number = this.#machines.size + 1;
    const own = addresses ??
      [`10.0.${number >> 8}.${number & 255}`, `fd00::${number.toString(16)}`];
    this.#checkHost(name, own);
    const machine = new Machine(name, own, this.#faults.site(name), {
      schedule: this.#schedule,
      trace: this.trace,
      entered: () => {
        this.#entered = true;
        this.#current = name;
      },
      machineAt: (address) => this.#addresses.get(address) ?? null,
      link: (from, to) => this.#link(from, to),
      machines: () => this.#machines.values(),
    });
    this.#machines.set(name, machine);
    for (const address of own) this.#addresses.set(address, machine);
    this.#names.set(name, own);
    this.trace.addHost(name, own);
    const skew = this.#faults.skew(name);
    const clock = new MachineClock(this.#schedule, skew?.offset ?? 0, skew?.drift ?? 0);
    const network = {
      names: this.#names,
      taskModules: this.#taskModules,
      note: (host: string, text: string) => this.#note(host, text),
      programFailed: ({ name }: SimulatedHost, error: unknown) =>
        this.#checks.fail("failure", `the program of ${name} has failed: ${error}`, error),
    };
    const host = new SimulatedHost(
      machine,
      clock,
      network,
      this.random.fork(`host ${name}`),
      program,
    );
    this.#hosts.set(name, host);
    return host;
  }

  /**
   * Returns a host.
   *
   * @param name The name of the host.
   * @throws {RangeError} If there is no such host.
   */
  host(name: string): SimulatedHost {
    const host = this.#hosts.get(name);
    if (host !== undefined) return host;
    throw new RangeError(
      `The network has no host ${quote(name)}: its hosts are ${[...this.#hosts.keys()].join(", ")}`,
    );
  }

  /**
   * Returns the first address of a host.
   *
   * @param name The name of the host.
   */
  addressOf(name: string): string {
    return this.host(name).addresses[0] ?? "";
  }

  /**
   * Sets the addresses of a name, which need not be the name of a host.
   *
   * @param name The host name.
   * @param addresses The addresses, in the order in which to try them.
   */
  setName(name: string, addresses: readonly string[]): void {
    this.#names.set(name.toLowerCase(), [...addresses]);
  }

  // Time.

  /** Returns the virtual time in seconds. */
  seconds(): number {
    return this.#schedule.now / SECOND;
  }

  /** Returns the virtual time in milliseconds since 1970, without the error of any host. */
  now(): number {
    return EPOCH_MS + Math.floor(this.#schedule.now / 1000);
  }

  /**
   * Calls a function of the scenario after a delay.
   *
   * @param delay Seconds from now, at least 0.
   * @param f The function.
   */
  callLater(delay: number, f: () => unknown): void {
    checkDelay("callLater() delay", delay);
    this.#schedule.at(this.#schedule.now + inMicroseconds(delay), () => {
      this.#entered = true;
      f();
    });
  }

  /**
   * Calls a function after a delay, unless the simulation ends before. The pending call does not
   * count as something that can happen.
   *
   * @param delay Seconds from now.
   * @param f The function.
   */
  inBackground(delay: number, f: () => void): void {
    this.#schedule.at(this.#schedule.now + inMicroseconds(delay), f, true);
  }

  /**
   * Returns a Deferred that fires after a delay.
   *
   * @param seconds Seconds from now, at least 0.
   */
  sleep(seconds: number): Deferred<void> {
    const slept = new Deferred<void>();
    this.callLater(seconds, () => {
      if (!slept.called) slept.callback();
    });
    return slept;
  }

  /** Returns the time of the next event in seconds, or `undefined` if no event is pending. */
  nextDue(): number | undefined {
    return this.#schedule.size === 0 ? undefined : this.#schedule.next / SECOND;
  }

  /**
   * Makes the events of the next seconds at once, without waiting for promises between them. A test
   * that awaits uses {@linkcode runUntil}, or `autoAdvance(network)`.
   *
   * @param seconds The time to pass, in seconds, at least 0.
   */
  advance(seconds: number): void {
    checkDelay("advance() seconds", seconds);
    this.#schedule.advanceTo(this.#schedule.now + inMicroseconds(seconds));
  }

  /**
   * Watches the events, for `autoAdvance()`.
   *
   * @param scheduled Called when an event has been scheduled.
   * @returns A function that ends the watch.
   */
  watch(scheduled: () => void): () => void {
    this.#schedule.watch(scheduled);
    return () => this.#schedule.watch(null);
  }

  /**
   * Moves the virtual time until a promise has settled.
   *
   * @param done The promise.
   * @param limit Seconds of virtual time after which to give up.
   * @returns The value of the promise.
   * @throws {Error} If nothing can happen any more, if the limit is reached, or if a property does
   *   not hold. Errors of the promise are thrown as they are.
   */
  async runUntil<T>(done: PromiseLike<T>, limit: number = Infinity): Promise<T> {
    const end = await this.run(done, limit);
    const { violation } = this.#checks;
    if (violation !== null) throw new Error(violation.message, { cause: violation.cause });
    if (end === "idle") throw new Error("Nothing can happen any more: the promise never settles");
    if (end === "limit") throw new Error(`The promise did not settle within ${limit} s`);
    return await done;
  }

  /**
   * Moves the virtual time until a promise has settled, a property does not hold, nothing can
   * happen any more, or the limit is reached.
   *
   * @param done The promise.
   * @param limit Seconds of virtual time.
   * @returns Why the time stands still: `"done"` also if a property does not hold.
   */
  async run(done: PromiseLike<unknown>, limit: number = Infinity): Promise<End> {
    let isDone = false;
    const settled = () => void (isDone = true);
    done.then(settled, settled);
    return await runSchedule(this.#schedule, {
      host: this.#hostLoop,
      limit: this.#schedule.now + limit * SECOND,
      isDone: () => isDone || this.#checks.violation !== null,
      takeEntered: () => {
        this.#events++;
        const entered = this.#entered;
        this.#entered = false;
        return entered;
      },
      check: () => this.#checks.check(),
    });
  }

  // Faults.

  /**
   * Sets the rates of the faults from now on.
   *
   * @param rates The rates. An absent one is 0.
   * @throws {RangeError} If a name or a rate is invalid.
   */
  setFaults(rates: FaultRates): void {
    this.#faults.setRates(rates);
    this.#planner.update();
  }

  /**
   * Ends all faults: partitions heal, hosts resume and restart, and the rates are 0 from now on. A
   * connection that is half-open stays so.
   */
  heal(): void {
    this.note("heals");
    this.setFaults({});
    for (const links of this.#links.values()) for (const link of links.values()) link.heal();
    for (const host of this.#hosts.values()) {
      host.resume();
      if (!host.isUp && host.hasProgram) host.restart();
    }
  }

  /**
   * Cuts hosts off from other hosts, in both directions, until the returned object is disposed of
   * or {@linkcode heal} is called.
   *
   * @param hosts The names of the hosts on one side.
   * @param from The names of the hosts on the other side; all others by default.
   */
  partition(hosts: readonly string[], from: readonly string[] = this.#others(hosts)): Disposable {
    return this.#interrupt({ hosts, from }, true);
  }

  /**
   * Loses all packets from some hosts to others. Packets in the other direction arrive.
   *
   * @param hosts The names of the hosts that send in vain.
   * @param to The names of the hosts that they cannot reach; all others by default.
   */
  partitionOneWay(
    hosts: readonly string[],
    to: readonly string[] = this.#others(hosts),
  ): Disposable {
    return this.#interrupt({ hosts, from: to }, false);
  }

  /**
   * Sets the latency and the bandwidth from one host to another.
   *
   * @param from The name of the sender.
   * @param to The name of the receiver.
   * @param options What to change.
   */
  setLink(from: string, to: string, { latency, bandwidth }: LinkOptions): void {
    const link = this.#link(this.#machine(from), this.#machine(to));
    if (latency !== undefined) {
      checkDelay("latency", latency);
      link.latency = inMicroseconds(latency);
    }
    if (bandwidth !== undefined) {
      if (!(bandwidth > 0)) throw new RangeError(`bandwidth must be more than 0, got ${bandwidth}`);
      link.bandwidth = bandwidth;
    }
  }

  // Properties.

  /**
   * Adds a property that must hold after every event.
   *
   * @param name The property, as a sentence.
   * @param condition Returns whether it holds.
   */
  always(name: string, condition: () => boolean): void {
    this.#checks.always(name, condition);
  }

  /**
   * Adds a property that must hold at least once within a time.
   *
   * @param within Seconds from now.
   * @param name The property, as a sentence.
   * @param condition Returns whether it holds. It is called after every event until then.
   * @returns A Deferred that fires when the property holds.
   */
  eventually(within: number, name: string, condition: () => boolean): Deferred<void> {
    checkDelay("eventually() within", within);
    const reached = new Deferred<void>();
    const isReached = () => reached.callback();
    this.#checks.eventually(inMicroseconds(within), name, condition, isReached);
    return reached;
  }

  /**
   * Records a state that some seed must reach. `explore()` fails if none does: a search that never
   * came to the interesting state proves nothing.
   *
   * @param name The state.
   * @param condition Whether it is reached here.
   */
  sometimes(name: string, condition: boolean = true): void {
    this.#checks.sometimes(name, condition);
  }

  /**
   * Fails the simulation.
   *
   * @param message What is wrong.
   */
  fail(message: string): void {
    this.#checks.fail("failure", message);
  }

  /**
   * Declares a number that the search for a smaller failure may reduce: of hosts, of seconds, of
   * bytes.
   *
   * @param name The name of the number.
   * @param value The value, an integer.
   * @param least The least value with which the scenario works.
   * @returns The value to use: the given one, or a smaller one.
   */
  parameter(name: string, value: number, least: number = 1): number {
    const used = Math.max(this.#givenParameters[name] ?? value, least);
    this.#parameters.set(name, { value: used, least });
    return used;
  }

  /** The parameters that the scenario has declared. */
  get parameters(): ReadonlyMap<string, Parameter> {
    return this.#parameters;
  }

  /**
   * Allows errors in the log. `simulate()` fails if any other error is logged.
   *
   * @param isAllowed Returns whether an error is allowed.
   */
  allowErrors(isAllowed: (error: unknown) => boolean): void {
    this.#allowedErrors.push(isAllowed);
  }

  /** Returns whether a logged error is allowed. */
  isAllowedError(error: unknown): boolean {
    return this.#allowedErrors.some((isAllowed) => isAllowed(error));
  }

  /** Adds a line to the trace. */
  note(text: string): void {
    this.#note("", text);
  }

  /** Adds a line of the log, by the host whose program was called last. */
  noteCurrent(text: string): void {
    this.trace.addRoutine(this.#schedule.now, this.#current, text);
  }

  /**
   * Heals the network, stops all reactors, and waits until they have closed everything.
   *
   * @returns A Deferred that fails if a reactor does not stop within an hour, or leaves a timed
   *   call.
   */
  shutDown(): Deferred<void> {
    this.heal();
    // A restarted program starts in the next event, so it has to be given that chance.
    return this.sleep(0).addCallback(() =>
      gatherResults(this.hosts.map((host) => this.#stop(host)))
    )
      .addTimeout(SHUTDOWN_LIMIT, {
        callLater: (delay, f) => {
          let isActive = true;
          this.callLater(delay, () => {
            if (isActive) f();
            isActive = false;
          });
          return { cancel: () => void (isActive = false), active: () => isActive };
        },
      }).addCallback(() => undefined);
  }

  #stop({ reactor, name, stopped: ended }: SimulatedHost): Deferred<void> {
    const stopped = new Deferred<void>();
    ended.then(() => {
      const left = reactor.getDelayedCalls();
      if (left.length === 0) return stopped.callback();
      stopped.errback(
        new Error(`The host ${name} has left ${left.length} timed calls: ${left.join(", ")}`),
      );
    });
    if (reactor.running) reactor.stop();
    return stopped;
  }

  // Private methods.

  #checkHost(name: string, addresses: readonly string[]): void {
    if (this.#hosts.has(name)) {
      throw new RangeError(`Cannot add the host ${quote(name)}: there is one of that name`);
    }
    if (/[\s,|#]|->/.test(name) || name === "") {
      throw new RangeError(
        `Cannot add the host ${quote(name)}: a name has no spaces, commas, "|", "#" or "->"`,
      );
    }
    for (const address of addresses) {
      const problem = !isIPAddress(address) && !isIPv6Address(address)
        ? "it is not an IP address"
        : this.#addresses.has(address)
        ? `the host ${this.#addresses.get(address)?.name} has it`
        : null;
      if (problem !== null) {
        throw new RangeError(
          `Cannot give the address ${quote(address)} to the host ${name}: ${problem}`,
        );
      }
    }
  }

  #machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) {
      this.host(name); // throws
      throw new RangeError(`The network has no host ${quote(name)}`);
    }
    return machine;
  }

  #link(from: Machine, to: Machine): Link {
    let links = this.#links.get(from);
    if (links === undefined) this.#links.set(from, links = new Map());
    let link = links.get(to);
    if (link === undefined) {
      const site = this.#faults.site(`${from.name}->${to.name}`);
      link = new Link(this.#schedule, site, from === to ? null : this.#latency);
      links.set(to, link);
    }
    return link;
  }

  #others(hosts: readonly string[]): string[] {
    return [...this.#hosts.keys()].filter((name) => !hosts.includes(name));
  }

  #candidates(kind: TimedKind): string[] {
    const needsProgram = kind === "kill" || kind.startsWith("crash");
    return this.hosts.filter((host) => host.isUp && (host.hasProgram || !needsProgram))
      .map(({ name }) => name);
  }

  #begin(fault: TimedFault): void {
    if (fault.kind === "partition" || fault.kind === "one-way partition") {
      this.#changeLinks(fault, fault.kind === "partition", (link) => link.interrupt(fault));
      return;
    }
    for (const name of fault.hosts) {
      const host = this.host(name);
      if (fault.kind === "pause") host.pause();
      else if (fault.kind === "kill") host.kill();
      else if (fault.kind === "clog") this.#clog(name, fault.until);
      else host.crash(fault.kind === "crash losing data");
    }
  }

  #end(fault: TimedFault): void {
    if (fault.kind === "partition" || fault.kind === "one-way partition") {
      this.#changeLinks(fault, fault.kind === "partition", (link) => link.restore(fault));
      return;
    }
    for (const name of fault.hosts) {
      const host = this.host(name);
      if (fault.kind === "pause") host.resume();
      else if (fault.kind !== "clog") host.restart();
    }
  }

  #clog(name: string, until: number): void {
    for (const other of this.#others([name])) {
      this.#link(this.#machine(name), this.#machine(other)).clog(until);
      this.#link(this.#machine(other), this.#machine(name)).clog(until);
    }
  }

  #interrupt(sides: Pick<TimedFault, "hosts" | "from">, bothWays: boolean): Disposable {
    const fault = {};
    const names = `${sides.hosts.join(", ")} ${bothWays ? "and" : "to"} ${sides.from.join(", ")}`;
    this.note(`interrupts ${names}`);
    this.#changeLinks(sides, bothWays, (link) => link.interrupt(fault));
    return {
      [Symbol.dispose]: () => {
        this.note(`restores ${names}`);
        this.#changeLinks(sides, bothWays, (link) => link.restore(fault));
      },
    };
  }

  #changeLinks(
    { hosts, from }: Pick<TimedFault, "hosts" | "from">,
    bothWays: boolean,
    change: (link: Link) => void,
  ): void {
    for (const one of hosts) {
      for (const other of from) {
        const [first, second] = [this.#machine(one), this.#machine(other)];
        change(this.#link(first, second));
        if (bothWays) change(this.#link(second, first));
      }
    }
  }

  #note(host: string, text: string): void {
    this.trace.add(this.#schedule.now, host, text);
  }
}

/** Returns the host in whose column of the trace a fault stands; `""` for several. */
function hostOf(fault: Fault): string {
  if ("place" in fault) return fault.place.split("->")[0] ?? "";
  if ("host" in fault) return fault.host;
  return fault.hosts.length === 1 ? fault.hosts[0] ?? "" : "";
}
