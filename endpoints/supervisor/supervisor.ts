import { CancelledError, type Deferred, DeferredLock, fail, succeed } from "../../defer/mod.ts";
import { WaiterQueue } from "../../defer/waiter_queue.ts";
import { callLogged } from "../../defer/guarded_call.ts";
import { checkString } from "../../internal/validation.ts";
import { critical } from "../../log/mod.ts";
import type {
  IReactorCore,
  IReactorProcess,
  IReactorTime,
  ProcessSignal,
} from "../../reactor/interfaces/mod.ts";
import { Service } from "../service/service.ts";
import { StopWaiters } from "../service/stop_waiters.ts";
import { TooManyRestarts } from "./errors.ts";
import { checkedOptions, type SupervisorOptions } from "./supervisor_options.ts";
import type { SupervisedProgram } from "./supervised_program.ts";
import { type SlotOwner, WorkerSlot } from "./worker_slot.ts";

/** The part of a reactor that a {@linkcode Supervisor} needs. */
export type SupervisorReactor =
  & Pick<IReactorCore, "addSystemEventTrigger">
  & IReactorProcess
  & IReactorTime;

/** The state of a worker. */
export interface WorkerStatus {
  /** The name of the worker: `worker 1` is the first one. */
  readonly name: string;
  /** The process ID; `null` while the worker has no process. */
  readonly pid: number | null;
  /** Whether the worker is ready. */
  readonly isReady: boolean;
}

/**
 * Runs a program in several processes, its workers. Twisted's
 * `twisted.runner.procmon.ProcessMonitor`, with several processes of one program, and with rolling
 * restarts.
 *
 * A worker that ends is started again. {@linkcode restart} replaces all workers one after another:
 * each new process must be ready before the old one gets SIGTERM. If the workers share a listening
 * socket, no client notices. `EpollReactor.openListeningSocket` opens one that they inherit.
 *
 * @example
 * ```ts no-eval
 * import { reactor, startApplication } from "@torsion/reactor";
 * import { Supervisor } from "@torsion/reactor/supervisor";
 *
 * const program = {
 *   executable: Deno.execPath(),
 *   args: ["run", "--allow-net", "server.ts"],
 *   env: null, // that of this process
 * };
 * const supervisor = new Supervisor(reactor, program, { workers: 4 });
 * startApplication(reactor, supervisor);
 * await reactor.run();
 * ```
 */
export class Supervisor extends Service {
  readonly #clock: IReactorTime;
  readonly #slots: readonly WorkerSlot[];
  readonly #maxRestarts: number;
  readonly #within: number;
  readonly #gaveUp: ((error: TooManyRestarts) => unknown) | null;
  readonly #stopWaiters = new StopWaiters();
  readonly #readyWaiters = new WaiterQueue<void>();
  readonly #restarting = new DeferredLock();
  /** The times of the last exits, in seconds. */
  #ends: number[] = [];

  /**
   * Creates a supervisor that has not been started.
   *
   * @param reactor The reactor that starts the processes. When it stops without waiting for this
   *   service, it kills the workers that are left.
   * @param program The program.
   * @param options The number of workers, and the limits.
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when an option has another type.
   */
  constructor(
    reactor: SupervisorReactor,
    program: SupervisedProgram,
    options: SupervisorOptions = {},
  ) {
    super();
    checkString("Supervisor() executable", program.executable);
    const settings = checkedOptions(options);
    const owner: SlotOwner = {
      slotReady: () => this.#checkReady(),
      slotFailed: (slot, reason) => this.#countEnd(slot, reason),
      slotIdle: () => this.#checkStopped(),
    };
    this.#clock = reactor;
    this.#maxRestarts = settings.maxRestarts;
    this.#within = settings.within;
    this.#gaveUp = settings.gaveUp;
    const slotSettings = { ...settings, reactor, clock: reactor, program };
    this.#slots = Array.from(
      { length: settings.workers },
      (_, index) => new WorkerSlot(`worker ${index + 1}`, owner, slotSettings),
    );
    reactor.addSystemEventTrigger("during", "shutdown", () => {
      for (const slot of this.#slots) slot.kill();
    });
  }

  /** The state of the workers. */
  get workers(): readonly WorkerStatus[] {
    return this.#slots.map(({ name, pid, isReady }) => ({ name, pid, isReady }));
  }

  /**
   * Starts the workers. A program that cannot be started counts as one that has ended: the error is
   * logged, and the start is tried again.
   *
   * @throws {Error} when workers are still stopping.
   */
  override startService(): void {
    if (!this.#isIdle) throw new Error(`Cannot start ${this}: its workers have not ended yet`);
    super.startService();
    this.#ends = [];
    for (const slot of this.#slots) slot.start();
  }

  /**
   * Sends SIGTERM to the workers, and kills those that do not end in time.
   *
   * @returns A Deferred that fires when all of them have ended.
   */
  override stopService(): Deferred<void> {
    super.stopService();
    const stopped = this.#stopWaiters.add();
    for (const slot of this.#slots) slot.stop();
    const error = new CancelledError(`The workers are not ready: ${this} has been stopped`);
    for (const waiter of this.#readyWaiters.takeAll()) waiter.errback(error);
    this.#checkStopped();
    return stopped;
  }

  /**
   * Waits until all workers are ready.
   *
   * @param options `signal` ends the wait when it aborts.
   * @returns A Deferred that fires at once if they are ready already. It fails with
   *   `CancelledError` when the service is stopped.
   */
  whenReady(options: { signal?: AbortSignal | undefined } = {}): Deferred<void> {
    const ready = this.#readyWaiters.join(options.signal);
    this.#checkReady();
    return ready;
  }

  /**
   * Replaces the workers one after another. The old process of a worker gets SIGTERM when the new
   * one is ready. A call during a restart begins when that restart has ended.
   *
   * @returns A Deferred that fires when every worker has been replaced. It fails with
   *   `WorkerNotReady` when a new process ends before it is ready: the old process continues to
   *   run, and the workers after it are not replaced. It fails with an `Error` when the service is
   *   not running. Cancelling it stops the new process in the same way.
   */
  restart(): Deferred<void> {
    return this.#restarting.run(() => {
      if (!this.running) {
        return fail(new Error(`Cannot restart the workers: ${this} is not running`));
      }
      return this.#slots.reduce<Deferred<void>>(
        (before, slot) => before.addCallback(() => slot.replace()),
        succeed(undefined),
      );
    });
  }

  /**
   * Sends a signal to all workers.
   *
   * @param signal The signal, such as `"HUP"`.
   */
  signalWorkers(signal: ProcessSignal): void {
    for (const slot of this.#slots) slot.signal(signal);
  }

  get #isIdle(): boolean {
    return this.#slots.every((slot) => slot.isIdle);
  }

  #checkReady(): void {
    if (!this.#slots.every((slot) => slot.isReady)) return;
    for (const waiter of this.#readyWaiters.takeAll()) waiter.callback();
  }

  #checkStopped(): void {
    if (this.#isIdle) this.#stopWaiters.take()();
  }

  #countEnd(slot: WorkerSlot, reason: Error): void {
    const now = this.#clock.seconds();
    this.#ends = [...this.#ends.filter((moment) => now - moment < this.#within), now];
    if (this.#ends.length <= this.#maxRestarts) return;
    const error = new TooManyRestarts(this.#maxRestarts, this.#within, slot.name, reason);
    critical(error.message);
    this.stopService();
    if (this.#gaveUp !== null) callLogged(this.#gaveUp, [error], `Error while calling gaveUp()`);
  }
}
