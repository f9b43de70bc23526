import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { ProcessEndpoint } from "../endpoints/mod.ts";
import { connectProtocol } from "../endpoints/mod.ts";
import { ProcessProtocol } from "../protocol/mod.ts";
import { ProcessDone, ProcessExitedAlready, ProcessTerminated } from "../reactor/errors.ts";
import type { IPushProducer } from "../reactor/interfaces/mod.ts";
import {
  AccumulatingProtocol,
  type FakeProcess,
  MemoryReactorClock,
  successResultOf,
} from "./mod.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A protocol that records its calls. */
class Noted extends ProcessProtocol {
  readonly calls: string[] = [];
  reason: Error | null = null;

  override connectionMade(): void {
    this.calls.push("made");
  }

  override outReceived(data: Uint8Array): void {
    this.calls.push(`out ${decode(data)}`);
  }

  override errReceived(data: Uint8Array): void {
    this.calls.push(`err ${decode(data)}`);
  }

  override childConnectionLost(childFD: number): void {
    this.calls.push(`closed ${childFD}`);
  }

  override processExited(reason: Error): void {
    this.reason = reason;
    this.calls.push("exited");
  }

  override processEnded(reason: Error): void {
    this.calls.push(`ended ${reason === this.reason}`);
  }
}

function spawned(): { protocol: Noted; child: FakeProcess } {
  const protocol = new Noted();
  const child = new MemoryReactorClock().spawnProcess(protocol, "cat", { args: ["-n"] });
  return { protocol, child };
}

Deno.test("FakeProcess.output() passes data to the protocol", () => {
  const { protocol, child } = spawned();
  child.output(1, "one");
  child.output(2, new Uint8Array([50]));
  assertEquals(protocol.calls, ["made", "out one", "err 2"]);
  assertThrows(() => child.output(0, "x"), RangeError, "Cannot output from descriptor 0");
});

Deno.test("FakeProcess.text() has what was written to a descriptor", () => {
  const { protocol, child } = spawned();
  protocol.transport.write("one ");
  protocol.transport.writeSequence(["two", new Uint8Array([33])]);
  protocol.transport.writeToChild(0, "!");
  assertEquals([child.text(), child.value().length, child.text(3)], ["one two!!", 9, ""]);
  assertThrows(() => child.writeToChild(1, "x"), RangeError, "Cannot write to descriptor 1");
  protocol.transport.closeStdin();
  protocol.transport.write("late");
  assertEquals([child.text(), child.closedFDs], ["one two!!", [0]]);
});

Deno.test("FakeProcess.write() calls flushed(), unless standard input is closed", () => {
  const { protocol } = spawned();
  let calls = 0;
  const flushed = (): void => void calls++;
  protocol.transport.write("one", { flushed });
  protocol.transport.write("", { flushed });
  protocol.transport.closeStdin();
  protocol.transport.write("late", { flushed });
  assertEquals(calls, 1);
});

Deno.test("FakeProcess.exit() ends the process with its exit code", () => {
  const { protocol, child } = spawned();
  child.exit(0);
  assertInstanceOf(protocol.reason, ProcessDone);
  assertEquals(protocol.calls.slice(1), [
    "exited",
    "closed 0",
    "closed 1",
    "closed 2",
    "ended true",
  ]);
  assertEquals(child.pid, null);
  assertThrows(() => child.exit(0), Error, "it has exited");
  assertThrows(() => child.signalProcess("KILL"), ProcessExitedAlready);
  child.output(1, "late");
  assertEquals(protocol.calls.at(-1), "ended true");
});

Deno.test("FakeProcess.signals has the signals that were sent", () => {
  const { protocol, child } = spawned();
  protocol.transport.signalProcess("TERM");
  assertEquals([child.signals, child.pid], [["TERM"], 4712]);
  child.exit(143, "SIGTERM");
  assertInstanceOf(protocol.reason, ProcessTerminated);
  assertEquals(protocol.reason.signal, "SIGTERM");
});

Deno.test("FakeProcess.registerProducer() stores the producer, or stops it without stdin", () => {
  const { child } = spawned();
  const calls: string[] = [];
  const producer: IPushProducer = {
    pauseProducing: () => void calls.push("pause"),
    resumeProducing: () => void calls.push("resume"),
    stopProducing: () => void calls.push("stop"),
  };
  child.registerProducer(producer, true);
  assertStrictEquals(child.producer, producer);
  assertThrows(() => child.registerProducer(producer, true), Error, "is already registered");
  child.unregisterProducer();
  child.loseConnection();
  child.registerProducer(producer, true);
  assertEquals([child.producer, calls], [null, ["stop"]]);
});

Deno.test("FakeProcess.isPaused follows pauseProducing() and resumeProducing()", () => {
  const { child } = spawned();
  child.pauseProducing();
  assertEquals(child.isPaused, true);
  child.resumeProducing();
  assertEquals(child.isPaused, false);
  assertEquals(String(child), "process cat (4712)");
});

Deno.test("FakeProcess works with ProcessEndpoint", () => {
  const reactor = new MemoryReactorClock();
  const endpoint = new ProcessEndpoint(reactor, "cat");
  const protocol = successResultOf(connectProtocol(endpoint, new AccumulatingProtocol()));
  const [child] = reactor.processes;
  protocol.transport.write("question");
  child?.output(1, "answer");
  assertEquals([child?.text(), protocol.text()], ["question", "answer"]);
  child?.exit(0);
  assertEquals(protocol.closed, true);
});
