// Twisted's logger/test/test_logger.py and test_format.py, as far as they apply.

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
