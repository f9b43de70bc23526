/**
 * The life of a reactor: start, run, events, stop. The tests use only `IReactorCore` and
 * `callLater`, so every reactor runs them unchanged. Of Twisted's tests:
 *
 * - `internet/test/test_core.py`, `SystemEventTestsBuilder`: all tests except `test_iterate` (there
 *   is no `iterate()`: the host's loop cannot be stepped),
 *   `test_signalHandlersInstalledDuringStartup` (it patches Python's `signal`; see
 *   `signals_test.ts` and `lifecycle_test.ts`) and `test_shutdownDisconnectsCleanly`
 *   (`conformance/tcp.ts`).
 * - `test/test_internet.py`: `SystemEventTests`, all; the private half, `ThreePhaseEventTests`, is
 *   in `system_event_test.ts`. `TimeTests` and `DelayedTests` are in `time.ts`,
 *   `CallFromThreadStopsAndWakeUpTests` and `CallFromThreadTests` in `threads.ts`, `ProducerTests`
 *   in `connection_producer_test.ts`, `ProtocolTests` in `protocol/factory_test.ts`. `ResolveTests`
 *   tests the thread in which Twisted resolves names; `PortStringificationTests` and
 *   `ConnectorReprTests` test Python's `repr`.
 * - `internet/test/test_base.py`: `ThreadedResolverTests` do not apply, because Deno resolves
 *   names; `DelayedCallMixin` is described in `time.ts`; `ReactorBaseSignalTests` test
 *   `_exitSignal`, which does not exist here: a process that handled its signal exits with code 0.
 *
 * The difference to Twisted: `run()` does not block but returns a promise, which rejects if `run()`
 * is misused.
 *
 * An error in the log that a test does not expect fails the test.
 *
 * @module
 */

import { type CoreReactor, coreTest } from "../fixtures/core_fixture.ts";
import type { FakeTimeClass } from "./fake_time.ts";
import { crashingTests } from "./core_crashing.ts";
import { eventTests } from "./core_events.ts";
import { runningTests } from "./core_running.ts";
import { stoppingTests } from "./core_stopping.ts";

/**
 * Defines the tests of a reactor's life.
 *
 * @param name The name of the reactor, which starts the tests' names.
 * @param makeReactor Makes a new reactor.
 * @param FakeTime `FakeTime` of `@std/testing/time`.
 */
export function coreConformance(
  name: string,
  makeReactor: () => CoreReactor,
  FakeTime: FakeTimeClass,
): void {
  const test = coreTest(name, makeReactor);
  runningTests(test, FakeTime);
  stoppingTests(test, FakeTime, makeReactor);
  crashingTests(test, FakeTime);
  eventTests(test, FakeTime, makeReactor);
}
