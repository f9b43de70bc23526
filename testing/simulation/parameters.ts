/**
 * The parameters of a scenario.
 *
 * @module
 */

import { checkInteger, checkString, quote } from "../../internal/validation.ts";
import type { Parameter } from "./network_options.ts";

/** The numbers that a scenario has declared, and the values that replace them. */
export class Parameters {
  readonly #given: Readonly<Record<string, number>>;
  readonly #declared = new Map<string, Parameter>();

  /** @param given The values that replace those of the scenario. */
  constructor(given: Readonly<Record<string, number>>) {
    this.#given = given;
  }

  /** The parameters that the scenario has declared. */
  get declared(): ReadonlyMap<string, Parameter> {
    return this.#declared;
  }

  /** Declares a number, and returns the value to use: see `SimulatedNetwork.parameter()`. */
  declare(name: string, value: number, least: number): number {
    checkString("parameter() name", name);
    const place = `parameter(${quote(name)})`;
    checkInteger(`${place} value`, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    checkInteger(`${place} least`, least, Number.MIN_SAFE_INTEGER, value);
    const given = Object.hasOwn(this.#given, name) ? this.#given[name] : undefined;
    const used = Math.max(given ?? value, least);
    const former = this.#declared.get(name);
    if (former !== undefined && (former.value !== used || former.least !== least)) {
      throw new RangeError(
        `Cannot declare ${place} again: it has the value ${former.value} and the least value ` +
          `${former.least}, got ${used} and ${least}`,
      );
    }
    this.#declared.set(name, { value: used, least });
    return used;
  }
}
