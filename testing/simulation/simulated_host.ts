/**
 * A host of a simulated network, with its reactor and its program.
 *
 * @module
 */

import { checkString, quote } from "../../internal/validation.ts";
import { MemorySignals } from "../../reactor/drivers/memory/memory_signals.ts";
import { VirtualReactor } from "../../reactor/drivers/memory/virtual_reactor.ts";
import type { HostSockets } from "../../reactor/lifecycle/host_sockets.ts";
import { inMicroseconds } from "./faults.ts";
import { SimulatedSockets } from "./host_sockets.ts";
import type { Machine } from "./machine.ts";
import type { RandomStream } from "../random_stream.ts";
import { type NameTable, SimulatedResolver } from "./simulated_names.ts";
import { startSimulatedThread, type TaskModules } from "./simulated_threads.ts";
import { type MachineClock, SimulatedTimer } from "./simulated_timer.ts";
import { SimulatedTLS } from "./simulated_tls.ts";

/** The signals that do nothing without a handler (signal(7)). */
const IGNORED_SIGNALS: readonly Deno.Signal[] = [
  "SIGCHLD",
  "SIGCONT",
  "SIGSTOP",
  "SIGKILL",
  "SIGURG",
  "SIGWINCH",
];

/** The start of the virtual wall clock: 2020-01-01, in milliseconds since 1970. */
export const EPOCH_MS = 1_577_836_800_000;

/**
 * The program of a host. It is called when the host starts, and again after each crash, with the
 * reactor running. If it returns a promise that rejects, the simulation fails.
 */
export type HostProgram = (host: SimulatedHost) => void | PromiseLike<void>;

/** The part of the network that a host uses. */
export interface HostNetwork {
  readonly names: NameTable;
  readonly taskModules: TaskModules;
  /** Adds a line about a host to the trace. */
  note(host: string, text: string): void;
  /** Calls a function, and reports the error that it throws or rejects with. */
  guard(what: string, f: () => unknown): void;
}

/** The reactor of one process of a simulated host. */
export class SimulatedReactor extends VirtualReactor {
  /** Called by {@linkcode SimulatedHost}. */
  constructor(
    machine: Machine,
    clock: MachineClock,
    network: HostNetwork,
    random: RandomStream,
    signals: MemorySignals,
  ) {
    const { process, schedule } = machine;
    super({
      signalSource: signals,
      stopSignals: ["SIGINT", "SIGTERM"],
      loopTimer: (wake) => new SimulatedTimer(schedule, clock, process, wake),
      sockets: new SimulatedSockets(machine),
      nameResolver: new SimulatedResolver(machine, network.names),
      startThread: startSimulatedThread(process, network.taskModules),
      tls: new SimulatedTLS(random, machine.site),
    });
  }
}

/**
 * A host of a simulated network: a machine with addresses, and a process with a reactor.
 *
 * Made by `SimulatedNetwork.addHost()`.
 */
export class SimulatedHost {
  /** The name of the host, which is also its host name in the network. */
  readonly name: string;
  /** Values that survive a crash, as files do. */
  readonly disk: Map<string, unknown> = new Map();
  /** Random numbers for the program: pass `random.fraction` where `Math.random` is expected. */
  readonly random: RandomStream;
  readonly #machine: Machine;
  readonly #clock: MachineClock;
  readonly #network: HostNetwork;
  readonly #program: HostProgram | null;
  /** The number of reactors that the host has had. */
  #reactors = 0;
  #reactor: SimulatedReactor;
  #stopped: Promise<void> = Promise.resolve();
  #signals = new MemorySignals();

  /** Called by `SimulatedNetwork`. */
  constructor(
    machine: Machine,
    clock: MachineClock,
    network: HostNetwork,
    random: RandomStream,
    program: HostProgram | null,
  ) {
    this.name = machine.name;
    this.random = random;
    this.#machine = machine;
    this.#clock = clock;
    this.#network = network;
    this.#program = program;
    this.#reactor = this.#boot();
  }

  /** The IP addresses of the host. */
  get addresses(): readonly string[] {
    return this.#machine.addresses;
  }

  /** The reactor of the running process; after a crash, the reactor of the last one. */
  get reactor(): SimulatedReactor {
    return this.#reactor;
  }

