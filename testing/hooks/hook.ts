/**
 * One hook of the library under test: user code that the library calls, made to fail in every way.
 *
 * @module
 */

import { addObserver, eventText, type LogEvent } from "../../log/mod.ts";
import { type Wrong, WRONGS } from "./wrongs.ts";

/** One case of a {@linkcode Hook}: one way of failing. */
export interface Case {
  /** The way of failing. */
  readonly wrong: Wrong;
  /** The hook itself: fails in that way. */
  readonly act: () => never;
  /**
   * Records the error that the caller of the library received, for hooks whose errors go to the
   * caller.
   */
  readonly received: (error: unknown) => void;
}

/** The check that a value that is not a function is rejected as a hook. */
export interface Refusal {
  /** The name of the option or parameter, which the error must contain. */
  readonly option: string;
  /** Passes the value to the library. */
  readonly give: (value: never) => unknown;
  /** Whether `null` is accepted, and means that there is no function. */
  readonly allowsNull?: boolean;
}

/** One row of the table. */
export interface Hook {
  /** The name of the hook in the log. */
  readonly name: string;
  /** The hook that calls this one, if the log may contain that hook's name instead. */
  readonly calledBy?: string;
  /** The place from which the hook is called, if there are several rows of one name. */
  readonly where?: string;
  /** The names of the hook in `deno doc`; see `documented_hooks.ts`. */
  readonly documented: readonly string[];
  /**
   * The receiver of the error: the log, with the hook's name, or the caller of the library.
   * `either` is for hooks whose thrown error goes to the caller, and whose late rejection goes to
   * the log.
   */
  readonly reports?: "log" | "caller" | "either";
  /** Whether the library needs the return value, so that a promise is an error as well. */
  readonly answers?: boolean;
  /** Whether the library treats a returned promise or Deferred as an ordinary value. */
  readonly ignores?: (wrong: Wrong) => boolean;
  /**
   * Makes the library call the hook, and checks the state of the resource afterwards. Leaves no
   * resource open.
   */
  readonly run: (test: Case) => void | Promise<void>;
  /** The check that a value that is not a function throws a TypeError with the option's name. */
  readonly refuses?: Refusal;
}

/** Waits for a turn of the host's event loop. Unhandled rejections are reported at its end. */
export function hostTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // An immediate comes at the end of a turn. A timer would take 2 ms, in each of 2,000 cases.
  setImmediate(resolve);
  return promise;
}

/** Collects the errors that would have ended the process. */
class UncaughtErrors implements Disposable {
  readonly #found: string[] = [];
  readonly #listener = (event: Event): void => {
    event.preventDefault();
    this.#found.push(event.type);
  };

  constructor() {
    globalThis.addEventListener("unhandledrejection", this.#listener);
    globalThis.addEventListener("error", this.#listener);
  }

  check(): void {
    if (this.#found.length > 0) {
      throw new Error(`The process would have ended: ${this.#found.join(", ")}`);
    }
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("unhandledrejection", this.#listener);
    globalThis.removeEventListener("error", this.#listener);
  }
}

function expectsReport({ answers = false, ignores = () => false }: Hook, wrong: Wrong): boolean {
  return (wrong.fails || answers) && !ignores(wrong);
}

/**
 * Returns the parts of an event that name the operation. The stack is excluded, because it may
 * contain any name.
 */
function headOf({ message, system, failure }: LogEvent): string {
  let reason = "";
  try {
    reason = String(failure?.message);
  } catch {
    // The getter of the message throws.
  }
  return `[${system}] ${message}: ${reason}`;
}

function checkReports(hook: Hook, wrong: Wrong, events: LogEvent[], received: unknown[]): void {
  // Checks that each event can be formatted.
  for (const event of events) eventText(event);
  const heads = events.map(headOf);
  const { reports = "log", calledBy = hook.name } = hook;
  const logged = heads.some((head) => head.includes(hook.name) || head.includes(calledBy));
  const isReceived = received.length > 0;
  const reported = reports === "log"
    ? logged
    : reports === "caller"
    ? isReceived
    : logged || isReceived;
  const expected = expectsReport(hook, wrong);
  if (expected === reported) return;
  const seen = `the log has ${
    JSON.stringify(heads)
  }, the caller received ${received.length} errors`;
  throw new Error(`${expected ? "Nothing was reported" : "An error was reported"}: ${seen}`);
}

async function runCase(hook: Hook, wrong: Wrong): Promise<void> {
  using uncaught = new UncaughtErrors();
  const events: LogEvent[] = [];
  const received: unknown[] = [];
  {
    using _observing = addObserver((event) => events.push(event), {
      level: "error",
      replay: false,
    });
    // A new function for each case: the library compares some hooks by identity.
    await hook.run({ wrong, act: () => wrong.act(), received: (error) => received.push(error) });
    await hostTurn();
  }
  uncaught.check();
  checkReports(hook, wrong, events, received);
}

/** Returns the title of a row, for the test's name. */
export function titleOf({ name, where, calledBy }: Hook): string {
  const notes = [where ?? [], calledBy === undefined ? [] : `called by ${calledBy}`].flat();
  return notes.length === 0 ? name : `${name} (${notes.join(", ")})`;
}

/** Runs all cases of a row. @throws {AggregateError} If cases fail; the error names them. */
export async function runHook(hook: Hook): Promise<void> {
  const failures: Error[] = [];
  for (const wrong of WRONGS) {
    try {
      await runCase(hook, wrong);
    } catch (cause) {
      failures.push(new Error(`${titleOf(hook)} ${wrong.name}`, { cause }));
    }
  }
  if (failures.length === 0) return;
  const names = failures.map(({ message, cause }) => `${message}: ${String(cause)}`).join("\n");
  throw new AggregateError(failures, `${failures.length} cases failed:\n${names}`);
}

/** Checks that values that are not functions are rejected as a hook. */
export function checkRefusal({ refuses, ...hook }: Hook): void {
  if (refuses === undefined) return;
  const { option, give, allowsNull = false } = refuses;
  for (const value of [42, "name", {}, ...allowsNull ? [] : [null]]) {
    let thrown: unknown = null;
    try {
      // The types reject these values.
      give(value as never);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof TypeError) || !thrown.message.includes(option)) {
      throw new Error(`${titleOf(hook)}: ${String(value)} as ${option} caused ${String(thrown)}`);
    }
  }
}
