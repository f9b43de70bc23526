import { currentSystem } from "./context.ts";
import { inspect } from "./error_text.ts";
import {
  levelRanks,
  type LogEvent,
  type LogFields,
  type LogLevel,
  type LogObserver,
  makeEvent,
} from "./event.ts";
import { eventText } from "./event_text.ts";
import { LimitedHistory } from "./history.ts";
import { type SyncWriter, writeText } from "./sync_writer.ts";

/** How a {@linkcode LogPublisher} treats what nobody observes. */
export interface LogPublisherOptions {
  /**
   * How many events are kept for the first observer.
   *
   * @default {200} as in Twisted's `LogBeginner`
   */
  readonly historySize?: number;
  /** Where an error goes that no observer has taken. @default {Deno.stderr} */
  readonly errorWriter?: SyncWriter;
}

/** How an observer is added. */
export interface AddObserverOptions {
  /** The lowest level that it is told of. @default {"debug"} */
  readonly level?: LogLevel;
  /**
   * Whether the first observer is told of what happened before. One that says no, as a test's may,
   * leaves the history to the next.
   *
   * @default {true}
   */
  readonly replay?: boolean;
}

interface Registration {
  readonly observer: LogObserver;
  /** Infinity once it is removed. */
  lowestRank: number;
  /** Whether the observer is being called: what it logs itself goes to the others alone. */
  isRunning: boolean;
}

/**
 * Tells observers what happens (Twisted's `LogPublisher`, with the methods of its `Logger`).
 *
 * - Events are told at once, to the observers in the order in which they were added.
 * - Until the first observer comes, events are kept for it, and errors are written to standard
 *   error as well. Without any observer later on, errors go to standard error and the rest is let
 *   go.
 * - An observer that throws is reported to the others, as an error; if there is none, on standard
 *   error. It stays.
 * - What an observer logs while it is told of an event goes to the others, so logging never runs in
 *   a circle.
 *
 * @example
 * ```ts
 * import { LogPublisher, textFileLogObserver } from "@torsion/reactor/log";
 *
 * const log = new LogPublisher();
 * log.addObserver(textFileLogObserver(Deno.stdout), { level: "warn" });
 * log.info("Not shown.");
 * log.warn("Disk almost full.", { bytesFree: 1024 });
 * ```
 */
export class LogPublisher {
  readonly #errorWriter: SyncWriter | undefined;
  /** Copied when it changes, so that a change leaves the round that is under way alone. */
  #registrations: readonly Registration[] = [];
  /** There until the first observer has been told of it. */
  #history: LimitedHistory | undefined;
  /** The lowest level that makes a difference: below it, logging costs one comparison. */
  #lowestRank = 0;

  /**
   * A publisher without observers.
   *
   * @param options How what nobody observes is treated.
   * @throws {RangeError} When `historySize` is no positive whole number.
   */
  constructor(options: LogPublisherOptions = {}) {
    this.#history = new LimitedHistory(options.historySize ?? 200);
    this.#errorWriter = options.errorWriter;
  }

