// Twisted's `test/test_process.py`, `ProcessProtocolTests`. `test_interface` is checked by the
// compiler.

import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { MemoryReactor } from "../testing/mod.ts";
import { ProcessProtocol } from "./mod.ts";

/** Records the calls of its methods, and their arguments. */
class Noted extends ProcessProtocol {
  readonly calls: unknown[][] = [];

  override outReceived(...args: unknown[]): void {
    this.calls.push(["out", ...args]);
  }

  override errReceived(...args: unknown[]): void {
    this.calls.push(["err", ...args]);
  }

  override inConnectionLost(...args: unknown[]): void {
    this.calls.push(["in lost", ...args]);
  }

  override outConnectionLost(...args: unknown[]): void {
    this.calls.push(["out lost", ...args]);
  }

  override errConnectionLost(...args: unknown[]): void {
    this.calls.push(["err lost", ...args]);
  }
}

Deno.test("ProcessProtocol.childDataReceived() calls outReceived() for 1, errReceived() for 2", () => {
  const protocol = new Noted();
  const data = new Uint8Array([1]);
  for (const childFD of [1, 2, 0, 3]) protocol.childDataReceived(childFD, data);
  assertEquals(protocol.calls, [["out", data], ["err", data]]);
});

Deno.test("ProcessProtocol.childConnectionLost() calls the method of its descriptor", () => {
  const protocol = new Noted();
  const reason = new Error("closed");
  for (const childFD of [0, 1, 2, 3]) protocol.childConnectionLost(childFD, reason);
  assertEquals(protocol.calls, [["in lost", reason], ["out lost", reason], ["err lost", reason]]);
});

Deno.test("ProcessProtocol.makeConnection() returns the promise of connectionMade()", async () => {
  class Failing extends ProcessProtocol {
    override connectionMade(): Promise<void> {
      assertStrictEquals(this.transport, process);
      return Promise.reject(new Error("made"));
    }
  }
  const process = new MemoryReactor().spawnProcess(new ProcessProtocol(), "cat");
  const protocol = new Failing();
  assertThrows(() => protocol.transport, Error, "Cannot get the transport of Failing");
  assertEquals(protocol.connected, false);
  await assertRejects(async () => await protocol.makeConnection(process), Error, "made");
  assertEquals(protocol.connected, true);
  assertEquals(protocol.logPrefix(), "Failing");
});
