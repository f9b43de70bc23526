/**
 * The properties that a simulation checks.
 *
 * @module
 */

import type { Schedule } from "./schedule.ts";

/** A property that does not hold. */
export interface Violation {
  /** What kind of property it is. */
  readonly kind:
    | "always"
    | "eventually"
    | "invariant"
    | "failure"
    | "error"
    | "deadlock"
    | "time limit"
    | "left virtual time";
  /** The property, or what happened instead. */
  readonly message: string;
  /** The virtual time in microseconds. */
  readonly time: number;
  /** The error that caused the violation, if there is one. */
  readonly cause?: unknown;
}

/** The checks of one simulation. */
export class Checks {
  readonly #schedule: Schedule;
  readonly #always: { name: string; condition: () => boolean }[] = [];
  readonly #eventually = new Set<{ condition: () => boolean; reached: () => void }>();
  readonly #sometimes = new Map<string, number>();
  #violation: Violation | null = null;

  /** @param schedule The virtual time. */
  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** The first violation; `null` if there is none. */
  get violation(): Violation | null {
    return this.#violation;
  }

  /** How often each property of `sometimes` was reached. */
  get sometimesReached(): ReadonlyMap<string, number> {
    return this.#sometimes;
  }

  /** Records a violation. The first one counts. */
  fail(kind: Violation["kind"], message: string, cause?: unknown): void {
    this.#violation ??= { kind, message, time: this.#schedule.now, cause };
  }

  /** Adds a property that must hold after each event. */
  always(name: string, condition: () => boolean): void {
    this.#always.push({ name, condition });
  }

  /** Adds a property that must hold once within a time, and calls `reached` when it does. */
  eventually(within: number, name: string, condition: () => boolean, reached: () => void): void {
    if (this.#holds("eventually", name, condition)) return reached();
    const pending = { condition, reached };
    this.#eventually.add(pending);
    this.#schedule.at(this.#schedule.now + within, () => {
      if (this.#eventually.delete(pending)) this.fail("eventually", name);
    });
  }

  /** Records whether a property was reached that some seed must reach. */
  sometimes(name: string, condition: boolean): void {
    this.#sometimes.set(name, (this.#sometimes.get(name) ?? 0) + (condition ? 1 : 0));
  }

  /** Checks all properties, after an event. */
  check(): void {
    for (const { name, condition } of this.#always) {
      if (!this.#holds("always", name, condition)) this.fail("always", name);
    }
    for (const pending of this.#eventually) {
      if (!this.#holds("eventually", "", pending.condition)) continue;
      this.#eventually.delete(pending);
      pending.reached();
    }
  }

  #holds(kind: "always" | "eventually", name: string, condition: () => boolean): boolean {
    try {
      return condition();
    } catch (error) {
      this.fail(kind, `${name}: the condition has thrown ${error}`, error);
      return true;
    }
  }
}
