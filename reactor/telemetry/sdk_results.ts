/**
 * Results of an SDK's functions, none of which should be a promise. A promise that rejects must
 * still not end the process.
 *
 * @module
 */

import { isThenable } from "../../internal/foreign_value.ts";

/**
 * Joins the results of calls, for the caller that logs the rejection of a promise.
 *
 * @param results The results.
 * @returns A promise that rejects if one of the results does; `undefined` if none is a promise.
 */
export function joinResults(...results: unknown[]): Promise<unknown> | undefined {
  return results.some(isThenable) ? Promise.all(results) : undefined;
}
