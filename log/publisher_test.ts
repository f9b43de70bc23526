// Of Twisted's tests:
// - `logger/test/test_observer.py`, `LogPublisherTests`: all but `test_trace`, as events have no
//   list of the observers that received them.
// - `logger/test/test_global.py`, `LogBeginnerTests`: the buffered events and their limit, and
//   critical events without an observer. Standard output and warnings are not redirected, and
//   `startLogging()` may be called again (`start_logging_test.ts`).
// - `logger/test/test_filter.py`: `LogLevelFilterPredicateTests` as the level of an observer. An
//   observer of its own replaces chains of predicates (`docs/logging.md` runs one).
// - `logger/test/test_levels.py`: levels are a union of texts.
// - `test/test_log.py`, `LogTests`: all but the warnings of Python and `testContext`, whose fields
//   other than the system are arguments here (`context_test.ts`). `DefaultObserverTests`: errors on
//   standard error.
// - `logger/test/test_legacy.py` and `test_io.py`, and `StdioOnnaStickTests` of `test/test_log.py`:
//   not covered. There is one kind of event, and standard output is not captured.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { hostileValues } from "../testing/fixtures/hostile_values.ts";
import { callWithSystem } from "./context.ts";
import type { LogEvent, LogObserver } from "./event.ts";
import { type AddObserverOptions, LogPublisher } from "./publisher.ts";

/** Returns a publisher that writes to `errors` instead of standard error. */
function publisherWith(historySize = 200): { log: LogPublisher; errors: string[] } {
  const errors: string[] = [];
  const errorWriter = {
    writeSync(data: Uint8Array): number {
      errors.push(new TextDecoder().decode(data));
      return data.length;
    },
  };
  return { log: new LogPublisher({ historySize, errorWriter }), errors };
}

function collect(messages: string[]): LogObserver {
  return (event) => void messages.push(event.message);
}

Deno.test("LogPublisher.msg() calls all observers, in the order of their addition", () => {
  const { log } = publisherWith();
  const seen: string[] = [];
  log.addObserver((event) => seen.push(`first ${event.message}`));
  log.addObserver((event) => seen.push(`second ${event.message}`));
  log.msg("a");
  log.msg("b");
  assertEquals(seen, ["first a", "second a", "first b", "second b"]);
});

Deno.test("LogPublisher events have the fields time, level, message, isError and system", () => {
  const { log } = publisherWith();
  const events: LogEvent[] = [];
  log.addObserver((event) => events.push(event));
  const before = Date.now() / 1000;
  log.msg("hello");
  const [event] = events;
  assert(event !== undefined && event.time >= before && event.time <= Date.now() / 1000);
  assertEquals({ ...event, time: 0 }, {
    time: 0,
    level: "info",
    message: "hello",
    isError: false,
    system: "-",
  });
});

Deno.test("LogPublisher fields override system, time and level, but not the message", () => {
  const { log } = publisherWith();
  const events: LogEvent[] = [];
  log.addObserver((event) => events.push(event));
  log.msg("hello", { system: "Foo", time: 5, level: "warn", port: 80, message: "other" });
  assertEquals(events, [
    { time: 5, level: "warn", message: "hello", isError: false, system: "Foo", port: 80 },
  ]);
  log.msg("broken", { isError: true, time: 5 });
  assertEquals(events[1], {
    time: 5,
    level: "error",
    message: "broken",
    isError: true,
    system: "-",
  });
});

Deno.test("LogPublisher has a method for each level; error and critical set isError", () => {
  const { log } = publisherWith();
  const events: [string, boolean][] = [];
  log.addObserver((event) => events.push([event.level, event.isError]));
  for (const level of ["debug", "info", "warn", "error", "critical"] as const) log[level]("x");
  assertEquals(events, [
    ["debug", false],
    ["info", false],
    ["warn", false],
    ["error", true],
    ["critical", true],
  ]);
});

Deno.test("LogPublisher.err() logs the error with the operation as message", () => {
  const { log } = publisherWith();
  const events: LogEvent[] = [];
  log.addObserver((event) => events.push(event));
  const error = new Error("boom");
  log.err(error);
  log.err(error, "Cannot open the lid", { lid: 5 });
  assertEquals(
    events.map(({ level, message, isError, failure, why, lid }) => [
      level,
      message,
      isError,
      failure === error,
      why,
      lid,
    ]),
    [
      ["error", "Unhandled Error", true, true, undefined, undefined],
      ["error", "Cannot open the lid", true, true, "Cannot open the lid", 5],
    ],
  );
});

Deno.test("LogPublisher.err() wraps a value that is not an Error, as the cause", () => {
  const { log } = publisherWith();
  const events: LogEvent[] = [];
  log.addObserver((event) => events.push(event));
  log.err({ code: 5 });
  const failure = events[0]?.failure;
  assertInstanceOf(failure, Error);
  assertStringIncludes(failure.message, "{ code: 5 }");
  assertEquals(failure.cause, { code: 5 });
});

