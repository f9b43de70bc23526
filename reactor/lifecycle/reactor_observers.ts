/**
 * The observers of one reactor.
 *
 * @module
 */

import { callGuarded, classNameOf, logUserError } from "../../defer/guarded_call.ts";
import type { IReactorObserver, IReactorTime } from "../interfaces/mod.ts";
import { alike, LogThrottle } from "./log_throttle.ts";

/** An added observer. The same observer may be added twice. */
interface Entry {
  /** The observer; `null` when it was removed, perhaps by another one during a notification. */
  observer: IReactorObserver | null;
}

/** Notifies observers. An error of an observer is logged, and affects nothing else. */
export class ReactorObservers {
  readonly #failures: LogThrottle;
  /** Replaced when it changes, so that a notification in progress keeps its list. */
  #entries: readonly Entry[] = [];

  /** @param clock The clock of the reactor. */
  constructor(clock: Pick<IReactorTime, "seconds" | "callLater">) {
    this.#failures = new LogThrottle(clock);
  }

  /**
   * Adds an observer.
   *
   * @returns An object that removes the observer when it is disposed of.
   */
  add(observer: IReactorObserver): Disposable {
    const entry: Entry = { observer };
    this.#entries = [...this.#entries, entry];
    return {
      [Symbol.dispose]: () => {
        entry.observer = null;
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  /**
   * Notifies each observer.
   *
   * @param method The name of the method, for the log.
   * @param call Calls the method of one observer.
   */
  notify(method: keyof IReactorObserver, call: (observer: IReactorObserver) => unknown): void {
    for (const { observer } of this.#entries) {
      if (observer === null) continue;
      callGuarded(() => call(observer), (error) => this.#failed(method, observer, error), method);
    }
  }

  /** Logs an error, at a limited rate: an observer that fails in each turn must not fill a disk. */
  #failed(method: string, observer: IReactorObserver, error: unknown): void {
    const name = classNameOf(observer);
    this.#failures.add((count) =>
      logUserError(error, `Error while calling ${method} of ${name}${alike(count)}`)
    );
  }
}
