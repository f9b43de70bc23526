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
import { joinParts, parseMessage } from "./message.ts";
import { type SyncWriter, writeText } from "./sync_writer.ts";
import { FailureCounter } from "./failure_counter.ts";

/** Options of a {@linkcode LogPublisher}: what it does with events while it has no observers. */
export interface LogPublisherOptions {
  /**
   * The number of events that are kept for the first observer.
   *
   * @default {200} as in Twisted's `LogBeginner`
   */
  readonly historySize?: number | undefined;
  /** The output for errors that no observer has received. @default {Deno.stderr} */
  readonly errorWriter?: SyncWriter | undefined;
}

/** Options of an observer. */
export interface AddObserverOptions {
  /** The lowest level of the events that the observer receives. @default {"debug"} */
  readonly level?: LogLevel | undefined;
  /**
   * Whether the first observer receives the events from before it was added. With `false`, the
   * history is kept for the next observer.
   *
   * @default {true}
   */
  readonly replay?: boolean | undefined;
}

interface Registration {
  readonly observer: LogObserver;
  /** Infinity once the observer is removed. */
  lowestRank: number;
  /**
   * Whether the observer is being called. Events that it logs meanwhile go only to the other
   * observers.
   */
  isRunning: boolean;
  /** The number of the observer's failures. */
  readonly failures: FailureCounter;
}

/** The outcome of the delivery of one event. */
interface Outcome {
  /** The observers that have received the event. */
  readonly received: Set<Registration>;
  /** The observers that threw, with the thrown values. */
  readonly broken: [Registration, unknown][];
}

