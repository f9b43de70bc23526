import { atOnce, callLogged } from "../../defer/guarded_call.ts";
import { msg, warn } from "../../log/mod.ts";
import { killProcess } from "../../protocol/kill_process.ts";
import { ProcessProtocol } from "../../protocol/process_protocol.ts";
import { ProcessExitedAlready } from "../../reactor/errors.ts";
import type { IDelayedCall, IReactorTime, ProcessSignal } from "../../reactor/interfaces/mod.ts";
import { OutputLines } from "./output_lines.ts";

/** Seconds for which the output of a process that has exited is still read. */
const LAST_OUTPUT = 1;

/** What a worker's process needs to know: mostly the options of the supervisor. */
export interface WorkerSettings {
  readonly clock: IReactorTime;
  readonly threshold: number;
  readonly isReady: ((line: string) => boolean) | null;
  readonly readyTimeout: number;
  readonly killTime: number;
  readonly lineReceived: ((worker: string, line: string) => unknown) | null;
}

/** Receives the events of a worker's process. */
export interface WorkerOwner {
  /** Called at most once. */
  workerReady(worker: WorkerProcess): void;
  /** Called exactly once, after the process has exited. */
  workerEnded(worker: WorkerProcess, reason: Error): void;
}

/** One process of a worker, from its start to its end. */
export class WorkerProcess extends ProcessProtocol {
  /** The name of the worker. */
  readonly name: string;
  readonly #owner: WorkerOwner;
  readonly #settings: WorkerSettings;
  readonly #lines: readonly OutputLines[];
  #timer: IDelayedCall | null = null;
  #startTime = 0;
  #isReady = false;
  #isStopping = false;
  #hasExited = false;

  constructor(name: string, owner: WorkerOwner, settings: WorkerSettings) {
    super();
    this.name = name;
    this.#owner = owner;
    this.#settings = settings;
    const lineReceived = (line: string) => this.#lineReceived(line);
    this.#lines = [new OutputLines(lineReceived), new OutputLines(lineReceived)];
  }

  /** Whether the process has become ready. It stays true. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Seconds since the process was started. */
  get age(): number {
    return this.#settings.clock.seconds() - this.#startTime;
  }

  override connectionMade(): void {
    const { clock, threshold, isReady, readyTimeout } = this.#settings;
    this.#startTime = clock.seconds();
    msg(`Started as process ${this.transport.pid}`, { system: this.name });
    if (isReady === null) this.#after(threshold, () => this.#becomeReady());
    else if (readyTimeout < Infinity) this.#after(readyTimeout, () => this.#beLate());
  }

  /** Asks the process to end, and kills it if it does not. */
  stop(): void {
    if (this.#isStopping || this.#hasExited) return;
    this.#isStopping = true;
    this.signal("TERM");
    this.#after(this.#settings.killTime, () => {
      warn(`Killed, because it did not end in ${this.#settings.killTime} seconds`, {
        system: this.name,
      });
      this.kill();
    });
  }

  /** Kills the process. */
  kill(): void {
    this.#isStopping = true;
    if (!this.#hasExited) killProcess(this.transport);
  }

  /** Sends a signal. Does nothing if the process has exited. */
  signal(signal: ProcessSignal): void {
    try {
      this.transport.signalProcess(signal);
    } catch (error) {
      // The process can exit before its exit is reported.
      if (!(error instanceof ProcessExitedAlready)) throw error;
    }
  }

  override childDataReceived(childFD: number, data: Uint8Array): void {
    this.#lines[childFD - 1]?.dataReceived(data);
  }

  override processExited(): void {
    this.#hasExited = true;
    // A program that the worker has started may keep the pipes open.
    this.#after(LAST_OUTPUT, () => this.transport.loseConnection());
  }

  override processEnded(reason: Error): void {
    this.#cancelTimer();
    for (const lines of this.#lines) lines.end();
    this.#owner.workerEnded(this, reason);
  }

  override logPrefix(): string {
    return this.name;
  }

  #lineReceived(line: string): void {
    const { lineReceived, isReady } = this.#settings;
    const { name } = this;
    if (lineReceived === null) msg(line, { system: name });
    else callLogged(lineReceived, [name, line], `Error while calling lineReceived() for ${name}`);
    if (this.#isReady || this.#isStopping || this.#hasExited || isReady === null) return;
    const why = `Error while calling isReady() for ${name}`;
    callLogged(
      () => {
        if (atOnce("isReady()", isReady(line), why)) this.#becomeReady();
      },
      [],
      why,
    );
  }

  #becomeReady(): void {
    this.#cancelTimer();
    this.#isReady = true;
    this.#owner.workerReady(this);
  }

  #beLate(): void {
    warn(`Stopped, because it was not ready in ${this.#settings.readyTimeout} seconds`, {
      system: this.name,
    });
    this.stop();
  }

  /** Replaces the timer. Each state of a process waits for one moment. */
  #after(seconds: number, f: () => void): void {
    this.#cancelTimer();
    this.#timer = this.#settings.clock.callLater(seconds, f);
  }

  #cancelTimer(): void {
    if (this.#timer?.active()) this.#timer.cancel();
    this.#timer = null;
  }
}
