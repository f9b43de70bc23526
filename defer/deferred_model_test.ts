/**
 * Random programs run on Deferreds and on a model of Deferreds, and must have the same outcomes.
 *
 * The model is simple: a list of steps, recursion, and none of the engine's shortcuts, so that each
 * waiting Deferred stays in its line. It follows Twisted's rules (`Deferred` in
 * `twisted.internet.defer`) with the differences that `deferred.ts` names.
 *
 * The programs are the same in each run. `TORSION_PROPERTY_RUNS` sets their number, and
 * `TORSION_PROPERTY_SEED` selects other programs.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { stateOf } from "./chain.ts";
import { Deferred } from "./deferred.ts";

/** The number of Deferreds in a program. */
const POOL = 5;

/** The methods of a Deferred that the programs use. */
interface Like<Self> {
  callback(result: unknown): void;
  errback(error: Error): void;
  addCallbacks(callback: Step | null, errback: ErrorStep | null): unknown;
  chainDeferred(deferred: Self): unknown;
  pause(): void;
  unpause(): void;
  cancel(): void;
  toPromise(): PromiseLike<unknown>;
}
type Step = (outcome: unknown) => unknown;
type ErrorStep = (error: Error) => unknown;
type Canceller = (deferred: Like<never>) => void;

// --- The model -------------------------------------------------------------------------------

interface Outcome {
  failed: boolean;
  value: unknown;
}
type ModelStep = { onResult?: Step | null; onFailure?: ErrorStep | null; waiter?: Model };

class Model implements Like<Model> {
  called = false;
  paused = 0;
  running = false;
  waitsOn: Model | undefined;
  outcome: Outcome = { failed: false, value: undefined };
  steps: ModelStep[] = [];
  #swallow = false;
  #cancelling = false;

  constructor(readonly canceller: Canceller | undefined) {}

  callback(value: unknown): void {
    this.#fire({ failed: false, value });
  }
  errback(value: Error): void {
    this.#fire({ failed: true, value });
  }
  addCallbacks(onResult: Step | null, onFailure: ErrorStep | null): void {
    this.#add({ onResult, onFailure });
  }
  chainDeferred(deferred: Model): void {
    this.addCallbacks((value) => deferred.callback(value), (error) => deferred.errback(error));
  }
  pause(): void {
    this.paused++;
  }
  unpause(): void {
    if (this.paused === 0) throw new RangeError();
    this.paused--;
    this.#run();
  }
  cancel(): void {
    if (this.called) this.waitsOn?.cancel();
    else if (!this.#cancelling) this.#cancelUnfired();
  }
  toPromise(): PromiseLike<unknown> {
    // Records the calls of a promise's then() functions, in their order.
    return {
      then: (onResult: Step, onFailure: ErrorStep): void => {
        const look = (f: Step) => (outcome: unknown): unknown => {
          f(outcome);
          if (outcome instanceof Error) throw outcome;
          return outcome;
        };
        this.#add({ onResult: look(onResult), onFailure: look(onFailure as Step) });
      },
    } as PromiseLike<unknown>; // The programs use only this part of a promise.
  }

  #fire(outcome: Outcome): void {
    if (this.called) {
      if (!this.#swallow) throw new AlreadyCalled();
      this.#swallow = false;
      return;
    }
    this.called = true;
    this.outcome = outcome;
    this.#run();
  }

  #cancelUnfired(): void {
    if (this.canceller === undefined) {
      this.#swallow = true;
    } else {
      this.#cancelling = true;
      try {
        this.canceller(this);
      } finally {
        this.#cancelling = false;
      }
    }
    if (!this.called) this.errback(new Error("cancelled"));
  }

  #add(step: ModelStep): void {
    this.steps.push(step);
    if (this.called) this.#run();
  }

  #run(): void {
    if (!this.called || this.running) return;
    while (this.paused === 0 && this.waitsOn === undefined) {
      const step = this.steps.shift();
      if (step === undefined) return;
      if (step.waiter !== undefined) this.#handOver(step.waiter);
      else this.#apply(this.outcome.failed ? step.onFailure as Step | null : step.onResult);
    }
  }

  #apply(step: Step | null | undefined): void {
    if (!step) return;
    this.running = true;
    try {
      const value = step(this.outcome.value);
      if (value instanceof Model) this.#waitOn(value);
      else this.outcome = { failed: false, value };
    } catch (error) {
      this.outcome = { failed: true, value: error };
    } finally {
      this.running = false;
    }
  }

  #waitOn(source: Model): void {
    for (let next: Model | undefined = source; next !== undefined; next = next.waitsOn) {
      if (next === this) throw new TypeError();
    }
    const { called, running, paused, waitsOn, steps } = source;
    if (called && !running && paused === 0 && waitsOn === undefined && steps.length === 0) {
      this.outcome = source.outcome;
      source.outcome = { failed: false, value: undefined };
    } else {
      source.steps.push({ waiter: this });
      this.waitsOn = source;
    }
  }

  #handOver(waiter: Model): void {
    waiter.outcome = this.outcome;
    waiter.waitsOn = undefined;
    this.outcome = { failed: false, value: undefined };
    waiter.#run();
  }
}

