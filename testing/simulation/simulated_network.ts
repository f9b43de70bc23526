/**
 * A network of simulated hosts in virtual time.
 *
 * @module
 */

import { Deferred, FirstError, gatherResults } from "../../defer/mod.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";
import { follow, textOf } from "../../internal/foreign_value.ts";
import {
  checkDelay,
  checkFunction,
  checkString,
  checkTimeout,
  quote,
} from "../../internal/validation.ts";
import type { IDelayedCall } from "../../reactor/interfaces/mod.ts";
import { RandomStream } from "../random_stream.ts";
import { Checks } from "./checks.ts";
import { FaultPlanner } from "./fault_planner.ts";
import { FaultSource } from "./fault_source.ts";
import { type Fault, type FaultRates, formatFault, inMicroseconds } from "./faults.ts";
import { HostTable } from "./host_table.ts";
import { LinkTable, type Sides } from "./link_table.ts";
import { Machine } from "./machine.ts";
import {
  checkAddresses,
  checkNetworkOptions,
  type HostOptions,
  type LinkOptions,
  type Parameter,
  type SimulatedNetworkOptions,
} from "./network_options.ts";
import { Parameters } from "./parameters.ts";
import { type End, MOMENT_LIMIT, runSchedule } from "./run_schedule.ts";
import { Schedule, SECOND } from "./schedule.ts";
import { EPOCH_MS, type HostProgram, SimulatedHost } from "./simulated_host.ts";
import { nameKey } from "./simulated_names.ts";
import type { TaskModules } from "./simulated_threads.ts";
import { MachineClock } from "./simulated_timer.ts";
import { TimedFaults } from "./timed_faults.ts";
import { Trace } from "./trace.ts";

/** How long {@linkcode SimulatedNetwork.shutDown} waits for the reactors to stop, in seconds. */
const SHUTDOWN_LIMIT = 3600;

/** What `simulate()` needs of a network, beside its public members. */
export interface NetworkInternals {
  /** The checks of the scenario. */
  readonly checks: Checks;
  /**
   * Moves the virtual time until a promise has settled, a property does not hold, nothing can
   * happen any more, or the limit is reached. A time limit that is reached is a violation, as is
   * code that a promise of the host continues.
   *
   * @param done The promise.
   * @param limit Seconds of virtual time.
   * @returns Whether nothing could happen any more, although the promise has not settled.
   */
  runGuarded(done: PromiseLike<unknown>, limit: number): Promise<boolean>;
  /**
   * Calls a function after a delay, unless the simulation ends before. The pending call does not
   * count as something that can happen.
   *
   * @param delay Seconds from now.
   * @param f The function.
   */
  inBackground(delay: number, f: () => void): void;
  /** Fixes the rates of the faults: `setFaults()` only switches kinds off, and on again. */
  fixFaults(): void;
  /** Adds a line of the log, by the host whose program was called last. */
  noteCurrent(text: string): void;
  /** Returns whether a logged error is allowed. */
  isAllowedError(error: unknown): boolean;
}

/** Returns the internal members of a network. */
export let internalsOf: (network: SimulatedNetwork) => NetworkInternals;

