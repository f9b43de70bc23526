/**
 * What every reactor's life is: written against `IReactorCore` (and `callLater`) alone, so that each reactor runs it unchanged.
 *
 * Of Twisted's tests:
 *
 * - `internet/test/test_core.py`, `SystemEventTestsBuilder`: all is here but `test_iterate` (there is no `iterate()`: the host's loop cannot be
 *   stepped), `test_signalHandlersInstalledDuringStartup` (it patches Python's `signal`; see `signals_test.ts` and `lifecycle_test.ts`) and
 *   `test_shutdownDisconnectsCleanly` (`conformance/tcp.ts`).
 * - `test/test_internet.py`: `SystemEventTests`, all; the private half, `ThreePhaseEventTests`, is in `system_event_test.ts`. `TimeTests` and
 *   `DelayedTests` are in `time.ts`, `CallFromThreadStopsAndWakeUpTests` and `CallFromThreadTests` in `threads.ts`, `ProducerTests` in
 *   `connection_producer_test.ts`, `ProtocolTests` in `protocol/factory_test.ts`. `ResolveTests` is about a thread that Twisted resolves in;
 *   `PortStringificationTests` and `ConnectorReprTests` are about Python's `repr`.
 * - `internet/test/test_base.py`: `ThreadedResolverTests` do not apply, Deno resolves names; `DelayedCallMixin` is told of in `time.ts`;
 *   `ReactorBaseSignalTests` test `_exitSignal`, which there is not: a process that handled its signal ends with code 0.
 *
 * What differs: `run()` does not block but returns a promise, so that errors in using it reject that promise. An error that a test does not
 * expect in the log fails it.
 *
 * @module
 */

import type { CoreReactor } from "../fixtures/core_fixture.ts";
import type { FakeTimeClass } from "./fake_time.ts";
import { crashingTests } from "./core_crashing.ts";
import { eventTests } from "./core_events.ts";
import { runningTests } from "./core_running.ts";
import { stoppingTests } from "./core_stopping.ts";

/**
 * Defines the tests.
 *
 * @param name The reactor's, for the tests' names.
 * @param makeReactor Makes a new one.
 * @param FakeTime `FakeTime` of `@std/testing/time`.
 */
export function coreConformance(
  name: string,
  makeReactor: () => CoreReactor,
  FakeTime: FakeTimeClass,
): void {
  runningTests(name, makeReactor, FakeTime);
  stoppingTests(name, makeReactor, FakeTime);
  crashingTests(name, makeReactor, FakeTime);
  eventTests(name, makeReactor, FakeTime);
}