class AlreadyCalled extends Error {}

// --- The programs ----------------------------------------------------------------------------

type Command =
  | { do: "callback" | "errback" | "pause" | "unpause" | "cancel" | "look"; to: number }
  | { do: "chain"; to: number; other: number }
  | { do: "add"; to: number; kind: "callback" | "errback" | "both"; action: Action };

/** The action of a callback. */
interface Action {
  then: "return" | "throw" | "pass" | "wait";
  on: number;
  also: Command | null;
}

type CancellerKind = "none" | "silent" | "callback" | "errback" | "throw";

const to = fc.nat({ max: POOL - 1 });
const plain: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constantFrom("callback" as const, "errback" as const), to }),
  fc.record({ do: fc.constantFrom("pause" as const, "unpause" as const), to }),
  fc.record({ do: fc.constantFrom("cancel" as const, "look" as const), to }),
  fc.record({ do: fc.constant("chain" as const), to, other: to }),
);
function commands(depth: number): fc.Arbitrary<Command> {
  const also = depth > 0 ? fc.option(commands(depth - 1)) : fc.constant(null);
  const action = fc.record({
    then: fc.constantFrom("return" as const, "throw" as const, "pass" as const, "wait" as const),
    on: to,
    also,
  });
  const kind = fc.constantFrom("callback" as const, "errback" as const, "both" as const);
  const add = fc.record({ do: fc.constant("add" as const), to, kind, action });
  return fc.oneof({ weight: 2, arbitrary: plain }, { weight: 3, arbitrary: add });
}
const kinds = ["none", "none", "silent", "callback", "errback", "throw"] as const;
/**
 * Lines of Deferreds that wait on each other: the most delicate case, which chance would rarely
 * produce.
 */
const waits: fc.Arbitrary<Command> = fc.record({
  do: fc.constant("add" as const),
  to,
  kind: fc.constant("both" as const),
  action: fc.record({
    then: fc.constant("wait" as const),
    on: to,
    also: fc.option(plain, { freq: 2 }),
  }),
});
const fires: fc.Arbitrary<Command> = fc.record({
  do: fc.constantFrom(
    "callback" as const,
    "callback" as const,
    "callback" as const,
    "pause" as const,
  ),
  to,
});
const programs = fc.record({
  cancellers: fc.array(fc.constantFrom<CancellerKind>(...kinds), {
    minLength: POOL,
    maxLength: POOL,
  }),
  commands: fc.tuple(
    fc.array(fc.oneof(waits, fires), { maxLength: 12 }),
    fc.array(commands(2), { maxLength: 20 }),
    fc.array(fc.oneof(waits, fires, plain), { maxLength: 12 }),
  ).map((parts) => parts.flat()),
});

/** Deferreds of one implementation, and the log of their events. */
class World<D extends Like<D>> {
  readonly log: string[] = [];
  /** The outcomes that promises received. */
  readonly looks: string[] = [];
  readonly pool: D[];
  #next = 0;