Deno.test("LogPublisher replays its history to the first observer only, oldest first", () => {
  const { log } = publisherWith(3);
  for (const message of ["a", "b", "c", "d"]) log.debug(message);
  const first: string[] = [];
  const second: string[] = [];
  log.addObserver(collect(first));
  log.addObserver(collect(second));
  log.msg("now");
  assertEquals([first, second], [["b", "c", "d", "now"], ["now"]]);
});

Deno.test("LogPublisher.addObserver() without replay keeps the history for the next observer", () => {
  const { log } = publisherWith();
  log.msg("before");
  const tester: string[] = [];
  const first: string[] = [];
  {
    using _observing = log.addObserver(collect(tester), { replay: false });
    log.msg("during");
  }
  log.addObserver(collect(first));
  assertEquals([tester, first], [["during"], ["before", "during"]]);
});

Deno.test("LogPublisher writes errors to standard error while it has no observers", () => {
  const { log, errors } = publisherWith();
  log.msg("not an error");
  log.error("early", { failure: Object.assign(new Error("boom"), { stack: "" }) });
  const seen: string[] = [];
  {
    using _observing = log.addObserver(collect(seen));
    log.error("observed");
  }
  log.critical("late");
  log.msg("let go");
  assertEquals(errors, ["early\n\tError: boom\n", "late\n"]);
  assertEquals(seen, ["not an error", "early", "observed"]);
});

Deno.test("LogPublisher.addObserver() delivers events of the given level and above", () => {
  const { log, errors } = publisherWith();
  log.info("before");
  log.warn("before, too");
  const seen: string[] = [];
  log.addObserver(collect(seen), { level: "warn" });
  log.info("no");
  log.warn("yes");
  log.err(new Error(), "yes, too");
  assertEquals(seen, ["before, too", "yes", "yes, too"]);
  assertEquals(errors, []);
});

Deno.test("LogPublisher does not call logPrefix() for an event that is not delivered", () => {
  const { log } = publisherWith();
  log.addObserver(() => {}, { level: "warn" });
  let asked = 0;
  callWithSystem({ logPrefix: () => `asked ${++asked}` }, () => {
    log.debug("x");
    log.info("x");
    assertEquals(asked, 0);
    log.warn("x");
  });
  assertEquals(asked, 1);
});

Deno.test("LogPublisher.addObserver() adds an observer only once", () => {
  const { log } = publisherWith();
  const seen: string[] = [];
  const observer = collect(seen);
  log.addObserver(observer);
  log.addObserver(observer);
  log.msg("once");
  log.removeObserver(observer);
  log.removeObserver(observer);
  log.msg("gone");
  assertEquals(seen, ["once"]);
});

Deno.test("LogPublisher applies the removal of an observer at once, an addition at the next event", () => {
  const { log } = publisherWith();
  const seen: string[] = [];
  const third = (): void => void seen.push("third");
  const second = (): void => void seen.push("second");
  log.addObserver(() => {
    seen.push("first");
    log.removeObserver(second);
    log.addObserver(third);
  });
  log.addObserver(second);
  log.msg("a");
  log.msg("b");
  assertEquals(seen, ["first", "first", "third"]);
});

Deno.test("LogPublisher reports an observer that throws to the other observers, and keeps it", () => {
  const { log, errors } = publisherWith();
  const events: LogEvent[] = [];
  const boom = new Error("boom");
  log.addObserver(function fragile(): never {
    throw boom;
  });
  log.addObserver((event) => events.push(event));
  log.msg("a");
  log.msg("b");
  const report = "The log observer fragile failed";
  assertEquals(events.map(({ message }) => message), ["a", report, "b"]);
  assert(events[1]?.failure === boom && events[1].isError);
  assertEquals(errors, []);
});

Deno.test("LogPublisher writes to standard error once per observer if all observers throw", () => {
  const { log, errors } = publisherWith();
  let calls = 0;
  for (const name of ["one", "two", "three"]) {
    const observer = (): never => {
      calls++;
      throw Object.assign(new Error(name), { stack: "" });
    };
    log.addObserver(observer);
  }
  log.err(Object.assign(new Error("boom"), { stack: "" }), "Original");
  assertEquals(calls, 3);
  assertEquals(errors, [
    "Original\n\tError: boom\n",
    ...["one", "two", "three"].map((name) =>
      `The log observer observer failed\n\tError: ${name}\n`
    ),
  ]);
});

Deno.test("LogPublisher reports an observer that throws at another observer's report", () => {
  const { log } = publisherWith();
  const seen: string[] = [];
  log.addObserver(function first(): never {
    throw new Error("at once");
  });
  log.addObserver(function second(event): void {
    if (event.isError) throw new Error("at errors");
  });
  log.addObserver(collect(seen));
  log.msg("x");
  assertEquals(seen, [
    "x",
    "The log observer first failed",
    "The log observer second failed",
  ]);
});

Deno.test("LogPublisher reports an observer once that throws during the replay of the history", () => {
  const { log, errors } = publisherWith();
  log.msg("a");
  log.msg("b");
  log.addObserver(function fragile(): never {
    throw Object.assign(new Error("boom"), { stack: "" });
  });
  assertEquals(errors, ["The log observer fragile failed\n\tError: boom\n"]);
});

