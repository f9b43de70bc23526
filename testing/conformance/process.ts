/**
 * What every reactor's child processes do: written against `IReactorProcess` alone, so that each reactor runs it unchanged.
 *
 * Real children: a shell, `cat` and their like. Of Twisted's tests:
 *
 * - `internet/test/test_process.py`: `ProcessTestsBuilderBase` and `ProcessTestsBuilder` are here. `test_processTransportInterface` is the
 *   compiler's. `test_systemCallUninterruptedByChildExit` and `test_errorDuringExec` are about Python between fork and exec,
 *   `test_process_unregistered_before_protocol_ended_callback`, `PotentialZombieWarningTests`, `ReapingNonePidsLogsProperly` and
 *   `GetFileActionsTests` about Twisted's own reaping and spawning: Deno does both. `PTYProcessTestsBuilder` does not apply: Deno has no
 *   terminals. `ProcessIsUnimportableOnUnsupportedPlatormsTests` is about Python's modules.
 * - `test/test_process.py`: `ProcessTests`, `TestTwoProcessesBase` (`TwoProcessesPosixTests`; `TwoProcessesNonPosixTests` is the same elsewhere),
 *   `PosixProcessBase`, `PosixProcessTests`, `ClosingPipesTests` are here, `ProcessProtocolTests` in `protocol/process_protocol_test.ts`.
 *   `FDTests.test_FD` does not apply: Deno gives a child three descriptors; its `test_linger` is here, with those. `test_executionError` is an
 *   error of `spawnProcess` here. `test_patchSysStdout…` and `test_patch_sys__stdout__WithStringIO` are about Python's `sys`, `MockProcessTests`
 *   about its `os`, but for its four `test_kill…`, which are in `../../reactor/process/child_process_test.ts`. `UtilTests` is about `procutils.which`: the
 *   system looks in `PATH`. `PosixProcessPTYTests`, `test_closePty` and `test_killPty` do not apply, nor do the classes for Windows:
 *   `Win32ProcessTests`, `Win32UnicodeEnvironmentTests`, `DumbWin32ProcTests` and `Win32CreateProcessFlagsTests`.
 *
 * @module
 */

import type { IReactor } from "../../reactor/interfaces/mod.ts";
import { endingChildren } from "./process_ending.ts";
import { startingChildren } from "./process_starting.ts";
import { transferWithChildren } from "./process_transfer.ts";

/**
 * Defines the tests.
 *
 * @param name The reactor's, for the tests' names.
 * @param makeReactor Makes a new one.
 */
export function processConformance(name: string, makeReactor: () => IReactor): void {
  startingChildren(name, makeReactor);
  transferWithChildren(name, makeReactor);
  endingChildren(name, makeReactor);
}