  /** A promise that resolves when the reactor has stopped; never after a crash. */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** The sockets of the host, for peers without a reactor. */
  get sockets(): HostSockets {
    return new SimulatedSockets(this.#machine);
  }

  /**
   * Leaves the file of a UNIX socket whose server was killed. Connections to its path are refused,
   * and a new server replaces it. Connections to other unused paths fail with `ENOENT`.
   *
   * @param path The path of the socket.
   */
  leaveStaleSocket(path: string): void {
    this.#machine.socketFiles.add(path);
  }

  /** Makes another reactor in the process of the host. It does not run yet. */
  newReactor(): SimulatedReactor {
    return this.#makeReactor(new MemorySignals());
  }

  /** Whether the host runs. */
  get isUp(): boolean {
    return this.#machine.isUp && this.#machine.process.isAlive;
  }

  /** Whether the host has a program, which starts again after a crash. */
  get hasProgram(): boolean {
    return this.#program !== null;
  }

  /** Returns the time of the host's wall clock, in milliseconds since 1970. */
  now(): number {
    return EPOCH_MS + Math.floor(this.#clock.wall() / 1000);
  }

  /**
   * Moves the wall clock, as an administrator or a time server does. The clock of the reactor is
   * monotonic and does not move.
   *
   * @param seconds The seconds to add, which may be negative.
   * @throws {RangeError} If the seconds are not a finite number.
   */
  jumpClock(seconds: number): void {
    if (!Number.isFinite(seconds)) {
      throw new RangeError(`jumpClock() seconds must be a finite number, got ${quote(seconds)}`);
    }
    this.#network.note(this.name, `moves its clock by ${seconds} s`);
    this.#clock.jump(inMicroseconds(seconds));
  }

  /**
   * Stops the machine, as a power failure does. Its peers notice only when they send, or when a
   * timeout of theirs expires.
   *
   * @param losesData Whether the data that the host has sent is lost on its way, too.
   */
  crash(losesData: boolean = false): void {
    if (!this.isUp) return;
    this.#network.note(this.name, losesData ? "crashes, and loses what it has sent" : "crashes");
    this.#machine.crash(losesData);
  }

  /** Ends the process, as SIGKILL does. The system closes its connections. */
  kill(): void {
    if (!this.isUp) return;
    this.#network.note(this.name, "is killed");
    this.#machine.kill();
  }

  /** Starts the host after a crash, with a new reactor. Does nothing if it runs. */
  restart(): void {
    if (this.isUp) return;
    this.#network.note(this.name, "restarts");
    this.#machine.start();
    this.#reactor = this.#boot();
  }

  /**
   * Suspends the process, as SIGSTOP does. Its system still receives. Does nothing if it is down.
   */
  pause(): void {
    if (!this.isUp) return;
    this.#network.note(this.name, "is paused");
    this.#machine.process.pause(this);
  }

  /**
   * Resumes the process after {@linkcode pause}, unless a fault has paused it, too. Such a pause
   * lasts until its own end, or until `SimulatedNetwork.heal()`.
   */
  resume(): void {
    if (this.#machine.process.resume(this)) this.#network.note(this.name, "resumes");
  }

  /**
   * Delivers a signal to the process. Its handler is called. Without a handler, `SIGINT` and
   * `SIGTERM` stop the reactor, and other signals end the process as {@linkcode kill} does, except
   * those that a system ignores by default. `SIGKILL`, `SIGSTOP` and `SIGCONT` kill, pause and
   * resume the process.
   *
   * @param signal The name of the signal.
   * @throws {TypeError} If the name is not a string.
   */
  signal(signal: Deno.Signal): void {
    checkString("signal() signal", signal);
    if (!this.isUp) return;
    const { process } = this.#machine;
    const signals = this.#signals;
    this.#network.note(this.name, `receives ${signal}`);
    if (signal === "SIGKILL") this.kill();
    else if (signal === "SIGSTOP") this.pause();
    else if (signal === "SIGCONT") this.resume();
    process.run(() => {
      if (!signals.deliver(signal) && !IGNORED_SIGNALS.includes(signal)) this.kill();
    });
  }

  /** Adds a line to the trace. */
  note(text: string): void {
    this.#network.note(this.name, text);
  }

  /** Returns the name of the host. */
  toString(): string {
    return this.name;
  }

  /** Makes a reactor, runs it, and starts the program. */
  #boot(): SimulatedReactor {
    const signals = new MemorySignals();
    this.#signals = signals;
    const reactor = this.#makeReactor(signals);
    this.#stopped = reactor.run();
    const { schedule, process } = this.#machine;
    const program = this.#program;
    if (program !== null) {
      schedule.at(schedule.now, () => process.run(() => this.#start(program)));
    }
    return reactor;
  }

  #makeReactor(signals: MemorySignals): SimulatedReactor {
    // Each process has random numbers of its own, or it would repeat the handshakes of the last.
    const random = this.random.fork(`tls ${++this.#reactors}`);
    return new SimulatedReactor(this.#machine, this.#clock, this.#network, random, signals);
  }

  #start(program: HostProgram): void {
    this.#network.guard(`the program of ${this.name}`, () => program(this));
  }
}
