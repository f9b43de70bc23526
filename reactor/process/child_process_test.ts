// A child process without one: its pipes are in memory, and the test says when it exits. What real ones do is in `conformance/process.ts`.
//
// Of Twisted's `test/test_process.py`, `MockProcessTests.test_kill`, `test_killExited`, `test_killExitedButNotDetected` and
// `test_killErrorInKill`. Its other mocks are of system calls that Deno makes.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { ChildDriver, ChildStatus } from "./child_driver.ts";
import { ChildProcess } from "./child_process.ts";
import { connectionLimits } from "../connection_limits.ts";
import { TestHost } from "../conformance/connection_bed.ts";
import { LoggedErrors } from "../conformance/logged_errors.ts";
import { ConnectionLost, ProcessExitedAlready, WriteBufferExceeded } from "../errors.ts";
import type { ConnectionOptions, IProcessProtocol } from "../interfaces.ts";
import { type MemoryDriver, memoryPipe } from "../memory_driver.ts";
import type { StreamDriverSink } from "../stream_driver.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The child's end of a pipe. */
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

/** A child that is told what to do, and its transport. */
class Bed implements IProcessProtocol {
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

  /** The child's end of a pipe. */
  end(childFD: number): ChildEnd {
    const end = this.ends[childFD];
    assert(end !== undefined);
    return end;
  }

  /** The child writes. */
  write(childFD: number, text: string): void {
    this.end(childFD).driver.write(encoder.encode(text));
    this.host.settle();
  }

  /** The child closes a pipe. */
  close(childFD: number): void {
    this.end(childFD).driver.close();
    this.host.settle();
  }

  /** The child exits. Its pipes are closed when the test says so. */
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

/** All orders of some things. */
function orders<T>(things: readonly T[]): T[][] {
  if (things.length === 0) return [[]];
  return things.flatMap((first) =>
    orders(things.filter((other) => other !== first)).map((rest) => [first, ...rest])
  );
}

for (const order of orders(["exit", "1", "2"])) {
  Deno.test(`${order.join(", then ")}: processExited() and processEnded() come once each, and the latter last`, () => {
    const bed = new Bed();
    for (const event of order) {
      assertEquals(bed.events.includes("ended"), false);
      if (event === "exit") {
        bed.exit();
      } else {
        bed.write(Number(event), "said");
        bed.close(Number(event));
      }
    }
    const told = order.flatMap((event) =>
      event === "exit" ? ["exited", "0 lost"] : [`${event}: said`, `${event} lost`]
    );
    assertEquals(bed.events, ["made", ...told, "ended"]);
    assertEquals(bed.host.resources.size, 0);
  });
}

Deno.test("What has been written is received before the end, however late it is read", () => {
  const bed = new Bed();
  bed.process.pauseProducing();
  bed.write(1, "out");
  bed.write(2, "err");
  bed.close(1);
  bed.close(2);
  bed.exit();
  assertEquals(bed.events, ["made", "exited", "0 lost"]);
  bed.process.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events.slice(3).toSorted(), ["1 lost", "1: out", "2 lost", "2: err", "ended"]);
  assertEquals(bed.events.at(-1), "ended");
});

Deno.test("Before the reactor runs, nothing is told and nothing holds the process; writes go out", () => {
  const bed = new Bed({}, false);
  bed.write(1, "out");
  bed.close(1);
  bed.close(2);
  bed.process.write("in");
  bed.host.settle();
  bed.exit();
  assertEquals([bed.events, bed.isHeld, bed.end(0).text], [["made"], false, "in"]);
  assertEquals(bed.process.pid, 1234);
  bed.host.run();
  bed.host.settle();
  assertEquals(bed.events.toSorted(), [
    "0 lost",
    "1 lost",
    "1: out",
    "2 lost",
    "ended",
    "exited",
    "made",
  ]);
  assertEquals(bed.events.at(-1), "ended");
});

Deno.test("A pause from before the reactor runs holds when it does", () => {
  const bed = new Bed({}, false);
  bed.process.pauseProducing();
  bed.write(1, "out");
  bed.host.run();
  bed.host.settle();
  assertEquals([bed.events, bed.isHeld], [["made"], true]);
  bed.process.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made", "1: out"]);
  bed.host.resources.shutDown();
});

