import { assertEquals, assertThrows } from "@std/assert";
import { ProcessAddress } from "../reactor/addresses.ts";
import { ProcessExitedAlready } from "../reactor/errors.ts";
import type { ProcessSignal } from "../reactor/interfaces/mod.ts";
import { killProcess } from "./kill_process.ts";

/** A child process whose `signalProcess()` is `f`. */
class Child {
  readonly signalProcess: (signal: ProcessSignal) => void;
  isClosed = false;

  constructor(f: (signal: ProcessSignal) => void) {
    this.signalProcess = f;
  }

  loseConnection(): void {
    this.isClosed = true;
  }
}

Deno.test("killProcess() sends the signal KILL and closes the pipes", () => {
  const signals: ProcessSignal[] = [];
  const child = new Child((signal) => void signals.push(signal));
  killProcess(child);
  assertEquals([signals, child.isClosed], [["KILL"], true]);
});

Deno.test("killProcess() closes the pipes of a child that has exited but is not yet reported", () => {
  const child = new Child(() => {
    throw new ProcessExitedAlready(new ProcessAddress("cat", 42));
  });
  killProcess(child);
  assertEquals(child.isClosed, true);
});

Deno.test("killProcess() throws errors other than that of an exited child", () => {
  const process = new Child(() => {
    throw new RangeError("boom");
  });
  assertThrows(() => killProcess(process), RangeError, "boom");
});
