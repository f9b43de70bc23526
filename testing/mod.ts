/**
 * Functions for tests of network programs.
 *
 * `successResultOf`, `failureResultOf` and `assertNoResult` check a Deferred without an event loop.
 * `Clock`, of `@torsion/reactor/task`, is a clock that a test moves by hand. `InMemoryReactor` is a
 * reactor on such a clock, which really connects, without sockets.
 *
 * @module
 */

export { type AutoAdvance, autoAdvance, type AutoAdvanceOptions } from "./auto_advance.ts";
export {
  InMemoryReactor,
  type InMemoryReactorOptions,
} from "../reactor/drivers/memory/in_memory_reactor.ts";
export { VirtualReactor } from "../reactor/drivers/memory/virtual_reactor.ts";
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
} from "../reactor/drivers/memory/memory_network.ts";
export {
  assertNoResult,
  type ErrorType,
  failureResultOf,
  successResultOf,
  UnexpectedResult,
} from "./results.ts";
