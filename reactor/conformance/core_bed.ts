/**
 * What the tests of a reactor's life run in.
 *
 * @module
 */

import { addObserver, eventText } from "../../log/mod.ts";
import type { EventPhase, IReactor, RunOptions } from "../interfaces.ts";
import { LoggedErrors } from "./logged_errors.ts";

/** A reactor for one test, and what happened in it. */
export class CoreBed {
  readonly reactor: IReactor;
  /** What was logged as an error; what a test does not take fails it. */
  readonly errors: LoggedErrors;
  readonly #events: string[] = [];

  constructor(reactor: IReactor, errors: LoggedErrors) {
    this.reactor = reactor;
    this.errors = errors;
  }

  /** Runs the reactor. @returns what settles when it has stopped. */
  run(options: RunOptions = {}): Promise<void> {
    return this.reactor.run({ installSignalHandlers: false, ...options });
  }

  /** Notes that something happened. */
  readonly note = (event: string): void => {
    this.#events.push(event);
  };

  /** What happened since this was last asked. */
  take(): string[] {
    return this.#events.splice(0);
  }

  /** Has each phase of an event noted, and with it whether the reactor runs. */
  noteRunning(eventType: string): void {
    for (const phase of ["before", "during", "after"] satisfies EventPhase[]) {
      this.reactor.addSystemEventTrigger(phase, eventType, () => {
        this.note(`${phase} ${eventType}: ${this.reactor.running}`);
      });
    }
  }

  /** The messages of the errors that were logged. */
  takeErrors(): string[] {
    return this.errors.take().map(({ message }) => message);
  }
}

/** Defines a test of a reactor. The test leaves it stopped, crashed, or never run. */
export type CoreTest = (claim: string, f: (bed: CoreBed) => void | Promise<void>) => void;

/** What makes tests for one kind of reactor. */
export function coreTest(name: string, makeReactor: () => IReactor): CoreTest {
  return (claim, f) =>
    Deno.test(`${name}: ${claim}`, async () => {
      using errors = new LoggedErrors();
      await f(new CoreBed(makeReactor(), errors));
    });
}

/** Collects the text of what is logged. */
export class LoggedTexts implements Disposable {
  readonly texts: string[] = [];
  readonly #observing: Disposable = addObserver(
    (event) => this.texts.push(eventText(event)),
    { replay: false },
  );

  /** Stops collecting. */
  [Symbol.dispose](): void {
    this.#observing[Symbol.dispose]();
  }
}