Deno.test("A resume from before the reactor runs does not make it run", () => {
  const bed = new Bed({}, false);
  bed.write(1, "out");
  bed.process.pauseProducing();
  bed.process.resumeProducing();
  bed.host.settle();
  assertEquals(bed.events, ["made"]);
  bed.host.resources.shutDown();
});

Deno.test("The shutdown closes the pipes and lets go of the child; its exit is still told", () => {
  const bed = new Bed();
  bed.host.resources.shutDown();
  bed.host.settle();
  assertEquals(bed.events, ["made", "0 lost", "1 lost", "2 lost"]);
  assertEquals([bed.isHeld, bed.host.resources.size], [false, 0]);
  bed.exit({ code: 1, signal: null });
  assertEquals(bed.events.slice(4), ["exited", "ended"]);
});

Deno.test("crash() lets go of the child, and closes nothing", () => {
  const bed = new Bed();
  assertEquals(bed.isHeld, true);
  bed.host.resources.unref();
  assertEquals([bed.events, bed.isHeld], [["made"], false]);
  bed.host.resources.shutDown();
});

Deno.test("At its exit the input is lost, with what is unsent, and the reason says so", () => {
  const bed = new Bed();
  bed.end(0).driver.stopReading();
  for (let i = 0; i < 10; i++) bed.process.write(new Uint8Array(65536));
  bed.process.closeStdin();
  bed.host.settle();
  assertEquals(bed.events, ["made"]);
  bed.exit({ code: 143, signal: "SIGTERM" });
  assertEquals(bed.events, ["made", "exited", "0 lost"]);
  assertInstanceOf(bed.reasons[1], ConnectionLost);
  assertEquals(bed.reasons[1]?.message, "Process program (1234) ended by SIGTERM");
  bed.host.resources.shutDown();
});

Deno.test("A child that does not read has its input aborted at the write buffer's limit, and lives on", () => {
  const bed = new Bed({ writeBufferLimit: 100_000, writeBufferHighWater: 10 });
  bed.end(0).driver.stopReading();
  for (let i = 0; i < 10; i++) bed.process.write(new Uint8Array(50_000));
  bed.host.settle();
  assertEquals(bed.events, ["made", "0 lost"]);
  assertInstanceOf(bed.reasons[0], WriteBufferExceeded);
  bed.write(1, "alive");
  assertEquals(bed.events.at(-1), "1: alive");
  bed.host.resources.shutDown();
});

Deno.test("A signal has its full name or its number; after the exit it is a ProcessExitedAlready", () => {
  const bed = new Bed();
  const sent = ["HUP", "STOP", "INT", "KILL", "TERM", "SIGUSR1", 9] as const;
  for (const signal of sent) bed.process.signalProcess(signal);
  assertEquals(bed.kills, ["SIGHUP", "SIGSTOP", "SIGINT", "SIGKILL", "SIGTERM", "SIGUSR1", 9]);
  bed.killError = new TypeError("no such signal");
  assertStrictEquals(assertThrows(() => bed.process.signalProcess(99)), bed.killError);
  bed.killError = null;
  // It has exited, and this process has not heard of it yet.
  bed.isRunning = false;
  assertThrows(() => bed.process.signalProcess("KILL"), ProcessExitedAlready, "program (1234)");
  bed.exit();
  bed.kills.length = 0;
  assertThrows(() => bed.process.signalProcess("KILL"), ProcessExitedAlready, "program (1234)");
  assertEquals([bed.kills, bed.process.pid], [[], null]);
  bed.host.resources.shutDown();
});

Deno.test("What a protocol logs, and what is logged of it, says whose process it is", () => {
  using errors = new LoggedErrors();
  const bed = new Bed();
  bed.processExited = () => {
    throw new Error("thrown");
  };
  bed.exit();
  const [event] = errors.takeEvents();
  assertEquals([event?.system, event?.why], ["Bed,1234", "While calling processExited"]);
  bed.host.resources.shutDown();
});
