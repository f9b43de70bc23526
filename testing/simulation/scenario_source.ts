/**
 * A scenario as a function, or as an export of a module that a thread can import.
 *
 * @module
 */

import { checkFunction, quote } from "../../internal/validation.ts";
import { absoluteURL } from "../../reactor/threads/worker_task.ts";
import type { Scenario } from "./simulate.ts";
import { internalsOf, type SimulatedNetwork } from "./simulated_network.ts";
import type { TaskModules } from "./simulated_threads.ts";

/**
 * Properties that must hold when a scenario has ended, by their names. A property that does not
 * hold returns `false` or throws.
 */
export type Invariants = Readonly<Record<string, (network: SimulatedNetwork) => boolean | void>>;

/** A scenario that a module exports, for threads: a function cannot be passed to them. */
export interface ScenarioModule {
  /** The absolute URL of the module: `new URL("./chat.ts", import.meta.url)`. */
  readonly module: string | URL;
  /** The name under which the module exports the scenario. */
  readonly export: string;
  /** The name under which the module exports the {@linkcode Invariants}, if it has any. */
  readonly invariants?: string | undefined;
  /** The name under which the module exports the states that some seed must reach, if any. */
  readonly sometimes?: string | undefined;
  /** The name under which the module exports the modules of the tasks in threads, if any. */
  readonly taskModules?: string | undefined;
}

/** A scenario that is ready to run. */
export interface LoadedScenario {
  /** Runs the scenario, and checks the invariants at its end. */
  readonly scenario: Scenario;
  /** The states that some seed must reach; `null` if none are declared. */
  readonly states: readonly string[] | null;
  /** The modules of the tasks that programs run in threads. */
  readonly taskModules: TaskModules | undefined;
}

/** What the caller declares beside the exports of a module. */
export interface Declarations {
  readonly invariants?: Invariants | undefined;
  readonly sometimes?: readonly string[] | undefined;
  readonly taskModules?: TaskModules | undefined;
}

/** Reports whether a scenario is an export of a module. */
export function isScenarioModule(value: unknown): value is ScenarioModule {
  return typeof value === "object" && value !== null && "module" in value;
}

/** Returns the same scenario, with texts only, which can be passed to a thread. */
export function forThread(source: ScenarioModule): ScenarioModule {
  return { ...source, module: absoluteURL(source.module) };
}

/**
 * Returns a scenario as a function, which also checks the invariants at its end.
 *
 * @param source The scenario.
 * @param declarations What a function needs, and the states beside those that a module exports.
 * @throws {TypeError} If the module has no such export, or an export or a declaration has the wrong
 *   type.
 */
export async function loadScenario(
  source: Scenario | ScenarioModule,
  declarations: Declarations = {},
): Promise<LoadedScenario> {
  checkSource(source, declarations);
  const { invariants, sometimes, taskModules } = declarations;
  if (!isScenarioModule(source)) {
    const checked = withInvariants(source, invariants ?? {});
    return { scenario: checked, states: sometimes ?? null, taskModules };
  }
  const { module } = source;
  const exports: Record<string, unknown> = await import(absoluteURL(module));
  const exported = (name: string | undefined): unknown => {
    if (name === undefined) return undefined;
    if (Object.hasOwn(exports, name)) return exports[name];
    const names = Object.keys(exports).join(", ");
    throw new TypeError(`The module ${module} has no export ${quote(name)}: it has ${names}`);
  };
  const scenario = exported(source.export);
  checkFunction(`the export ${source.export} of ${module}`, scenario);
  const states = exported(source.sometimes);
  if (states !== undefined) checkStates(`the export ${source.sometimes} of ${module}`, states);
  // The caller declares the exports' types by naming them here.
  const own = exported(source.invariants) as Invariants | undefined;
  return {
    scenario: withInvariants(scenario as Scenario, own ?? {}),
    states: allStates(states ?? null, sometimes),
    taskModules: exported(source.taskModules) as TaskModules | undefined,
  };
}

/** Returns the states that a module and its caller declare; `null` if none are declared. */
export function allStates(
  ofModule: readonly string[] | null,
  ofCaller: readonly string[] | undefined,
): readonly string[] | null {
  return ofCaller === undefined ? ofModule : [...ofModule ?? [], ...ofCaller];
}

/** Throws an error that names the option, unless a scenario and its declarations are valid. */
export function checkSource(
  source: Scenario | ScenarioModule,
  { invariants, sometimes, taskModules }: Declarations,
): void {
  if (sometimes !== undefined) checkStates("sometimes", sometimes);
  if (!isScenarioModule(source)) return checkFunction("scenario", source);
  checkExported("invariants", invariants, source);
  checkExported("taskModules", taskModules, source);
}

/** Throws an error if the caller passes what a thread cannot receive and the module must export. */
function checkExported(name: string, value: unknown, { module }: ScenarioModule): void {
  if (value === undefined) return;
  throw new TypeError(
    `The option ${name} needs a scenario that is a function: let the module ${module} export ` +
      `${name}, and name the export as scenario.${name}`,
  );
}

/** Throws an error that names the value, unless it is an array of different texts. */
function checkStates(name: string, value: unknown): asserts value is readonly string[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`${name} must be an array of names of states, got ${quote(value)}`);
  }
  const wrong: unknown = value.find((each) => typeof each !== "string");
  if (wrong === undefined) return;
  throw new TypeError(`${name} must contain only names of states, got ${quote(wrong)}`);
}

function withInvariants(scenario: Scenario, invariants: Invariants): Scenario {
  const checks = Object.entries(invariants);
  for (const [name, check] of checks) checkFunction(`the invariant ${quote(name)}`, check);
  if (checks.length === 0) return scenario;
  return async (network) => {
    await scenario(network);
    const { checks: found } = internalsOf(network);
    await found.nonePending();
    for (const [name, check] of checks) {
      try {
        if (check(network) === false) found.fail("invariant", name);
      } catch (error) {
        found.fail("invariant", `${name}: ${error}`, error);
      }
    }
  };
}
