import { assertEquals, assertStringIncludes } from "@std/assert";
import { LogPublisher } from "../log/mod.ts";
import * as log from "../log/mod.ts";
import { EventLoggingObserver } from "./mod.ts";

Deno.test("EventLoggingObserver.observe() stores events in order", () => {
  const publisher = new LogPublisher();
  const events = new EventLoggingObserver();
  publisher.addObserver(events.observe);
  publisher.msg("one");
  publisher.warn("two");
  assertEquals(events.length, 2);
  assertEquals([...events].map(({ message }) => message), ["one", "two"]);
  assertEquals([events.at(0)?.message, events.at(-1)?.level, events.at(2)], [
    "one",
    "warn",
    undefined,
  ]);
});

Deno.test("EventLoggingObserver.texts has the text of each event", () => {
  const publisher = new LogPublisher();
  using events = EventLoggingObserver.createWithCleanup({ publisher });
  publisher.msg("one");
  publisher.err(new RangeError("too far"), "While testing");
  const [one, error = ""] = events.texts;
  assertEquals([one, events.texts.length], ["one", 2]);
  assertStringIncludes(error, "While testing");
  assertStringIncludes(error, "RangeError: too far");
});

Deno.test("EventLoggingObserver.createWithCleanup() observes until it is disposed of", () => {
  const publisher = new LogPublisher();
  publisher.msg("before");
  const events = EventLoggingObserver.createWithCleanup({ publisher });
  publisher.msg("one");
  events[Symbol.dispose]();
  events[Symbol.dispose]();
  publisher.msg("after");
  assertEquals([...events].map(({ message }) => message), ["one"]);
});

Deno.test("EventLoggingObserver.createWithCleanup() leaves the history to other observers", () => {
  const publisher = new LogPublisher();
  publisher.msg("before");
  using events = EventLoggingObserver.createWithCleanup({ publisher });
  const messages: string[] = [];
  publisher.addObserver(({ message }) => messages.push(message));
  assertEquals([messages, events.length], [["before"], 0]);
});

Deno.test("EventLoggingObserver.createWithCleanup() observes the global log from a level on", () => {
  using events = EventLoggingObserver.createWithCleanup({ level: "error" });
  const failure = new RangeError("too far");
  log.msg("quiet");
  log.err(failure, "While testing");
  assertEquals([...events].map(({ why, failure }) => [why, failure]), [["While testing", failure]]);
});
