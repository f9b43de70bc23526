import { currentSystem } from "./context.ts";
import {
  copyFields,
  isLevel,
  levelOr,
  levelRanks,
  type LogEvent,
  type LogFields,
  type LogLevel,
  type LogObserver,
  makeEvent,
} from "./event.ts";
import { eventLine } from "./event_text.ts";
import {
  follow,
  inspect,
  isError,
  isThenable,
  messageOf,
  quote,
  read,
  textOf,
} from "../internal/foreign_value.ts";
import { LimitedHistory } from "./history.ts";
import { parseMessage } from "./message.ts";
import { type SyncWriter, writeText } from "./sync_writer.ts";
import { Tally } from "./tally.ts";

/** How a {@linkcode LogPublisher} treats what nobody observes. */
export interface LogPublisherOptions {
  /**
   * How many events are kept for the first observer.
   *
   * @default {200} as in Twisted's `LogBeginner`
   */
  readonly historySize?: number | undefined;
  /** Where an error goes that no observer has taken. @default {Deno.stderr} */
  readonly errorWriter?: SyncWriter | undefined;
}

/** How an observer is added. */
export interface AddObserverOptions {
  /** The lowest level that it is told of. @default {"debug"} */
  readonly level?: LogLevel | undefined;
  /**
   * Whether the first observer is told of what happened before. One that says no, as a test's may,
   * leaves the history to the next.
   *
   * @default {true}
   */
  readonly replay?: boolean | undefined;
}

interface Registration {
  readonly observer: LogObserver;
  /** Infinity once it is removed. */
  lowestRank: number;
  /** Whether the observer is being called: what it logs itself goes to the others alone. */
  isRunning: boolean;
  /** How often it has failed. */
  readonly failures: Tally;
}

/** What became of one event. */
interface Outcome {
  /** The observers that have taken it. */
  readonly told: Set<Registration>;
  /** Those that threw, and what. */
  readonly broken: [Registration, unknown][];
}

