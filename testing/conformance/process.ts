/**
 * Child processes. The tests use only `IReactorProcess`, so every reactor runs them unchanged. The
 * children are real: a shell, `cat` and similar programs. Of Twisted's tests:
 *
 * - `internet/test/test_process.py`: `ProcessTestsBuilderBase` and `ProcessTestsBuilder` are here.
 *   The compiler checks `test_processTransportInterface`. `test_systemCallUninterruptedByChildExit`
 *   and `test_errorDuringExec` test Python between fork and exec;
 *   `test_process_unregistered_before_protocol_ended_callback`, `PotentialZombieWarningTests`,
 *   `ReapingNonePidsLogsProperly` and `GetFileActionsTests` test Twisted's own reaping and
 *   spawning, both of which Deno does. `PTYProcessTestsBuilder` does not apply: Deno has no
 *   terminals. `ProcessIsUnimportableOnUnsupportedPlatormsTests` tests Python's modules.
 * - `test/test_process.py`: `ProcessTests`, `TestTwoProcessesBase` (`TwoProcessesPosixTests`;
 *   `TwoProcessesNonPosixTests` is the same on other systems), `PosixProcessBase`,
 *   `PosixProcessTests` and `ClosingPipesTests` are here, `ProcessProtocolTests` in
 *   `protocol/process_protocol_test.ts`. `FDTests.test_FD` does not apply: Deno gives a child three
 *   descriptors; its `test_linger` is here, with those three. `test_executionError` is an error of
 *   `spawnProcess` here. `test_patchSysStdout…` and `test_patch_sys__stdout__WithStringIO` test
 *   Python's `sys`; `MockProcessTests` test Python's `os`, except for four `test_kill…`, which are
 *   in `../../reactor/process/child_process_test.ts`. `UtilTests` test `procutils.which`: here, the
 *   system searches `PATH`. `PosixProcessPTYTests`, `test_closePty` and `test_killPty` do not
 *   apply, nor do the classes for Windows: `Win32ProcessTests`, `Win32UnicodeEnvironmentTests`,
 *   `DumbWin32ProcTests` and `Win32CreateProcessFlagsTests`.
 *
 * @module
 */

import type { IReactor } from "../../reactor/interfaces/mod.ts";
import { endingChildren } from "./process_ending.ts";
import { startingChildren } from "./process_starting.ts";
import { transferWithChildren } from "./process_transfer.ts";

/**
 * Defines the tests of child processes.
 *
 * @param name The name of the reactor, which starts the tests' names.
 * @param makeReactor Makes a new reactor.
 */
export function processConformance(name: string, makeReactor: () => IReactor): void {
  startingChildren(name, makeReactor);
  transferWithChildren(name, makeReactor);
  endingChildren(name, makeReactor);
}