/**
 * Delivers log events to observers. Twisted's `LogPublisher`, with the methods of its `Logger`.
 *
 * - Each event is delivered at once, to the observers in the order in which they were added.
 * - Before the first observer is added, events are kept for it, and errors are also written to
 *   standard error. If all observers have been removed later, errors are written to standard error
 *   and other events are dropped.
 * - If an observer throws, or returns a promise that rejects, the failure is logged as an error to
 *   the other observers, or on standard error if there are none. The observer stays. Of repeated
 *   failures, the first, the 10th, the 100th and so on are logged.
 * - Events that an observer logs while it is being called go only to the other observers, so
 *   logging never recurses.
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
  /** Replaced when it changes, so that a change does not affect a delivery in progress. */
  #registrations: readonly Registration[] = [];
  /** The history; `undefined` once the first observer has received it. */
  #history: LimitedHistory | undefined;
  /** The lowest level that any output receives. Logging below it costs one comparison. */
  #lowestRank = 0;

  /**
   * Makes a publisher without observers.
   *
   * @param options What the publisher does with events while it has no observers.
   * @throws {RangeError} If `historySize` is not a positive integer.
   */
  constructor(options: LogPublisherOptions = {}) {
    this.#history = new LimitedHistory(options.historySize ?? 200);
    this.#errorWriter = options.errorWriter;
  }

  /**
   * Adds an observer, which receives every event from now on. The first observer also receives the
   * history.
   *
   * @param observer Called with each event. Adding the same observer again has no effect.
   * @param options The events that the observer receives.
   * @returns An object that removes the observer when disposed of:
   * `using _observing = log.addObserver(...)`.
   * @throws {TypeError} If `observer` is not a function, or `level` is not a level.
   */
  addObserver(observer: LogObserver, options: AddObserverOptions = {}): Disposable {
    if (typeof observer !== "function") {
      throw new TypeError(
        `Cannot add a log observer: it must be a function, got ${quote(observer)}`,
      );
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
    const registration = { observer, lowestRank, isRunning: false, failures: new FailureCounter() };
    const history = this.#history;
    if (options.replay ?? true) this.#history = undefined;
    this.#setRegistrations([...this.#registrations, registration]);
    if (this.#history === undefined) this.#replay(history, registration);
    return remove;
  }

  /**
   * Removes an observer. It receives no further events. If it has not been added, there is no
   * effect.
   *
   * @param observer The observer.
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
   * @param message The message. If there are several arguments, the last may be an object literal
   * with fields of the event. The level is `info`, or `error` with `isError: true`, unless a field
   * `level` sets it.
   */
  msg(message: string, fields?: LogFields): void;
  /**
   * Logs a message of several parts, which are joined with spaces, as in Twisted.
   *
   * @param message The parts. The last of several may be an object literal with fields of the
   * event.
   */
  msg(...message: unknown[]): void;
  msg(...message: unknown[]): void {
    const { parts, fields } = parseMessage(message);
    const level = levelOr(fields?.["isError"] === true ? "error" : "info", fields?.level);
    if (levelRanks[level] >= this.#lowestRank) this.#publish(level, joinParts(parts), fields);
  }

  /**
   * Logs an error, at level `error`. Twisted uses `critical`; here, that level is left to the
   * program, because an error in one operation need not affect the others.
   *
   * @param error The thrown value. A value that is not an `Error` becomes the `cause` of one.
   * @param why The operation that failed. @default {"Unhandled Error"} as in Twisted
   * @param fields Further fields of the event.
   */
  err(error: unknown, why?: string, fields?: LogFields): void {
    const failure = isError(error)
      ? error
      : new Error(`A value that is not an Error was thrown: ${inspect(error)}`, { cause: error });
    const copied = fields === undefined ? undefined : copyFields(fields);
    const more = why === undefined ? { ...copied, failure } : { ...copied, failure, why };
    const level = levelOr("error", copied?.level);
    if (levelRanks[level] >= this.#lowestRank) this.#publish(level, why ?? "Unhandled Error", more);
  }

  /** Logs a detail that helps to find a fault. */
  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  /** Logs a message about normal operation. */
  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  /** Logs a condition that may become a problem. */
  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  /** Logs a failed operation. `fields.failure` may contain the error. */
  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  /** Logs an error after which the program cannot continue. */
  critical(message: string, fields?: LogFields): void {
    this.#log("critical", message, fields);
  }

  /**
   * Delivers an existing event to the observers, for example one of another publisher.
   *
   * @param event The event.
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
    // The lowest rank is at most that of errors, because an error that no observer receives is
    // written to standard error.
    const ranks = registrations.map((each) => each.lowestRank);
    this.#lowestRank = this.#history ? 0 : Math.min(levelRanks.error, ...ranks);
  }

  #systemNow(): string {
    try {
      return currentSystem();
    } catch (failure) {
      const system = "(buggy logPrefix method)";
      this.err(failure, "Cannot determine the system of a log event", { system });
      return system;
    }
  }

  #replay(history: LimitedHistory | undefined, registration: Registration): void {
    const failed = new Set<Registration>();
    history?.replayTo((event) => {
      const { broken } = this.#call(event, [registration], failed);
      this.#reportBroken(broken, failed);
    });
  }

  /**
   * Delivers an event to the observers that are not in `failed`. Those failed with the same event
   * or with a report about it. Each observer fails only once, so the reports come to an end.
   */
  #deliver(event: LogEvent, failed: Set<Registration>): void {
    const observers = this.#registrations.filter((each) => !failed.has(each));
    const { received, broken } = this.#call(event, observers, failed);
    if (event.isError && received.size === 0) this.#writeError(event);
    this.#reportBroken(broken, failed);
  }

  #call(
    event: LogEvent,
    registrations: readonly Registration[],
    failed: Set<Registration>,
  ): Outcome {
    const outcome: Outcome = { received: new Set(), broken: [] };
    const rank = levelRanks[event.level];
    for (const registration of registrations) {
      if (registration.isRunning || rank < registration.lowestRank) continue;
      registration.isRunning = true;
      try {
        // The type of an observer also admits an async function. Its rejection is reported like an
        // error that an observer throws.
        const result: unknown = registration.observer(event);
        outcome.received.add(registration);
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

  /** Handles an observer's rejected promise: perhaps no other observer has received the event. */
  #rejected(
    event: LogEvent,
    { received }: Outcome,
    registration: Registration,
    error: unknown,
    failed: Set<Registration>,
  ): void {
    received.delete(registration);
    if (event.isError && received.size === 0) this.#writeError(event);
    if (!failed.has(registration)) this.#reportBroken([[registration, error]], failed);
  }

  #reportBroken(broken: readonly [Registration, unknown][], failed: Set<Registration>): void {
    for (const [registration] of broken) failed.add(registration);
    for (const [{ observer, failures }, error] of broken) {
      if (failures.add()) this.#deliver(observerFailed(observer, error, failures), failed);
    }
  }

  /**
   * Writes an error to standard error, the last resort. A failure of that cannot be reported, and
   * must not end the program.
   */
  #writeError(event: LogEvent): void {
    try {
      writeText(this.#errorWriter ?? Deno.stderr, `${eventLine(event)}\n`);
    } catch {
      return;
    }
  }
}

function observerFailed(observer: LogObserver, error: unknown, failures: FailureCounter): LogEvent {
  const failure = isError(error) ? error : new Error(inspect(error), { cause: error });
  const name = textOf(read(observer, "name")) || "(anonymous)";
  const message = `The log observer ${name} failed${failures}`;
  if (failures.count === 1) return makeEvent("error", message, "-", { failure });
  // Only the first report of a failing observer includes the stack. Later reports consist of one
  // line, so that an observer that fails for every event does not flood the log.
  return makeEvent("error", `${message}: ${messageOf(failure)}`, "-", { error: failure });
}
