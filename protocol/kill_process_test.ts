import { assertEquals, assertThrows } from "@std/assert";
import { ProcessAddress } from "../reactor/addresses.ts";
import { ProcessExitedAlready } from "../reactor/errors.ts";
import type { ProcessSignal } from "../reactor/interfaces/mod.ts";
import { killProcess } from "./kill_process.ts";

/** A child process whose `signalProcess()` is `f`. */
function child(f: (signal: ProcessSignal) => void): { signalProcess: typeof f } {
  return { signalProcess: f };
}

Deno.test("killProcess() sends the signal KILL", () => {
  const signals: ProcessSignal[] = [];
  killProcess(child((signal) => void signals.push(signal)));
  assertEquals(signals, ["KILL"]);
});

Deno.test("killProcess() does nothing for a child that has exited but is not yet reported", () => {
  killProcess(child(() => {
    throw new ProcessExitedAlready(new ProcessAddress("cat", 42));
  }));
});

Deno.test("killProcess() throws errors other than that of an exited child", () => {
  const process = child(() => {
    throw new RangeError("boom");
  });
  assertThrows(() => killProcess(process), RangeError, "boom");
});
