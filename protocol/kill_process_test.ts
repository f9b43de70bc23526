import { assertEquals, assertThrows } from "@std/assert";
import { type FakeProcess, MemoryReactor } from "../testing/mod.ts";
import { killProcess } from "./kill_process.ts";
import { ProcessProtocol } from "./mod.ts";

/** Returns a process that the test ends. */
function newProcess(protocol = new ProcessProtocol()): FakeProcess {
  return new MemoryReactor().spawnProcess(protocol, "cat");
}

Deno.test("killProcess() sends the signal KILL and closes the pipes", () => {
  const process = newProcess();
  killProcess(process);
  assertEquals([process.signals, process.closedFDs], [["KILL"], [0, 2, 1]]);
});

Deno.test("killProcess() closes the pipes of a child that has exited but is not yet reported", () => {
  class Killing extends ProcessProtocol {
    override processExited(): void {
      killProcess(process);
      assertEquals(process.closedFDs, [0, 2, 1]);
    }
  }
  const process = newProcess(new Killing());
  process.exit(0);
  assertEquals(process.signals, []);
});

Deno.test("killProcess() throws errors other than that of an exited child", () => {
  const process = newProcess();
  process.signalProcess = () => {
    throw new RangeError("boom");
  };
  assertThrows(() => killProcess(process), RangeError, "boom");
});