/**
 * A network of hosts in virtual time. Each host has a reactor of its own; the connections between
 * them run the state machine of real connections over simulated sockets.
 *
 * `simulate()` makes a network and runs it. A test that wants to move the time itself makes one
 * with `new`, and calls {@linkcode SimulatedNetwork.runUntil}. Such a network has no faults by
 * default, while `simulate()` uses `DEFAULT_FAULTS`.
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
  /** The record of the simulation so far. It is empty unless the option `trace` is set. */
  readonly trace: Trace;
  readonly #schedule = new Schedule();
  readonly #checks = new Checks(this.#schedule);
  readonly #faults: FaultSource;
  readonly #planner: FaultPlanner;
  readonly #taskModules: TaskModules;
  readonly #hosts = new HostTable();
  readonly #links: LinkTable;
  readonly #parameters: Parameters;
  readonly #allowedErrors: ((error: unknown) => boolean)[] = [];
  /** Whether a program was called since the last check. */
  #entered = true;
  /** The name of the host whose program was called last. */
  #current = "";

  static {
    internalsOf = (network) => ({
      checks: network.#checks,
      runGuarded: (done, limit) => network.#runGuarded(done, limit),
      inBackground: (delay, f) => {
        network.#schedule.at(network.#schedule.now + inMicroseconds(delay), f, true);
      },
      fixFaults: () => network.#faults.fixRates(),
      noteCurrent: (text) => network.trace.addRoutine(network.seconds(), network.#current, text),
      isAllowedError: (error) => network.#isAllowedError(error),
    });
  }

  /**
   * Creates a network without hosts.
   *
   * @param options The seed and the faults.
   * @throws {RangeError | SyntaxError | TypeError} If an option is invalid.
   */
  constructor(options: SimulatedNetworkOptions = {}) {
    const { seed = 1, faults = {}, script, latency = 0.001, trace = false } = options;
    checkNetworkOptions(options);
    const random = new RandomStream(String(seed));
    this.random = random.fork("scenario");
    this.trace = new Trace(trace);
    this.#taskModules = options.taskModules ?? {};
    this.#parameters = new Parameters(options.parameters ?? {});
    const report = (fault: Fault) => {
      if (trace) this.#note(hostOf(fault), `fault: ${formatFault(fault)}`);
    };
    this.#faults = new FaultSource(random.fork("faults"), script ?? null, report);
    this.#links = new LinkTable(
      this.#schedule,
      this.#faults,
      this.#hosts,
      random.fork("links"),
      latency,
    );
    this.#planner = new FaultPlanner(
      this.#schedule,
      this.#faults,
      random.fork("plan"),
      new TimedFaults(
        this.#hosts,
        this.#links,
        () => this.#enter(),
        (host, text) => this.#note(host, text),
      ),
    );
    this.#faults.setRates(faults);
    this.#planner.update();
  }

  /** The hosts, in the order in which they were added. */
  get hosts(): readonly SimulatedHost[] {
    return this.#hosts.hosts;
  }

  /** The faults that have happened, one line each. */
  get faults(): readonly string[] {
    return this.#faults.lines;
  }

  /**
   * The faults of the option `script` that have not happened: they name hosts that do not exist, or
   * moments and occurrences that the simulation has not reached.
   */
  get unusedFaults(): readonly string[] {
    return this.#faults.unused.map(formatFault);
  }

  /** The number of events so far: packets, timers, and faults. */
  get eventCount(): number {
    return this.#schedule.made;
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
    if (program !== null) checkFunction("addHost() program", program);
    const own = this.#hosts.addressesFor(name, addresses);
    const machine = new Machine(name, own, this.#faults.site(name), {
      schedule: this.#schedule,
      trace: this.trace,
      entered: () => {
        this.#entered = true;
        this.#current = name;
      },
      machineAt: (address) => this.#hosts.machineAt(address),
      link: (from, to) => this.#links.link(from, to),
      machines: () => this.#hosts.machines(),
    });
    this.#hosts.addMachine(machine);
    this.trace.addHost(name, own);
    const skew = this.#faults.skew(name);
    const clock = new MachineClock(this.#schedule, skew?.offset ?? 0, skew?.drift ?? 0);
    const network = {
      names: this.#hosts.names,
      taskModules: this.#taskModules,
      note: (host: string, text: string) => this.#note(host, text),
      guard: (what: string, f: () => unknown) => this.#guard(what, f),
    };
    const random = this.random.fork(`host ${name}`);
    const host = new SimulatedHost(machine, clock, network, random, program);
    this.#hosts.addHost(host);
    return host;
  }

  /**
   * Returns a host.
   *
   * @param name The name of the host.
   * @throws {RangeError} If there is no such host.
   */
  host(name: string): SimulatedHost {
    return this.#hosts.host(name);
  }

  /**
   * Returns the first address of a host.
   *
   * @param name The name of the host.
   * @throws {RangeError} If there is no such host.
   */
  addressOf(name: string): string {
    return this.host(name).addresses[0] ?? ""; // a host has at least one address
  }

  /**
   * Sets the addresses of a name, which need not be the name of a host.
   *
   * @param name The host name.
   * @param addresses The addresses, in the order in which to try them.
   * @throws {RangeError} If an address is not an IP address.
   */
  setName(name: string, addresses: readonly string[]): void {
    checkString("setName() name", name);
    if (addresses.length > 0) checkAddresses("setName() addresses", addresses);
    this.#hosts.names.set(nameKey(name), [...addresses]);
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
   * Calls a function of the scenario after a delay. If it throws, or returns a promise that
   * rejects, the simulation fails.
   *
   * @param delay Seconds from now, at least 0.
   * @param f The function.
   * @throws {RangeError | TypeError} If the delay is not a finite number of at least 0, or `f` is
   *   not a function.
   */
  callLater(delay: number, f: () => unknown): void {
    checkDelay("callLater() delay", delay);
    checkFunction("callLater() callable", f);
    this.#schedule.at(this.#schedule.now + inMicroseconds(delay), () => {
      this.#enter();
      this.#guard("a call of the scenario", f);
    });
  }

  /**
   * Returns a Deferred that fires after a delay.
   *
   * @param seconds Seconds from now, at least 0.
   * @throws {RangeError | TypeError} If the delay is not a finite number of at least 0.
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
   * @throws {Error} If nothing can happen any more, if the limit is reached, if the time stands
   *   still, or if a property does not hold. Errors of the promise are thrown as they are.
   */
  async runUntil<T>(done: PromiseLike<T>, limit: number = Infinity): Promise<T> {
    checkTimeout("runUntil() limit", limit);
    const end = await this.#run(done, limit);
    const { violation } = this.#checks;
    if (violation !== null) throw new Error(violation.message, { cause: violation.cause });
    if (end === "idle") throw new Error("Nothing can happen any more: the promise never settles");
    if (end === "limit") throw new Error(`The promise did not settle within ${limit} s`);
    if (end === "endless") throw new Error(this.#endless());
    return await done;
  }

  // Faults.

  /**
   * Sets the rates of the faults from now on, in place of all former ones. If all of them are 0,
   * the faults of a script do not happen either.
   *
   * Rates that are an option of `simulate()` or `explore()` win. This method then only switches the
   * kinds of faults off whose rate is 0 here, and on again.
   *
   * @param rates The rates. An absent one is 0.
   * @throws {RangeError | TypeError} If a name or a rate is invalid.
   */
  setFaults(rates: FaultRates): void {
    this.#faults.setRates(rates);
    this.#faults.isSilent = Object.values(rates).every((rate) => !rate);
    this.#planner.update();
  }

  /**
   * Ends all faults: partitions heal, hosts resume and restart, and the rates are 0 from now on. A
   * connection that is half-open stays so.
   */
  heal(): void {
    this.note("heals");
    this.setFaults({});
    this.#planner.endAll();
    this.#links.heal();
    for (const { listeners } of this.#hosts.machines()) {
      for (const listener of listeners) listener.fillUntil(0);
    }
    for (const host of this.hosts) {
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
   * @returns The partition, whose disposal ends it.
   * @throws {RangeError | TypeError} If a host does not exist, or an argument is not an array.
   */
  partition(
    hosts: readonly string[],
    from: readonly string[] = this.#hosts.others(hosts),
  ): Disposable {
    return this.#interrupt({ hosts, from }, true);
  }

  /**
   * Loses all packets from some hosts to others. Packets in the other direction arrive.
   *
   * @param hosts The names of the hosts whose packets are lost.
   * @param to The names of the hosts that they cannot reach; all others by default.
   * @returns The partition, whose disposal ends it.
   * @throws {RangeError | TypeError} If a host does not exist, or an argument is not an array.
   */
  partitionOneWay(
    hosts: readonly string[],
    to: readonly string[] = this.#hosts.others(hosts),
  ): Disposable {
    return this.#interrupt({ hosts, from: to }, false);
  }

  /**
   * Sets the latency, the jitter and the bandwidth from one host to another.
   *
   * @param from The name of the sender.
   * @param to The name of the receiver.
   * @param options The latency and the bandwidth; an absent one stays as it is.
   * @throws {RangeError | TypeError} If a host does not exist, or an option is invalid.
   */
  setLink(from: string, to: string, { latency, jitter, bandwidth }: LinkOptions): void {
    const link = this.#links.link(this.#hosts.machine(from), this.#hosts.machine(to));
    if (latency !== undefined) {
      checkDelay("setLink() latency", latency);
      link.latency = inMicroseconds(latency);
    }
    if (jitter !== undefined) {
      checkDelay("setLink() jitter", jitter);
      link.jitter = inMicroseconds(jitter);
    }
    if (bandwidth !== undefined) {
      if (!(typeof bandwidth === "number" && bandwidth > 0)) {
        throw new RangeError(
          `setLink() bandwidth must be more than 0 bytes per second, got ${quote(bandwidth)}`,
        );
      }
      link.bandwidth = bandwidth;
    }
  }

  // Properties.

  /**
   * Adds a property that must hold after every event, when the promises of the event have settled.
   *
   * @param name The property, as a sentence.
   * @param condition Returns whether it holds. If it throws, the simulation fails, and the error is
   *   part of the report.
   */
  always(name: string, condition: () => boolean): void {
    checkString("always() name", name);
    checkFunction("always() condition", condition);
    this.#enter();
    this.#checks.always(name, condition);
  }

  /**
   * Adds a property that must hold when the scenario has ended. Unlike the option `invariants` of
   * `explore()`, the condition can read the variables of the scenario, and `simulate()` and
   * `replay()` check it, too.
   *
   * @param name The property, as a sentence.
   * @param condition Returns whether it holds, or throws. It is called once, when the scenario has
   *   returned without a violation.
   *
   * @example
   * ```ts
   * import { replay, type SimulatedNetwork } from "@torsion/reactor/testing";
   *
   * async function scenario(network: SimulatedNetwork): Promise<void> {
   *   const seen: string[] = [];
   *   network.invariant("alice is seen once", () => seen.length === 1);
   *   network.addHost("alice", ({ name }) => void seen.push(name));
   *   await network.sleep(1);
   * }
   *
   * await replay(scenario, { faults: [] });
   * ```
   */
  invariant(name: string, condition: () => boolean | void): void {
    checkString("invariant() name", name);
    checkFunction("invariant() condition", condition);
    this.#checks.invariant(name, condition);
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
    checkString("eventually() name", name);
    checkFunction("eventually() condition", condition);
    const reached = new Deferred<void>();
    const isReached = () => {
      this.#enter();
      if (!reached.called) reached.callback();
    };
    this.#checks.eventually(inMicroseconds(within), name, condition, isReached);
    return reached;
  }

  /**
   * Records a state that some seed must reach. `explore()` fails if none does: a search that never
   * reaches the interesting state proves nothing.
   *
   * A call that no seed makes cannot be missed. So declare the names: see the option `sometimes` of
   * `explore()`.
   *
   * @param name The state.
   * @param condition Whether it is reached here.
   * @throws {TypeError} If the condition is not a boolean.
   */
  sometimes(name: string, condition: boolean): void {
    checkString("sometimes() name", name);
    if (typeof condition !== "boolean") {
      throw new TypeError(`sometimes() condition must be a boolean, got ${quote(condition)}`);
    }
    this.#checks.sometimes(name, condition);
  }

  /**
   * Fails the simulation.
   *
   * @param message The reason, as a sentence.
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
   * @param least The least value with which the scenario works, an integer.
   * @returns The value to use: the given one, or that of the option `parameters`.
   * @throws {RangeError | TypeError} If a value is not an integer, `least` is greater than `value`,
   *   or the name was declared before with other values.
   */
  parameter(name: string, value: number, least: number = 1): number {
    return this.#parameters.declare(name, value, least);
  }

  /** The parameters that the scenario has declared. */
  get parameters(): ReadonlyMap<string, Parameter> {
    return this.#parameters.declared;
  }

  /**
   * Allows errors in the log. `simulate()` fails if any other error is logged.
   *
   * @param isAllowed Returns whether an error is allowed.
   */
  allowErrors(isAllowed: (error: unknown) => boolean): void {
    checkFunction("allowErrors() predicate", isAllowed);
    this.#allowedErrors.push(isAllowed);
  }

  /** Adds a line to the trace. */
  note(text: string): void {
    this.#note("", text);
  }

  /**
   * Heals the network, stops the reactors of all hosts that run, and waits until they have closed
   * everything.
   *
   * @returns A Deferred that fails if a reactor does not stop within an hour, or leaves a timed
   *   call. The trace has the place where such a call was made.
   */
  shutDown(): Deferred<void> {
    this.heal();
    // A restarted program starts in the next event, so it has to be given that chance.
    return this.sleep(0).addCallback(() => {
      const running = this.hosts.filter(({ isUp }) => isUp);
      return gatherResults(running.map((host) => this.#stop(host)), { consumeErrors: true });
    }).addCallbacks(() => undefined, (error) => {
      throw error instanceof FirstError ? error.subFailure : error;
    });
  }

  #stop({ reactor, name, stopped: ended }: SimulatedHost): Deferred<void> {
    const stopped = new Deferred<void>();
    const fail = (why: string) =>
      stopped.errback(new Error(`Cannot shut the host ${name} down: ${why}`));
    const limit = this.#schedule.at(this.#schedule.now + SHUTDOWN_LIMIT * SECOND, () => {
      this.#enter();
      fail(`it did not stop within ${SHUTDOWN_LIMIT} s`);
    });
    ended.then(() => {
      if (stopped.called) return;
      this.#schedule.cancel(limit);
      const left = reactor.getDelayedCalls();
      if (left.length === 0) return stopped.callback();
      for (const call of left) this.#noteMaker(name, call);
      const calls = left.length === 1 ? "a timed call is" : `${left.length} timed calls are`;
      fail(`${calls} left: ${left.join(", ")}`);
    });
    if (reactor.running) reactor.stop();
    return stopped;
  }

  // Private methods.

  /** Adds the place where a timed call was made to the trace. Without a trace it is not known. */
  #noteMaker(host: string, call: IDelayedCall): void {
    const [place = ""] = creationTracker?.placeOf(call) ?? [];
    if (place !== "") this.#note(host, `${call} was made ${place.trim()}`);
  }

  async #runGuarded(done: PromiseLike<unknown>, limit: number): Promise<boolean> {
    const end = await this.#run(done, limit, () => {
      this.#checks.fail(
        "left virtual time",
        "code waits for a promise of the host, such as import()",
      );
    });
    if (end === "limit") this.#checks.fail("time limit", `the scenario took ${limit} s`);
    if (end === "endless") this.#checks.fail("time limit", this.#endless());
    return end === "idle";
  }

  #run(
    done: PromiseLike<unknown>,
    limit: number,
    continuedOutside: () => void = () => {},
  ): Promise<End> {
    let isDone = false;
    const settled = () => void (isDone = true);
    done.then(settled, settled);
    return runSchedule(this.#schedule, {
      limit: this.#schedule.now + limit * SECOND,
      isDone: () => isDone || this.#checks.violation !== null,
      hasEntered: () => this.#entered,
      check: () => {
        this.#entered = false;
        return this.#checks.check();
      },
      continuedOutside,
    });
  }

  #endless(): string {
    return `the time stands still at ${this.seconds()} s: more than ${MOMENT_LIMIT} events there`;
  }

  /** Returns whether a logged error is allowed. */
  #isAllowedError(error: unknown): boolean {
    try {
      return this.#allowedErrors.some((isAllowed) => isAllowed(error));
    } catch (thrown) {
      this.#failed("the predicate of allowErrors()", thrown);
      return true;
    }
  }

  #interrupt(sides: Sides, bothWays: boolean): Disposable {
    for (const names of [sides.hosts, sides.from]) {
      if (!Array.isArray(names)) {
        throw new TypeError(`A partition needs arrays of host names, got ${quote(names)}`);
      }
    }
    const fault = {};
    const names = `${sides.hosts.join(", ")} ${bothWays ? "and" : "to"} ${sides.from.join(", ")}`;
    this.#links.interrupt(fault, sides, bothWays);
    this.note(`interrupts ${names}`);
    return {
      [Symbol.dispose]: () => {
        this.note(`restores ${names}`);
        this.#links.restore(fault, sides, bothWays);
      },
    };
  }

  /** Records that code of the scenario runs, or that the network has changed. */
  #enter(): void {
    this.#entered = true;
  }

  /** Calls a function of the scenario. The simulation fails if it throws or rejects. */
  #guard(what: string, f: () => unknown): void {
    try {
      const result = f();
      if (result !== undefined) follow(result, undefined, (error) => this.#failed(what, error));
    } catch (error) {
      this.#failed(what, error);
    }
  }

  #failed(what: string, error: unknown): void {
    this.#checks.fail("failure", `${what} has failed: ${textOf(error)}`, error);
  }

  #note(host: string, text: string): void {
    this.trace.add(this.seconds(), host, text);
  }
}

/** Returns the host in whose column of the trace a fault stands; `""` for several. */
function hostOf(fault: Fault): string {
  if ("place" in fault) return fault.place.split("->")[0] ?? "";
  if ("host" in fault) return fault.host;
  return fault.hosts.length === 1 ? fault.hosts[0] ?? "" : "";
}
