/**
 * One hook of the library in a test: user code that the library calls, made to go wrong in every way.
 *
 * @module
 */

import { addObserver, eventText, type LogEvent } from "../../log/mod.ts";
import { type Wrong, WRONGS } from "./wrongs.ts";

/** What a {@linkcode Hook} finds out in one case. */
export interface Case {
  /** The way to go wrong. */
  readonly wrong: Wrong;
  /** Goes wrong: the hook itself. */
  readonly act: () => never;
  /** Gives the error that the caller of the library received, where errors of this hook are the caller's. */
  readonly received: (error: unknown) => void;
}

/** How a value that is not a function is refused in a hook's place. */
export interface Refusal {
  /** The name of the option or parameter, which the error has to contain. */
  readonly option: string;
  /** Passes the value. */
  readonly give: (value: never) => unknown;
  /** Whether null means that there is no function. */
  readonly allowsNull?: boolean;
}

/** One row of the table. */
export interface Hook {
  /** The name that the log gives it. */
  readonly name: string;
  /** The hook that calls this one, where the log may have that one's name instead. */
  readonly calledBy?: string;
  /** What distinguishes the row from others of this name: the place where it is called. */
  readonly where?: string;
  /** The names under which `deno doc` shows it; see `documented_hooks.ts`. */
  readonly documented: readonly string[];
  /**
   * Who receives the error: the log, with the hook's name, or the caller of the library. `either` is for code that throws to its caller, but
   * whose promise is rejected later.
   */
  readonly reports?: "log" | "caller" | "either";
  /** Whether the library needs a value from it, so that a promise in place of the value is an error as well. */
  readonly answers?: boolean;
  /** Whether a returned promise or Deferred is a value like any other, which the library does not look at. */
  readonly ignores?: (wrong: Wrong) => boolean;
  /** Has the library call the hook, and asserts what becomes of the resource. Leaves nothing open. */
  readonly run: (test: Case) => void | Promise<void>;
  /** Passes a value that is not a function in the hook's place, which has to throw a TypeError with the option's name. */
  readonly refuses?: Refusal;
}

/** A turn of the host's event loop: rejections that no one has handled show up at its end. */
export function hostTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 0);
  return promise;
}

/** Collects what would have ended the process. */
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

/** The parts of an event that say what was being done. The stack is not one of them: it may have any name in it. */
function headOf({ message, system, failure }: LogEvent): string {
  let reason = "";
  try {
    reason = String(failure?.message);
  } catch {
    // The error's getter throws.
  }
  return `[${system}] ${message}: ${reason}`;
}

function checkReports(hook: Hook, wrong: Wrong, events: LogEvent[], received: unknown[]): void {
  // Each event can be formatted.
  for (const event of events) eventText(event);
  const heads = events.map(headOf);
  const { reports = "log", calledBy = hook.name } = hook;
  const logged = heads.some((head) => head.includes(hook.name) || head.includes(calledBy));
  const told = received.length > 0;
  const reported = reports === "log" ? logged : reports === "caller" ? told : logged || told;
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
    // A function of its own for each case: some hooks are told apart by it.
    await hook.run({ wrong, act: () => wrong.act(), received: (error) => received.push(error) });
    await hostTurn();
  }
  uncaught.check();
  checkReports(hook, wrong, events, received);
}

/** The row's title, as the test's name has it. */
export function titleOf({ name, where, calledBy }: Hook): string {
  const notes = [where ?? [], calledBy === undefined ? [] : `called by ${calledBy}`].flat();
  return notes.length === 0 ? name : `${name} (${notes.join(", ")})`;
}

/** Runs all cases of a row. @throws {AggregateError} when some fail, all of which it names. */
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

/** Passes values that are not functions in the hook's place. */
export function checkRefusal({ refuses, ...hook }: Hook): void {
  if (refuses === undefined) return;
  const { option, give, allowsNull = false } = refuses;
  for (const value of [42, "name", {}, ...allowsNull ? [] : [null]]) {
    let thrown: unknown = null;
    try {
      // An untyped caller's.
      give(value as never);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof TypeError) || !thrown.message.includes(option)) {
      throw new Error(`${titleOf(hook)}: ${String(value)} as ${option} gave ${String(thrown)}`);
    }
  }
}