  constructor(
    cancellers: readonly CancellerKind[],
    make: (canceller: Canceller | undefined) => D,
  ) {
    this.pool = cancellers.map((kind, index) => make(this.#canceller(kind, index)));
  }

  do(command: Command): void {
    const deferred = this.pool[command.to];
    if (deferred === undefined) throw new RangeError(`No Deferred #${command.to}`);
    const n = this.#next++;
    try {
      this.#do(command, deferred, n);
    } catch (error) {
      this.log.push(`${n} ${command.do} threw ${show(error)}`);
    }
  }

  #do(command: Command, deferred: D, n: number): void {
    switch (command.do) {
      case "callback":
        return deferred.callback(n);
      case "errback":
        return deferred.errback(new Error(`${n}`));
      case "look": {
        const tell = (outcome: unknown): void => {
          this.looks.push(`${n} ${show(outcome)}`);
        };
        deferred.toPromise().then(tell, tell);
        return;
      }
      case "chain": {
        const other = this.pool[command.other];
        if (other !== undefined) deferred.chainDeferred(other);
        return;
      }
      case "add": {
        const step = this.#step(command.action, n);
        const { kind } = command;
        deferred.addCallbacks(kind === "errback" ? null : step, kind === "callback" ? null : step);
        return;
      }
      default:
        return deferred[command.do]();
    }
  }

  #step(action: Action, n: number): Step {
    return (outcome) => {
      this.log.push(`${n} got ${show(outcome)}`);
      if (action.also !== null) this.do(action.also);
      this.log.push(`${n} ends`);
      if (action.then === "return") return n;
      if (action.then === "throw") throw new Error(`${n}`);
      if (action.then === "wait") return this.pool[action.on];
      if (outcome instanceof Error) throw outcome;
      return outcome;
    };
  }

  #canceller(kind: CancellerKind, index: number): Canceller | undefined {
    if (kind === "none") return undefined;
    return (deferred) => {
      this.log.push(`canceller ${index}`);
      if (kind === "callback") deferred.callback("rescued");
      if (kind === "errback") deferred.errback(new Error("gave up"));
      if (kind === "throw") throw new Error("in the canceller");
    };
  }
}

function show(outcome: unknown): string {
  // The model does not reproduce the messages of the library's own errors.
  if (!(outcome instanceof Error)) return String(outcome);
  const own = ["CancelledError", "AlreadyCalledError", "TypeError", "RangeError"].includes(
    outcome.name,
  );
  return own || outcome.message === "cancelled" || outcome instanceof AlreadyCalled
    ? "an error of the library"
    : `error ${outcome.message}`;
}

function modelState({ called, paused, waitsOn, outcome }: Model): string {
  return describe(called, paused, waitsOn !== undefined, outcome.failed, outcome.value);
}

function realState(deferred: Deferred<unknown>): string {
  const { called, paused, source, failed, result } = stateOf(deferred);
  return describe(called, paused, source !== undefined, failed, result);
}

function describe(
  called: boolean,
  paused: number,
  waits: boolean,
  failed: boolean,
  value: unknown,
): string {
  const result = waits ? "waits" : `${failed ? "failed" : "has"} ${show(value)}`;
  return `${called ? result : "unfired"}, paused ${paused}`;
}

/** The commands that complete every Deferred. */
function ending(): Command[] {
  const all = Array.from({ length: POOL }, (_, to) => to);
  return [
    ...all.flatMap((to): Command[] => Array.from({ length: 9 }, () => ({ do: "unpause", to }))),
    ...all.map((to): Command => ({ do: "callback", to })),
  ];
}

const numRuns = Number(Deno.env.get("TORSION_PROPERTY_RUNS") ?? 2000);
const seed = Number(Deno.env.get("TORSION_PROPERTY_SEED") ?? 20100819);

Deno.test("Deferred behaves as a simple model under random operations", async () => {
  let stepsRun = 0;
  const property = fc.asyncProperty(programs, async ({ cancellers, commands }) => {
    const model = new World<Model>(cancellers, (canceller) => new Model(canceller));
    const real = new World<Deferred<unknown>>(
      cancellers,
      // The engine calls the canceller with a Deferred, and the canceller needs no more.
      (canceller) =>
        new Deferred<unknown>(canceller as ((d: Deferred<unknown>) => void) | undefined),
    );
    for (const program of [commands, ending()]) {
      for (const command of program) {
        model.do(command);
        real.do(command);
        assertEquals(real.pool.map(realState), model.pool.map(modelState));
      }
      assertEquals(real.log, model.log);
    }
    // Promises deliver their outcomes in the following microtasks, in no fixed order.
    await null;
    assertEquals(real.looks.sort(), model.looks.sort());
    stepsRun += real.log.length;
    // Handles every failure, so that none is logged. Handling one may pause or fire another
    // Deferred.
    for (let round = 0; round < POOL; round++) {
      for (const deferred of real.pool) {
        while (deferred.paused > 0) deferred.unpause();
        deferred.addErrback(() => {});
      }
    }
  });
  await fc.assert(property, { numRuns, seed });
  assert(stepsRun > numRuns * 20, "the programs run callbacks");
});