  /**
   * Has `observer` told of every event from now on. The first is also told of what happened before.
   *
   * @param observer Who is told. Adding it again changes nothing.
   * @param options What it is told.
   * @returns Removes it again when disposed of: `using _observing = log.addObserver(...)`.
   * @throws {TypeError} When `observer` is no function.
   */
  addObserver(observer: LogObserver, options: AddObserverOptions = {}): Disposable {
    if (typeof observer !== "function") {
      throw new TypeError(`A log observer must be a function, not ${inspect(observer)}`);
    }
    const remove: Disposable = { [Symbol.dispose]: () => this.removeObserver(observer) };
    if (this.#registrations.some((each) => each.observer === observer)) return remove;
    const lowestRank = levelRanks[options.level ?? "debug"];
    const registration = { observer, lowestRank, isRunning: false };
    const history = this.#history;
    if (options.replay ?? true) this.#history = undefined;
    this.#setRegistrations([...this.#registrations, registration]);
    if (this.#history === undefined) this.#replay(history, registration);
    return remove;
  }

  /**
   * Tells `observer` nothing any more, from this moment on. It is no error if it was not there.
   *
   * @param observer Who was added.
   */
  removeObserver(observer: LogObserver): void {
    const registration = this.#registrations.find((each) => each.observer === observer);
    if (registration === undefined) return;
    registration.lowestRank = Infinity;
    this.#setRegistrations(this.#registrations.filter((each) => each !== registration));
  }

  /**
   * Logs a message.
   *
   * @param message What happened.
   * @param fields What else there is to say; its `level` is `info` unless it says otherwise, or
   *   `error` with `isError: true`.
   */
  msg(message: string, fields?: LogFields): void {
    this.#log(fields?.level ?? (fields?.isError === true ? "error" : "info"), message, fields);
  }

  /**
   * Logs an error, at level `error`. Twisted takes `critical`, which is left to the program here:
   * not every error that is worth a line is the end of something.
   *
   * @param error What was thrown. What is no `Error` is wrapped into one, with the value as its
   *   cause.
   * @param why What was being done. @default {"Unhandled Error"} as in Twisted
   * @param fields What else there is to say.
   */
  err(error: unknown, why?: string, fields?: LogFields): void {
    const failure = error instanceof Error
      ? error
      : new Error(`Thrown, though no Error: ${inspect(error)}`, { cause: error });
    const more = why === undefined ? { ...fields, failure } : { ...fields, failure, why };
    this.#log(fields?.level ?? "error", why ?? "Unhandled Error", more);
  }

  /** Logs what is of interest when looking for a fault. */
  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  /** Logs what is worth knowing. */
  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  /** Logs what may become a problem. */
  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  /** Logs what failed; `fields.failure` may hold the error. */
  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  /** Logs what the program cannot go on with. */
  critical(message: string, fields?: LogFields): void {
    this.#log("critical", message, fields);
  }

  /**
   * Tells the observers of an event that was made elsewhere, by another publisher for one.
   *
   * @param event What happened.
   */
  publish(event: LogEvent): void {
    this.#history?.observe(event);
    const broken = new Map<Registration, unknown>();
    const isTold = tell(event, this.#registrations, broken);
    if (event.isError && !isTold) this.#writeError(event);
    if (broken.size > 0) this.#reportBroken(broken);
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (levelRanks[level] < this.#lowestRank) return;
    this.publish(makeEvent(level, message, fields?.system ?? this.#systemNow(), fields));
  }

  #setRegistrations(registrations: readonly Registration[]): void {
    this.#registrations = registrations;
    // Errors are always wanted: they go to standard error if nowhere else.
    const ranks = registrations.map((each) => each.lowestRank);
    this.#lowestRank = this.#history ? 0 : Math.min(levelRanks.error, ...ranks);
  }

  #systemNow(): string {
    try {
      return currentSystem();
    } catch (failure) {
      const system = "(buggy logPrefix method)";
      this.err(failure, "Cannot tell the system of a log event", { system });
      return system;
    }
  }

  #replay(history: LimitedHistory | undefined, registration: Registration): void {
    const broken = new Map<Registration, unknown>();
    history?.replayTo((event) => void tell(event, [registration], broken));
    this.#reportBroken(broken);
  }

  #reportBroken(broken: Map<Registration, unknown>): void {
    // The loop comes to what is added on its way: an observer that breaks over a report is
    // reported, too, but told no more.
    for (const [registration, error] of broken) {
      const report = observerFailed(registration.observer, error);
      const others = this.#registrations.filter((each) => !broken.has(each));
      if (!tell(report, others, broken)) this.#writeError(report);
    }
  }

  /**
   * Standard error is the last resort: an error in writing to it has nowhere to go, and must not
   * end the program.
   */
  #writeError(event: LogEvent): void {
    try {
      writeText(this.#errorWriter ?? Deno.stderr, `${eventText(event)}\n`);
    } catch {
      return;
    }
  }
}

/** Tells `registrations` of `event` and notes which of them throw; whether any took it. */
function tell(
  event: LogEvent,
  registrations: readonly Registration[],
  broken: Map<Registration, unknown>,
): boolean {
  const rank = levelRanks[event.level];
  let isTold = false;
  for (const registration of registrations) {
    if (registration.isRunning || rank < registration.lowestRank) continue;
    registration.isRunning = true;
    try {
      registration.observer(event);
      isTold = true;
    } catch (error) {
      broken.set(registration, error);
    } finally {
      registration.isRunning = false;
    }
  }
  return isTold;
}

function observerFailed(observer: LogObserver, error: unknown): LogEvent {
  const failure = error instanceof Error ? error : new Error(inspect(error), { cause: error });
  const message = `The log observer ${observer.name || "(anonymous)"} failed`;
  return makeEvent("error", message, "-", { failure });
}
