// ChildProcess without a real process: its pipes are in memory, and the test makes it exit. Real
// processes are tested in `testing/conformance/process.ts`.
//
// Of Twisted's `test/test_process.py`, `MockProcessTests.test_kill`, `test_killExited`,
// `test_killExitedButNotDetected` and `test_killErrorInKill`. Its other tests mock system
// calls, which Deno makes here.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { ChildDriver, ChildStatus } from "./child_driver.ts";
import { ChildProcess } from "./child_process.ts";
import { connectionLimits } from "../stream/connection_limits.ts";
import { TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { ConnectionLost, ProcessExitedAlready, WriteBufferExceeded } from "../errors.ts";
import type { ConnectionOptions, IProcessProtocol } from "../interfaces/mod.ts";
import { type MemoryDriver, memoryPipe } from "../drivers/memory/memory_driver.ts";
import type { StreamDriverSink } from "../stream/stream_driver.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The child's side of a pipe. */
class ChildEnd implements StreamDriverSink {
  readonly driver: MemoryDriver;
  text = "";

  constructor(driver: MemoryDriver) {
    this.driver = driver;
    driver.attach(this);
    driver.startReading();
  }

  received(chunk: Uint8Array): void {
    this.text += decoder.decode(chunk);
  }

  readEnded(): void {}
  wrote(): void {}
  writeClosed(): void {}
  failed(): void {}
  released(): void {}
}

/** A child that the test controls, and its transport. */
class ChildFixture implements IProcessProtocol {
  readonly host = new TestHost();
  readonly events: string[] = [];
  readonly reasons: Error[] = [];
  readonly kills: (Deno.Signal | number)[] = [];
  readonly ends: ChildEnd[];
  readonly process: ChildProcess;
  isRunning = true;
  isHeld = true;
  killError: Error | null = null;
  #exited: ((status: ChildStatus) => void) | null = null;

  constructor(options: ConnectionOptions = {}, isRunning = true) {
    this.host.isRunning = isRunning;
    const schedule = (step: () => void): void => {
      this.host.steps.push(step);
    };
    const pipes = [0, 1, 2].map((childFD) => {
      const [driver, there] = memoryPipe({ schedule });
      return { childFD, isWritable: childFD === 0, driver, there };
    });
    this.ends = pipes.map(({ there }) => new ChildEnd(there));
    const driver: ChildDriver = {
      pid: 1234,
      pipes,
      attach: (exited) => this.#exited = exited,
      kill: (signal) => {
        if (this.killError !== null) throw this.killError;
        this.kills.push(signal);
        return this.isRunning;
      },
      ref: () => this.isHeld = true,
      unref: () => this.isHeld = false,
    };
    const limits = connectionLimits({ ...options, linger: Infinity });
    this.process = new ChildProcess(this.host, limits, this, "program", driver);
    this.process.open();
    this.host.settle();
  }

  /** The child's side of a pipe. */
  end(childFD: number): ChildEnd {
    const end = this.ends[childFD];
    assert(end !== undefined);
    return end;
  }

  /** Lets the child write. */
  write(childFD: number, text: string): void {
    this.end(childFD).driver.write(encoder.encode(text));
    this.host.settle();
  }

  /** Lets the child close a pipe. */
  close(childFD: number): void {
    this.end(childFD).driver.close();
    this.host.settle();
  }

  /** Lets the child exit. The test closes its pipes. */
  exit(status: ChildStatus = { code: 0, signal: null }): void {
    this.isRunning = false;
    this.#exited?.(status);
    this.host.settle();
  }

  makeConnection(): void {
    this.events.push("made");
  }

  childDataReceived(childFD: number, data: Uint8Array): void {
    this.events.push(`${childFD}: ${decoder.decode(data)}`);
  }

  childConnectionLost(childFD: number, reason: Error): void {
    this.reasons.push(reason);
    this.events.push(`${childFD} lost`);
  }

  processExited(reason: Error): void {
    this.reasons.push(reason);
    this.events.push("exited");
  }

  processEnded(reason: Error): void {
    this.reasons.push(reason);
    this.events.push("ended");
  }
}

/** Returns all orders of some values. */
function orders<T>(things: readonly T[]): T[][] {
  if (things.length === 0) return [[]];
  return things.flatMap((first) =>
    orders(things.filter((other) => other !== first)).map((rest) => [first, ...rest])
  );
}

for (const order of orders(["exit", "1", "2"])) {
  Deno.test(`ChildProcess calls processExited() and processEnded() once: ${order.join(", then ")}`, () => {
    const fixture = new ChildFixture();
    for (const event of order) {
      assertEquals(fixture.events.includes("ended"), false);
      if (event === "exit") {
        fixture.exit();
      } else {
        fixture.write(Number(event), "said");
        fixture.close(Number(event));
      }
    }
    const events = order.flatMap((event) =>
      event === "exit" ? ["exited", "0 lost"] : [`${event}: said`, `${event} lost`]
    );
    assertEquals(fixture.events, ["made", ...events, "ended"]);
    assertEquals(fixture.host.resources.size, 0);
  });
}

Deno.test("ChildProcess delivers all output before processEnded(), even if it is read late", () => {
  const fixture = new ChildFixture();
  fixture.process.pauseProducing();
  fixture.write(1, "out");
  fixture.write(2, "err");
  fixture.close(1);
  fixture.close(2);
  fixture.exit();
  assertEquals(fixture.events, ["made", "exited", "0 lost"]);
  fixture.process.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events.slice(3).toSorted(), [
    "1 lost",
    "1: out",
    "2 lost",
    "2: err",
    "ended",
  ]);
  assertEquals(fixture.events.at(-1), "ended");
});

