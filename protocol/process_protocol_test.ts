// Of Twisted's `test/test_process.py`, `ProcessProtocolTests`. `test_interface` is the compiler's.

import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { IProcessTransport } from "../reactor/interfaces/mod.ts";
import { ProcessProtocol } from "./mod.ts";

/** Notes which of its methods are called, and with what. */
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

Deno.test("What comes of descriptor 1 goes to outReceived(), of 2 to errReceived(), of another nowhere", () => {
  const protocol = new Noted();
  const data = new Uint8Array([1]);
  for (const childFD of [1, 2, 0, 3]) protocol.childDataReceived(childFD, data);
  assertEquals(protocol.calls, [["out", data], ["err", data]]);
});

Deno.test("The end of each descriptor goes to the method named for it, with the reason", () => {
  const protocol = new Noted();
  const reason = new Error("closed");
  for (const childFD of [0, 1, 2, 3]) protocol.childConnectionLost(childFD, reason);
  assertEquals(protocol.calls, [["in lost", reason], ["out lost", reason], ["err lost", reason]]);
});

Deno.test("makeConnection() takes the process and calls connectionMade(), whose promise it returns", async () => {
  class Failing extends ProcessProtocol {
    override connectionMade(): Promise<void> {
      assertStrictEquals(this.transport, process);
      return Promise.reject(new Error("made"));
    }
  }
  // Nothing here asks anything of it.
  const process = {} as IProcessTransport;
  const protocol = new Failing();
  assertThrows(() => protocol.transport, Error, "Failing has no transport");
  assertEquals(protocol.connected, false);
  await assertRejects(async () => await protocol.makeConnection(process), Error, "made");
  assertEquals(protocol.connected, true);
  assertEquals(protocol.logPrefix(), "Failing");
});
