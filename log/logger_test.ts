// Of Twisted's tests:
// - `logger/test/test_logger.py`: all but the default namespace and `log_source`, which need
//   Python's frames and descriptors, `test_trace`, and the context managers for failures.
// - `logger/test/test_format.py`, `FormattingTests` and `FormatFieldTests`. A format has no
//   subscripts and no format specifications.
// - `logger/test/test_flatten.py`: a message is formatted when it is logged, so events need no
//   flattened copy of their fields.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { capturedLogs, type LogFields, Logger, LogPublisher } from "./mod.ts";

/** Returns the message of a format. */
function messageOf(format: string, fields: LogFields): string | undefined {
  const publisher = new LogPublisher();
  using events = capturedLogs(publisher);
  new Logger("test", { publisher }).info(format, fields);
  return events[0]?.message;
}

Deno.test("Logger logs at each level with its namespace, the format and the fields", () => {
  const publisher = new LogPublisher();
  using events = capturedLogs(publisher);
  const log = new Logger("chat.server", { publisher });
  for (const level of ["debug", "info", "warn", "error", "critical"] as const) {
    log[level]("{n} lines", { n: 3, time: 7 });
  }
  assertEquals(events.map(({ level }) => level), ["debug", "info", "warn", "error", "critical"]);
  assertEquals(events[1], {
    time: 7,
    level: "info",
    message: "3 lines",
    isError: false,
    system: "chat.server",
    namespace: "chat.server",
    format: "{n} lines",
    n: 3,
  });
});

Deno.test("Logger fills in fields, properties, results of methods and shown values", () => {
  const user = { name: "Ada", greet: () => "hi" };
  assertEquals(messageOf("{user.name}: {user.greet()}", { user }), "Ada: hi");
  assertEquals(messageOf("{text.length} {list!r}", { text: "four", list: ["a"] }), '4 [ "a" ]');
  assertEquals(messageOf("{{n}} is {n}", { n: 1 }), "{n} is 1");
});

Deno.test("Logger formats an event when it is logged: later changes have no effect", () => {
  const publisher = new LogPublisher();
  using events = capturedLogs(publisher);
  const user = { name: "Ada" };
  new Logger("test", { publisher }).info("{user.name} has left", { user });
  user.name = "Eve";
  assertEquals(events[0]?.message, "Ada has left");
});

Deno.test("Logger lets fields replace the time and the system of an event, and nothing else", () => {
  const publisher = new LogPublisher();
  using events = capturedLogs(publisher);
  const fields = { time: 7, system: "s", level: "debug", message: "m", format: "f" } as const;
  new Logger("test", { publisher }).warn("{format} {message}", { ...fields, namespace: "n" });
  assertEquals(events[0], {
    time: 7,
    system: "s",
    level: "warn",
    message: "f m",
    isError: false,
    namespace: "test",
    format: "{format} {message}",
  });
});

Deno.test("Logger leaves subscripts and format specifications as they are written", () => {
  assertEquals(
    messageOf("{list[0]} {n:.2f} {n}", { list: ["a"], n: 1.5 }),
    "{list[0]} {n:.2f} 1.5",
  );
});

Deno.test("Logger leaves a field that is missing or throws as it is written", () => {
  const fail = (): never => {
    throw new Error("simulated");
  };
  assertEquals(messageOf("{no} {n.x.y} {f()} { }", { n: 1, f: fail }), "{no} {n.x.y} {f()} { }");
});

Deno.test("Logger.failure() logs an error with its message and fields", () => {
  const publisher = new LogPublisher();
  using events = capturedLogs(publisher);
  const error = new Error("boom");
  const log = new Logger("disk", { publisher });
  log.failure("Cannot read {path}", error, { path: "/x" });
  log.failure("Cannot continue", error, { level: "critical" });
  assertEquals(events.map(({ level, message, system }) => [level, message, system]), [
    ["error", "Cannot read /x", "disk"],
    ["critical", "Cannot continue", "disk"],
  ]);
  assertStrictEquals(events[0]?.failure, error);
});

Deno.test("Logger.emit() refuses a level that does not exist", () => {
  const level = JSON.parse('"loud"');
  assertThrows(() => new Logger("x").emit(level, "text"), TypeError, '"loud"');
});
