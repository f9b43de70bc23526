/**
 * The properties that a simulation checks.
 *
 * @module
 */

import { quote, textOf } from "../../internal/foreign_value.ts";
import { type Schedule, type ScheduledEvent, SECOND } from "./schedule.ts";

/** A property that does not hold. */
export interface Violation {
  /** The kind of the property. */
  readonly kind:
    | "always"
    | "eventually"
    | "invariant"
    | "failure"
    | "error"
    | "deadlock"
    | "time limit"
    | "left virtual time";
  /** The property, or the event that must not happen. */
  readonly message: string;
  /** The virtual time in seconds. */
  readonly time: number;
  /** The error that caused the violation, if there is one. */
  readonly cause?: unknown;
}

/** A property that must hold once. */
interface Pending {
  readonly name: string;
  readonly condition: () => boolean;
  readonly reached: () => void;
  /** The event at which the time is over. */
  readonly deadline: ScheduledEvent;
}

/** The checks of one simulation. */
export class Checks {
  readonly #schedule: Schedule;
  readonly #always: { name: string; condition: () => boolean }[] = [];
  readonly #eventually = new Set<Pending>();
  readonly #sometimes = new Map<string, number>();
  readonly #invariants: { name: string; condition: () => boolean | void }[] = [];
  /** The functions to call when no property of `eventually` is pending. */
  #whenNonePending: (() => void)[] = [];
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
    this.#violation ??= { kind, message, time: this.#schedule.now / SECOND, cause };
  }

  /** Adds a property that must hold after each event. */
  always(name: string, condition: () => boolean): void {
    this.#always.push({ name, condition });
  }

  /** Adds a property that must hold once within a time, and calls `reached` when it does. */
  eventually(within: number, name: string, condition: () => boolean, reached: () => void): void {
    if (this.#holds("eventually", name, condition)) return reached();
    const deadline = this.#schedule.at(this.#schedule.now + within, () => {
      // The condition may hold since an event at this very moment.
      if (this.#isReached(pending)) return this.#reach(pending);
      this.#eventually.delete(pending);
      this.fail("eventually", name);
    });
    const pending: Pending = { name, condition, reached, deadline };
    this.#eventually.add(pending);
  }

  /** Adds a property that must hold when the scenario has ended. */
  invariant(name: string, condition: () => boolean | void): void {
    this.#invariants.push({ name, condition });
  }

  /** Checks the properties that must hold at the end. The first violation counts. */
  end(): void {
    for (const { name, condition } of this.#invariants) {
      if (this.#violation !== null) return;
      try {
        const holds: unknown = condition();
        if (holds === false) this.fail("invariant", name);
        else if (holds !== true && holds !== undefined) {
          this.fail(
            "invariant",
            `${name}: the condition must return a boolean or nothing, got ${quote(holds)}`,
          );
        }
      } catch (error) {
        this.fail("invariant", `${name}: ${textOf(error)}`, error);
      }
    }
  }

  /** Returns a promise that resolves when no property of `eventually` is pending. */
  nonePending(): Promise<void> {
    if (this.#eventually.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenNonePending.push(resolve));
  }

  /** Records whether a property was reached that some seed must reach. */
  sometimes(name: string, condition: boolean): void {
    this.#sometimes.set(name, (this.#sometimes.get(name) ?? 0) + (condition ? 1 : 0));
  }

  /**
   * Checks all properties, after an event.
   *
   * @returns Whether a property of `eventually` was reached, and its function was called.
   */
  check(): boolean {
    for (const { name, condition } of this.#always) {
      // A condition that has thrown has recorded its own violation, which comes first.
      if (!this.#holds("always", name, condition)) this.fail("always", name);
    }
    if (this.#eventually.size === 0) return false;
    const reached = [...this.#eventually].filter((pending) => this.#isReached(pending));
    for (const pending of reached) {
      this.#schedule.cancel(pending.deadline);
      this.#reach(pending);
    }
    return reached.length > 0;
  }

  #reach(pending: Pending): void {
    pending.reached();
    if (this.#eventually.size > 0) return;
    for (const resolve of this.#whenNonePending.splice(0)) resolve();
  }

  #isReached(pending: Pending): boolean {
    return this.#holds("eventually", pending.name, pending.condition) &&
      this.#eventually.delete(pending);
  }

  #holds(kind: "always" | "eventually", name: string, condition: () => boolean): boolean {
    try {
      const holds: unknown = condition();
      if (typeof holds === "boolean") return holds;
      this.fail(kind, `${name}: the condition must return a boolean, got ${quote(holds)}`);
    } catch (error) {
      this.fail(kind, `${name}: the condition has thrown ${textOf(error)}`, error);
    }
    return false;
  }
}
