/**
 * The reactors that a program in this folder can run on.
 *
 * @module
 */

import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import type { HostReactor } from "../reactor/drivers/deno/host_reactor.ts";
import { EpollReactor } from "../reactor/drivers/epoll/mod.ts";

/** The names of the reactors, for the usage of a program. */
export const HOST_REACTORS = "deno|epoll";

/** Creates a reactor by its name. @returns The reactor; `null` if there is none of that name. */
export function hostReactor(name: string): HostReactor | null {
  switch (name) {
    case "deno":
      return new DenoReactor();
    case "epoll":
      return new EpollReactor();
    default:
      return null;
  }
}