Deno.test("ChildProcess writes before the reactor runs, and reports events only afterwards", () => {
  const fixture = new ChildFixture({}, false);
  fixture.write(1, "out");
  fixture.close(1);
  fixture.close(2);
  fixture.process.write("in");
  fixture.host.settle();
  fixture.exit();
  assertEquals([fixture.events, fixture.isHeld, fixture.end(0).text], [["made"], false, "in"]);
  assertEquals(fixture.process.pid, 1234);
  fixture.host.run();
  fixture.host.settle();
  assertEquals(fixture.events.toSorted(), [
    "0 lost",
    "1 lost",
    "1: out",
    "2 lost",
    "ended",
    "exited",
    "made",
  ]);
  assertEquals(fixture.events.at(-1), "ended");
});

Deno.test("ChildProcess.pauseProducing() before the reactor runs still applies when it runs", () => {
  const fixture = new ChildFixture({}, false);
  fixture.process.pauseProducing();
  fixture.write(1, "out");
  fixture.host.run();
  fixture.host.settle();
  assertEquals([fixture.events, fixture.isHeld], [["made"], true]);
  fixture.process.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "1: out"]);
  fixture.host.resources.shutDown();
});

Deno.test("ChildProcess.resumeProducing() before the reactor runs does not start to read", () => {
  const fixture = new ChildFixture({}, false);
  fixture.write(1, "out");
  fixture.process.pauseProducing();
  fixture.process.resumeProducing();
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  fixture.host.resources.shutDown();
});

Deno.test("ChildProcess.shutDown() closes the pipes and still reports the exit", () => {
  const fixture = new ChildFixture();
  fixture.host.resources.shutDown();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "0 lost", "1 lost", "2 lost"]);
  assertEquals([fixture.isHeld, fixture.host.resources.size], [false, 0]);
  fixture.exit({ code: 1, signal: null });
  assertEquals(fixture.events.slice(4), ["exited", "ended"]);
});

Deno.test("ChildProcess.unref() lets the program exit, and leaves the pipes open", () => {
  const fixture = new ChildFixture();
  assertEquals(fixture.isHeld, true);
  fixture.host.resources.unref();
  assertEquals([fixture.events, fixture.isHeld], [["made"], false]);
  fixture.host.resources.shutDown();
});

Deno.test("ChildProcess reports its input closed at the exit, with the exit as the reason", () => {
  const fixture = new ChildFixture();
  fixture.end(0).driver.stopReading();
  for (let i = 0; i < 10; i++) fixture.process.write(new Uint8Array(65536));
  fixture.process.closeStdin();
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  fixture.exit({ code: 143, signal: "SIGTERM" });
  assertEquals(fixture.events, ["made", "exited", "0 lost"]);
  assertInstanceOf(fixture.reasons[1], ConnectionLost);
  assertEquals(fixture.reasons[1]?.message, "Process program (1234) was terminated by SIGTERM");
  fixture.host.resources.shutDown();
});

Deno.test("ChildProcess aborts the input of a child that does not read at the write limit", () => {
  const fixture = new ChildFixture({ writeBufferLimit: 100_000, writeBufferHighWater: 10 });
  fixture.end(0).driver.stopReading();
  for (let i = 0; i < 10; i++) fixture.process.write(new Uint8Array(50_000));
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "0 lost"]);
  assertInstanceOf(fixture.reasons[0], WriteBufferExceeded);
  fixture.write(1, "alive");
  assertEquals(fixture.events.at(-1), "1: alive");
  fixture.host.resources.shutDown();
});

Deno.test("ChildProcess.signalProcess() accepts names and numbers, and throws after the exit", () => {
  const fixture = new ChildFixture();
  const sent = ["HUP", "STOP", "INT", "KILL", "TERM", "SIGUSR1", 9] as const;
  for (const signal of sent) fixture.process.signalProcess(signal);
  assertEquals(fixture.kills, ["SIGHUP", "SIGSTOP", "SIGINT", "SIGKILL", "SIGTERM", "SIGUSR1", 9]);
  fixture.killError = new TypeError("no such signal");
  assertStrictEquals(assertThrows(() => fixture.process.signalProcess(99)), fixture.killError);
  fixture.killError = null;
  // The child has exited, but the exit has not been reported yet.
  fixture.isRunning = false;
  assertThrows(() => fixture.process.signalProcess("KILL"), ProcessExitedAlready, "program (1234)");
  fixture.exit();
  fixture.kills.length = 0;
  assertThrows(() => fixture.process.signalProcess("KILL"), ProcessExitedAlready, "program (1234)");
  assertEquals([fixture.kills, fixture.process.pid], [[], null]);
  fixture.host.resources.shutDown();
});

Deno.test("ChildProcess marks the log lines of its protocol with the process id", () => {
  using errors = new LoggedErrors();
  const fixture = new ChildFixture();
  fixture.processExited = () => {
    throw new Error("thrown");
  };
  fixture.exit();
  const [event] = errors.takeEvents();
  assertEquals([event?.system, event?.why], [
    "ChildFixture,1234",
    "Error while calling processExited",
  ]);
  fixture.host.resources.shutDown();
});
