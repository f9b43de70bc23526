/**
 * What a connection stands on in a test: a host whose time and turns the test moves, a pipe in memory, and a peer.
 *
 * @module
 */

import { Connection, type ConnectionOwner } from "../connection.ts";
import type { ConnectionHost } from "../connection_host.ts";
import { connectionLimits } from "../connection_limits.ts";
import { TimedCalls } from "../time/delayed_call.ts";
import { EndOfTurn, type EndOfTurnTask } from "../end_of_turn.ts";
import type {
  ConnectionOptions,
  IDelayedCall,
  IHalfCloseableProtocol,
  IProtocol,
  ITransport,
} from "../interfaces.ts";
import { type MemoryDriver, memoryPipe, type MemoryPipeOptions } from "../memory_driver.ts";
import { ReactorResources } from "../resources.ts";
import type { StreamDriverSink } from "../stream_driver.ts";
import { CheckedDriver } from "./checked_driver.ts";

/** An end of turn that comes when the test says so. */
class ManualEndOfTurn extends EndOfTurn {
  tasks: EndOfTurnTask[] = [];

  override add(task: EndOfTurnTask): void {
    this.tasks.push(task);
  }
}

/** A host for connections in which nothing happens by itself. */
export class TestHost implements ConnectionHost {
  readonly resources = new ReactorResources();
  readonly endOfTurn = new ManualEndOfTurn();
  /** What the pipes are about to do. */
  readonly steps: (() => void)[] = [];
  readonly reactor: ConnectionHost["reactor"];
  /** Whether the reactor runs; see {@linkcode run}. */
  isRunning = true;
  readonly #whenRunning: (() => unknown)[] = [];
  #now = 0;
  readonly #calls: TimedCalls = new TimedCalls({ seconds: () => this.#now });

  constructor() {
    this.reactor = {
      seconds: () => this.#now,
      callLater: <A extends unknown[]>(
        delay: number,
        f: (...args: A) => unknown,
        ...args: A
      ): IDelayedCall => this.#calls.callLater(delay, f, args),
      getDelayedCalls: () => this.#calls.pending(),
      callWhenRunning: (f, ...args) => {
        if (this.isRunning) f(...args);
        else this.#whenRunning.push(() => f(...args));
        return null;
      },
    };
  }

  /** Starts the reactor, if it was made not to run yet. */
  run(): void {
    this.isRunning = true;
    for (const f of this.#whenRunning.splice(0)) f();
  }

  /** Ends the turn: what waits for that is done. */
  endTurn(): void {
    const tasks = this.endOfTurn.tasks;
    this.endOfTurn.tasks = [];
    for (const task of tasks) task.endOfTurn();
  }

  /** Ends the turn, takes the pipes' steps, and so on until nothing moves any more. */
  settle(): void {
    for (let round = 0; round < 100_000; round++) {
      this.endTurn();
      const step = this.steps.shift();
      if (step !== undefined) step();
      else if (this.endOfTurn.tasks.length === 0) return;
    }
    throw new Error("The connections do not come to rest");
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    this.#now += seconds;
    this.#calls.runDue(this.#now, (f, args) => {
      // Stored together with these arguments.
      f(...args as never[]);
    });
    this.settle();
  }
}

/** What the methods of a {@linkcode Recorder} do beside recording. */
export interface Behaviour {
  connectionMade?: (protocol: Recorder) => unknown;
  dataReceived?: (protocol: Recorder, data: string) => unknown;
  connectionLost?: (protocol: Recorder, reason: Error) => unknown;
  readConnectionLost?: (protocol: Recorder) => unknown;
  writeConnectionLost?: (protocol: Recorder) => unknown;
}

/** A protocol that records what happens to it. */
export class Recorder implements IProtocol {
  /** What happened, in order: `made`, `received …`, `read lost`, `write lost`, `lost …`. */
  readonly events: string[] = [];
  /** Why the connection was lost. */
  reason: Error | null = null;
  /** Whether a method was called while another ran. */
  reentered = false;
  protected readonly behaviour: Behaviour;
  #transport: ITransport | null = null;
  #running = false;

  constructor(behaviour: Behaviour = {}) {
    this.behaviour = behaviour;
  }

  get transport(): ITransport {
    if (this.#transport === null) throw new Error("Not connected");
    return this.#transport;
  }

  /** All that was received. */
  get received(): string {
    return this.events.filter((event) => event.startsWith("received "))
      .map((event) => event.slice("received ".length)).join("");
  }

  makeConnection(transport: ITransport): void {
    this.#transport = transport;
    return this.connectionMade();
  }

  connectionMade(): void {
    return this.record("made", () => this.behaviour.connectionMade?.(this));
  }

  dataReceived(data: Uint8Array): void {
    const text = new TextDecoder().decode(data);
    return this.record(`received ${text}`, () => this.behaviour.dataReceived?.(this, text));
  }

  connectionLost(reason: Error): void {
    this.reason = reason;
    return this.record(
      `lost ${reason.name}`,
      () => this.behaviour.connectionLost?.(this, reason),
    );
  }

  logPrefix(): string {
    return "Recorder";
  }

  /** Typed as the methods are that return its result: a promise of theirs is the connection's to look at. */
  protected record(event: string, then: () => unknown): void {
    this.events.push(event);
    this.reentered ||= this.#running;
    this.#running = true;
    try {
      return then() as void;
    } finally {
      this.#running = false;
    }
  }
}

/** A {@linkcode Recorder} that is told of each direction's end. */
export class HalfCloseableRecorder extends Recorder implements IHalfCloseableProtocol {
  readConnectionLost(): void {
    return this.record("read lost", () => this.behaviour.readConnectionLost?.(this));
  }

