/**
 * A scenario as a function, or as an export of a module that a thread can import.
 *
 * @module
 */

import { checkFunction, quote } from "../../internal/validation.ts";
import { absoluteURL } from "../../reactor/threads/worker_task.ts";
import type { Scenario } from "./simulate.ts";
import { internalsOf, type SimulatedNetwork } from "./simulated_network.ts";

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
}

/** Reports whether a scenario is an export of a module. */
export function isScenarioModule(value: unknown): value is ScenarioModule {
  return typeof value === "object" && value !== null && "module" in value;
}

/** Returns the same scenario, with texts only, which can be passed to a thread. */
export function forThread({ module, export: name, invariants }: ScenarioModule): ScenarioModule {
  return { module: absoluteURL(module), export: name, invariants };
}

/**
 * Returns a scenario as a function, which also checks the invariants at its end.
 *
 * @param source The scenario.
 * @param invariants The properties to check, beside those that the module exports.
 * @throws {TypeError} If the module has no such export, or it is not a function.
 */
export async function loadScenario(
  source: Scenario | ScenarioModule,
  invariants: Invariants = {},
): Promise<Scenario> {
  if (!isScenarioModule(source)) {
    checkFunction("scenario", source);
    return withInvariants(source, invariants);
  }
  const { module, export: name, invariants: group } = source;
  const exports: Record<string, unknown> = await import(absoluteURL(module));
  const scenario = exported(exports, name, module);
  checkFunction(`the export ${name} of ${module}`, scenario);
  const all = group === undefined ? {} : exported(exports, group, module);
  // The caller declares the exports' types by naming them here.
  return withInvariants(scenario as Scenario, { ...all as Invariants, ...invariants });
}

function exported(exports: Record<string, unknown>, name: string, module: string | URL): unknown {
  if (Object.hasOwn(exports, name)) return exports[name];
  throw new TypeError(
    `The module ${module} has no export ${quote(name)}: it has ${Object.keys(exports).join(", ")}`,
  );
}

function withInvariants(scenario: Scenario, invariants: Invariants): Scenario {
  const checks = Object.entries(invariants);
  for (const [name, check] of checks) checkFunction(`the invariant ${quote(name)}`, check);
  if (checks.length === 0) return scenario;
  return async (network) => {
    await scenario(network);
    const { checks: found } = internalsOf(network);
    for (const [name, check] of checks) {
      try {
        if (check(network) === false) found.fail("invariant", name);
      } catch (error) {
        found.fail("invariant", `${name}: ${error}`, error);
      }
    }
  };
}
