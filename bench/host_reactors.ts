/**
 * The reactors that a program in this folder can run on.
 *
 * @module
 */

import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import type { HostReactor } from "../reactor/drivers/deno/host_reactor.ts";
import { EpollReactor } from "../reactor/drivers/epoll/mod.ts";

const REACTORS: Record<string, () => HostReactor> = {
  deno: () => new DenoReactor(),
  epoll: () => new EpollReactor(),
};

/** The names of the reactors, the default one first. */
export const HOST_REACTORS: readonly string[] = Object.keys(REACTORS);

/**
 * Creates a reactor by its name.
 *
 * @param name The name. The default is that of the default reactor.
 * @returns The reactor.
 * @throws {RangeError} If there is no reactor of that name.
 */
export function reactorOf(name = "deno"): HostReactor {
  const create = REACTORS[name];
  if (create === undefined) {
    const names = HOST_REACTORS.join(", ");
    throw new RangeError(`Cannot create reactor ${JSON.stringify(name)}: the names are ${names}`);
  }
  return create();
}