  writeConnectionLost(): void {
    return this.record("write lost", () => this.behaviour.writeConnectionLost?.(this));
  }
}

/** The other end, worked by hand. */
export class Peer implements StreamDriverSink {
  /** What has come, as text. */
  text = "";
  /** How it ended: `""` while it has not. */
  end = "";
  readonly driver: MemoryDriver;
  readonly #unsent: Uint8Array[] = [];
  #writing = false;

  constructor(driver: MemoryDriver) {
    this.driver = driver;
    driver.attach(this);
  }

  /** Bytes that the pipe has not taken yet. */
  get unsent(): number {
    return this.#unsent.reduce((size, { length }) => size + length, 0);
  }

  send(data: string): void {
    this.#unsent.push(new TextEncoder().encode(data));
    this.#sendOn();
  }

  received(chunk: Uint8Array): void {
    this.text += new TextDecoder().decode(chunk);
  }

  readEnded(): void {
    this.end = "ended";
  }

  wrote(count: number): void {
    this.#writing = false;
    const first = this.#unsent.shift();
    if (first !== undefined && count < first.length) this.#unsent.unshift(first.subarray(count));
    this.#sendOn();
  }

  writeClosed(): void {}

  failed(reason: Error): void {
    this.end = "code" in reason ? String(reason.code) : reason.message;
  }

  released(): void {}

  #sendOn(): void {
    const next = this.#unsent[0];
    if (this.#writing || next === undefined) return;
    this.#writing = true;
    this.driver.write(next);
  }
}

/** How a {@linkcode connect}ed bed is made. */
export interface BedOptions extends Behaviour, ConnectionOptions {
  /** Whether the protocol is told of each direction's end. */
  halfCloseable?: boolean;
  /** Whether the pipe takes its steps at once. */
  synchronous?: boolean;
  /** Of the pipe; see {@linkcode MemoryPipeOptions}. */
  capacity?: number;
}

/** A connection, what is around it, and what came of it. */
export class Bed implements Disposable {
  readonly host = new TestHost();
  readonly protocol: Recorder;
  readonly driver: CheckedDriver;
  readonly connection: Connection;
  readonly peer: Peer;
  /** What the connection's owner was told. */
  readonly owner: Error[] = [];

  constructor(options: BedOptions) {
    const pipe: MemoryPipeOptions = {
      schedule: options.synchronous ? (step) => step() : (step) => this.host.steps.push(step),
      ...options.capacity === undefined ? {} : { capacity: options.capacity },
    };
    const [end, other] = memoryPipe(pipe);
    this.peer = new Peer(other);
    this.driver = new CheckedDriver(end);
    this.protocol = new (options.halfCloseable ? HalfCloseableRecorder : Recorder)(options);
    const owner: ConnectionOwner = {
      host: this.host,
      limits: connectionLimits(options),
      logSuffix: () => "7,192.0.2.2",
      connectionLost: (_, reason) => this.owner.push(reason),
    };
    this.connection = new Connection(owner, this.driver, this.protocol);
  }

  get events(): string[] {
    return this.protocol.events;
  }

  /** Checks what holds for every connection. */
  [Symbol.dispose](): void {
    const { events, reentered, reason } = this.protocol;
    const wrong = [...this.driver.violations];
    if (reentered) wrong.push("the protocol was re-entered");
    const losses = events.filter((event) => event.startsWith("lost ")).length;
    if (losses > 1) wrong.push("connectionLost() came more than once");
    if (losses === 1 && !events.at(-1)?.startsWith("lost ")) {
      wrong.push("something came after connectionLost()");
    }
    if (this.owner.length !== losses || (losses === 1 && this.owner[0] !== reason)) {
      wrong.push("the owner was told otherwise");
    }
    if (this.driver.isReleased === this.host.resources.size > 0) wrong.push("resources are wrong");
    if (losses === 1 && this.host.reactor.getDelayedCalls().length > 0) {
      wrong.push("a timed call is left");
    }
    if (wrong.length > 0) throw new Error(wrong.join("; ") + `: ${events.join(", ")}`);
  }
}

/** An open connection, come to rest. The peer reads. */
export function connect(options: BedOptions = {}): Bed {
  const bed = new Bed(options);
  bed.peer.driver.startReading();
  bed.connection.open();
  bed.host.settle();
  return bed;
}