Deno.test("LogPublisher delivers an observer's own events only to the other observers", () => {
  const { log } = publisherWith();
  const seen: string[] = [];
  log.addObserver((event) => {
    seen.push(`one: ${event.message}`);
    log.msg(`${event.message} by one`);
  });
  log.addObserver((event) => {
    seen.push(`two: ${event.message}`);
    log.msg(`${event.message} by two`);
  });
  log.msg("x");
  assertEquals(seen, ["one: x", "two: x by one", "two: x", "one: x by two"]);
});

Deno.test("LogPublisher logs the error of a logPrefix() that throws, and delivers the event", () => {
  const { log } = publisherWith();
  const seen: string[] = [];
  log.addObserver((event) => seen.push(`[${event.system}] ${event.message}`));
  const owner = {
    logPrefix(): string {
      throw new Error("boom");
    },
  };
  callWithSystem(owner, () => log.msg("hello"));
  const system = "[(buggy logPrefix method)]";
  assertEquals(seen, [`${system} Cannot determine the system of a log event`, `${system} hello`]);
});

Deno.test("LogPublisher.publish() delivers the events of another publisher", () => {
  const { log: inner } = publisherWith();
  const { log: outer } = publisherWith();
  const seen: string[] = [];
  outer.addObserver(collect(seen));
  inner.addObserver((event) => outer.publish(event));
  inner.msg("x");
  assertEquals(seen, ["x"]);
});

Deno.test("LogPublisher ignores a failure to write to standard error", () => {
  const log = new LogPublisher({
    errorWriter: {
      writeSync(): number {
        throw new Deno.errors.BrokenPipe("gone");
      },
    },
  });
  log.error("x");
});

Deno.test("LogPublisher throws for invalid history sizes, observers and levels", () => {
  const { log } = publisherWith();
  // Arguments that the types reject.
  const noObserver = {} as unknown as LogObserver;
  assertThrows(
    () => log.addObserver(noObserver),
    TypeError,
    "must be a function, got an object of class Object",
  );
  assertThrows(() => new LogPublisher({ historySize: 0 }), RangeError, "history of 0 events");
  const options = { level: "warning" } as unknown as AddObserverOptions;
  assertThrows(
    () => log.addObserver(() => {}, options),
    TypeError,
    'level must be one of debug, info, warn, error, critical, got "warning"',
  );
});

Deno.test("LogPublisher reports an observer whose promise rejects, once for each event", async () => {
  const { log, errors } = publisherWith();
  const seen: LogEvent[] = [];
  const boom = new Error("boom");
  // deno-lint-ignore require-await -- a promise that is rejected is the subject
  log.addObserver(async function first(): Promise<void> {
    throw boom;
  });
  // deno-lint-ignore require-await -- the same
  log.addObserver(async function second(): Promise<void> {
    throw boom;
  });
  log.addObserver((event) => void seen.push(event));
  log.msg("x");
  // Enough microtasks for a report of a report, if there were one.
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(seen.map(({ message }) => message), [
    "x",
    "The log observer first failed",
    "The log observer second failed",
  ]);
  assert(seen.slice(1).every(({ failure, isError }) => failure === boom && isError));
  assertEquals(errors, []);
});

Deno.test("LogPublisher writes an error to standard error if every observer rejects", async () => {
  const { log, errors } = publisherWith();
  for (const name of ["one", "two"]) {
    log.addObserver(() => Promise.reject(Object.assign(new Error(name), { stack: "" })));
  }
  log.error("original");
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(errors, [
    "original\n",
    // Each observer that received the report of another's failure failed with that report, too.
    "The log observer (anonymous) failed\n\tError: two\n",
    "The log observer (anonymous) failed\n\tError: one\n",
  ]);
});

Deno.test("LogPublisher works with any value that an observer returns or throws", async () => {
  for (const [, value] of hostileValues()) {
    const { log } = publisherWith();
    const seen: string[] = [];
    log.addObserver(() => {
      throw value;
    });
    log.addObserver(() => value as void); // What untyped code may do.
    log.addObserver(() => Promise.reject(value));
    log.addObserver(collect(seen));
    log.msg("x");
    for (let i = 0; i < 20; i++) await Promise.resolve();
    assertEquals(seen[0], "x");
    assert(seen.length === 3 || seen.length === 4, seen.join());
  }
});

Deno.test("LogPublisher reports the 1st, 10th and 100th failure of an observer", () => {
  const { log, errors } = publisherWith();
  log.addObserver(function full(): never {
    throw Object.assign(new Error("no space"), { stack: "" });
  });
  for (let i = 0; i < 500; i++) log.msg("x");
  assertEquals(
    errors,
    [
      "The log observer full failed\n\tError: no space\n",
      "The log observer full failed (10 times so far): no space\n",
      "The log observer full failed (100 times so far): no space\n",
    ],
  );
});
