import { assertEquals } from "@std/assert";
import { hostileValues } from "../testing/fixtures/hostile_values.ts";
import type { LogEvent } from "./event.ts";
import { LogPublisher } from "./publisher.ts";
import { textFileLogObserver } from "./text_observer.ts";

/** Returns the events that `log(publisher)` logs. */
function logged(log: (publisher: LogPublisher) => void): LogEvent[] {
  const publisher = new LogPublisher();
  const events: LogEvent[] = [];
  publisher.addObserver((event) => void events.push(event));
  log(publisher);
  return events;
}

const texts = (log: (publisher: LogPublisher) => void): string[] =>
  logged(log).map(({ message }) => message);

Deno.test("msg() joins its arguments with spaces, each as its text", () => {
  assertEquals(texts((log) => log.msg("m2", "in", "words")), ["m2 in words"]);
  assertEquals(texts((log) => log.msg("got", 3, true, undefined, 5n, null)), [
    "got 3 true undefined 5 null",
  ]);
  assertEquals(texts((log) => log.msg("at", new URL("http://a.test/"), new TypeError("boom"))), [
    "at http://a.test/ TypeError: boom",
  ]);
  assertEquals(texts((log) => log.msg("list", [1, "two"], new Map([["a", 1]]))), [
    'list [ 1, "two" ] Map(1) { "a" => 1 }',
  ]);
  assertEquals(texts((log) => log.msg({ only: 1 })), ["{ only: 1 }"]);
  assertEquals(texts((log) => log.msg()), [""]);
});

Deno.test("msg() uses an object literal as its last argument for the event's fields", () => {
  const [first, second, third] = logged((log) => {
    log.msg("one", { system: "a", port: 80 });
    log.msg("one", "two", { level: "warn", port: 81 });
    log.msg("none", undefined);
  });
  assertEquals([first?.message, first?.system, first?.port], ["one", "a", 80]);
  assertEquals([second?.message, second?.level, second?.port], ["one two", "warn", 81]);
  assertEquals(third?.message, "none");
});

for (const [name, value] of hostileValues()) {
  Deno.test(`msg() and err() log ${name} as one line, and do not throw`, () => {
    let text = "";
    const writer = {
      writeSync(data: Uint8Array): number {
        text += new TextDecoder().decode(data);
        return data.length;
      },
    };
    const log = new LogPublisher({ errorWriter: writer });
    log.addObserver(textFileLogObserver(writer));
    log.msg(value);
    log.msg("with", value, "between");
    log.msg("x", { field: value });
    log.err(value, "Cannot do it");
    // Arguments that the types reject.
    log.warn(value as string);
    log.msg("y", { system: value as string, time: value as number, level: value as "info" });
    assertEquals(text.split("\n").filter((line) => !line.startsWith("\t")).length, 7, text);
    assertEquals(text.includes("log observer"), false, text);
    // deno-lint-ignore no-control-regex -- controls must not be there
    assertEquals(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/.test(text), false, text);
  });
}

Deno.test("msg() omits a field whose getter throws", () => {
  const fields = Object.defineProperty({ port: 80 }, "level", {
    enumerable: true,
    get(): never {
      throw new Error("hostile");
    },
  });
  const [event] = logged((log) => log.warn("x", fields));
  assertEquals([event?.message, event?.level, event?.port], ["x", "warn", 80]);
});

Deno.test("msg() ignores a field `level` with an invalid value", () => {
  const level = "warning" as "warn"; // what untyped code may do
  assertEquals(
    logged((log) => {
      log.msg("x", { level });
      log.msg("x", { level, isError: true });
      log.err(new Error("boom"), "x", { level });
    }).map((event) => event.level),
    ["info", "error", "error"],
  );
});
