import { assertEquals } from "@std/assert";
import type { LogEvent, LogLevel } from "./event.ts";
import { loggerLogObserver } from "./logger_observer.ts";

const levels: LogLevel[] = ["debug", "info", "warn", "error", "critical"];

/** Returns a logger that records the calls of its methods. */
class Recorder<M extends string> {
  readonly calls: [string, ...unknown[]][] = [];
  readonly methods: Record<M, (...args: unknown[]) => void>;
  constructor(...names: M[]) {
    const methods = names.map((name) => [
      name,
      (...args: unknown[]): void => void this.calls.push([name, ...args]),
    ]);
    // Object.fromEntries() leaves the type without the names.
    this.methods = Object.fromEntries(methods) as Record<M, (...args: unknown[]) => void>;
  }
}

function eventOf(fields: Partial<LogEvent>): LogEvent {
  return { time: 5, level: "info", message: "hello", isError: false, system: "-", ...fields };
}

Deno.test("loggerLogObserver() calls the logger's method for each level", () => {
  const { calls, methods } = new Recorder("debug", "info", "warn", "error", "critical");
  const observe = loggerLogObserver(methods);
  for (const level of levels) observe(eventOf({ level, message: level }));
  assertEquals(calls, levels.map((level) => [level, level]));
});

Deno.test("loggerLogObserver() calls fatal() or error() on a logger without critical()", () => {
  const fatal = new Recorder("debug", "info", "warn", "error", "fatal");
  loggerLogObserver(fatal.methods)(eventOf({ level: "critical" }));
  assertEquals(fatal.calls, [["fatal", "hello"]]);
  const error = new Recorder("debug", "info", "warn", "error");
  loggerLogObserver(error.methods)(eventOf({ level: "critical" }));
  assertEquals(error.calls, [["error", "hello"]]);
});

Deno.test("loggerLogObserver() writes the system, if known, and the error's stack", () => {
  const { calls, methods } = new Recorder("debug", "info", "warn", "error");
  const failure = Object.assign(new Error("boom"), { stack: "" });
  loggerLogObserver(methods)(eventOf({ system: "Echo", level: "error", message: "why", failure }));
  assertEquals(calls, [["error", "[Echo] why\n\tError: boom"]]);
});

Deno.test("loggerLogObserver() passes one line with continuations, without control characters", () => {
  const { calls, methods } = new Recorder("debug", "info", "warn", "error");
  loggerLogObserver(methods)(eventOf({ system: "a\nb", message: "x\x1b[2J\ny\r" }));
  assertEquals(calls, [["info", "[a\\nb] x\\x1b[2J\n\ty\\r"]]);
});

Deno.test("loggerLogObserver() calls the logger's methods with the logger as `this`", () => {
  class Counter {
    count = 0;
    info(): void {
      this.count++;
    }
    debug(): void {}
    warn(): void {}
    error(): void {}
  }
  const counter = new Counter();
  loggerLogObserver(counter)(eventOf({}));
  assertEquals(counter.count, 1);
});

Deno.test("loggerLogObserver() escapes braces in messages for LogTape", () => {
  const { calls, methods } = new Recorder("debug", "info", "warn", "error", "fatal");
  const event = eventOf({ message: 'got {"a": 1}', port: 80 });
  const logger = { ...methods, category: ["app"] };
  loggerLogObserver(logger)(event);
  assertEquals(calls, [["info", 'got {{"a": 1}}', event]]);
});

Deno.test("loggerLogObserver() accepts `console` as the logger", () => {
  const lines: unknown[] = [];
  const { warn } = console;
  console.warn = (...args: unknown[]): void => void lines.push(args);
  try {
    loggerLogObserver(console)(eventOf({ level: "warn" }));
  } finally {
    console.warn = warn;
  }
  assertEquals(lines, [["hello"]]);
});