/**
 * Tells observers what happens (Twisted's `LogPublisher`, with the methods of its `Logger`).
 *
 * - Events are told at once, to the observers in the order in which they were added.
 * - Until the first observer comes, events are kept for it, and errors are written to standard
 *   error as well. Without any observer later on, errors go to standard error and the rest is let
 *   go.
 * - An observer that throws, or returns a promise that is rejected, is reported to the others, as an
 *   error; if there is none, on standard error. It stays. One that fails again and again is reported
 *   the first time, the tenth, the hundredth and so on.
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
   * @throws {TypeError} When `observer` is no function, or `level` no level.
   */
  addObserver(observer: LogObserver, options: AddObserverOptions = {}): Disposable {
    if (typeof observer !== "function") {
      throw new TypeError(`A log observer must be a function, not ${inspect(observer)}`);
    }
    const { level = "debug" } = options;
    if (!isLevel(level)) {
      const levels = Object.keys(levelRanks).join(", ");
      throw new TypeError(
        `Cannot add a log observer: level must be one of ${levels}, got ${quote(level)}`,
      );
    }
    const remove: Disposable = { [Symbol.dispose]: () => this.removeObserver(observer) };
    if (this.#registrations.some((each) => each.observer === observer)) return remove;
    const lowestRank = levelRanks[level];
    const registration = { observer, lowestRank, isRunning: false, failures: new Tally() };
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
   * Logs a message. Several arguments are joined with spaces, as in Twisted, each as its text.
   *
   * @param message What happened; the last of several arguments may be an object literal: what else
   *   there is to say. The `level` is `info` unless it says otherwise, or `error` with
   *   `isError: true`.
   */
  msg(message: string, fields?: LogFields): void;
  /**
   * Logs a message of several parts, which are joined with spaces, as in Twisted.
   *
   * @param message The parts. The last of several may be an object literal: the fields.
   */
  msg(...message: unknown[]): void;
  msg(...message: unknown[]): void {
    const { text, fields } = parseMessage(message);
    const level = levelOr(fields?.["isError"] === true ? "error" : "info", fields?.level);
    if (levelRanks[level] >= this.#lowestRank) this.#publish(level, text, fields);
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
    const failure = isError(error)
      ? error
      : new Error(`Thrown, though no Error: ${inspect(error)}`, { cause: error });
    const copied = fields === undefined ? undefined : copyFields(fields);
    const more = why === undefined ? { ...copied, failure } : { ...copied, failure, why };
    const level = levelOr("error", copied?.level);
    if (levelRanks[level] >= this.#lowestRank) this.#publish(level, why ?? "Unhandled Error", more);
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
    this.#deliver(event, new Set());
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (levelRanks[level] < this.#lowestRank) return;
    this.#publish(level, message, fields === undefined ? undefined : copyFields(fields));
  }

  #publish(level: LogLevel, message: string, copied: LogFields | undefined): void {
    this.publish(makeEvent(level, message, copied?.system ?? this.#systemNow(), copied));
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
    const failed = new Set<Registration>();
    history?.replayTo((event) => {
      const { broken } = this.#tell(event, [registration], failed);
      this.#reportBroken(broken, failed);
    });
  }

  /**
   * Delivers an event to the observers but for those in `failed`, which failed over the same event
   * or over a report about it: each fails once, so that reports come to an end.
   */
  #deliver(event: LogEvent, failed: Set<Registration>): void {
    const observers = this.#registrations.filter((each) => !failed.has(each));
    const { told, broken } = this.#tell(event, observers, failed);
    if (event.isError && told.size === 0) this.#writeError(event);
    this.#reportBroken(broken, failed);
  }

  #tell(
    event: LogEvent,
    registrations: readonly Registration[],
    failed: Set<Registration>,
  ): Outcome {
    const outcome: Outcome = { told: new Set(), broken: [] };
    const rank = levelRanks[event.level];
    for (const registration of registrations) {
      if (registration.isRunning || rank < registration.lowestRank) continue;
      registration.isRunning = true;
      try {
        // An async function is an observer for the compiler, too.
        const result: unknown = registration.observer(event);
        outcome.told.add(registration);
        if (isThenable(result)) {
          const rejected = (error: unknown): void =>
            this.#rejected(event, outcome, registration, error, failed);
          follow(result, undefined, rejected);
        }
      } catch (error) {
        outcome.broken.push([registration, error]);
      } finally {
        registration.isRunning = false;
      }
    }
    return outcome;
  }

  /** The promise of an observer was rejected: the event may have been taken by no other. */
  #rejected(
    event: LogEvent,
    { told }: Outcome,
    registration: Registration,
    error: unknown,
    failed: Set<Registration>,
  ): void {
    told.delete(registration);
    if (event.isError && told.size === 0) this.#writeError(event);
    if (!failed.has(registration)) this.#reportBroken([[registration, error]], failed);
  }

  #reportBroken(broken: readonly [Registration, unknown][], failed: Set<Registration>): void {
    for (const [registration] of broken) failed.add(registration);
    for (const [{ observer, failures }, error] of broken) {
      if (failures.add()) this.#deliver(observerFailed(observer, error, failures), failed);
    }
  }

  /**
   * Standard error is the last resort: an error in writing to it has nowhere to go, and must not
   * end the program.
   */
  #writeError(event: LogEvent): void {
    try {
      writeText(this.#errorWriter ?? Deno.stderr, `${eventLine(event)}\n`);
    } catch {
      return;
    }
  }
}

function observerFailed(observer: LogObserver, error: unknown, failures: Tally): LogEvent {
  const failure = isError(error) ? error : new Error(inspect(error), { cause: error });
  const name = textOf(read(observer, "name")) || "(anonymous)";
  const message = `The log observer ${name} failed${failures}`;
  if (failures.count === 1) return makeEvent("error", message, "-", { failure });
  // Its stack has been shown: what fails for ever is told in one line.
  return makeEvent("error", `${message}: ${messageOf(failure)}`, "-", { error: failure });
}
