// Of Twisted's `test/test_log.py`, `PythonLoggingObserverTests`, and of
// `logger/test/test_stdlib.py` all but the file and the line of the caller, which events do not
// have.

import { assertEquals, assertStrictEquals } from "@std/assert";
import { BaseHandler, getLogger, Logger, type LogRecord, setup } from "@std/log";
import { LogPublisher } from "./publisher.ts";
import { startLogging } from "./start_logging.ts";
import { stdLogObserver } from "./std.ts";

class Records extends BaseHandler {
  readonly records: LogRecord[] = [];
  override handle(record: LogRecord): void {
    this.records.push(record);
  }
  override log(): void {}
}

Deno.test("stdLogObserver() passes each event to the logger at its level, with its fields", () => {
  const publisher = new LogPublisher();
  const handler = new Records("NOTSET");
  const logger = new Logger("network", "NOTSET", { handlers: [handler] });
  publisher.addObserver(stdLogObserver(logger));
  for (const level of ["debug", "info", "warn", "error", "critical"] as const) {
    publisher[level](`at ${level}`, { system: "Echo", port: 80 });
  }
  assertEquals(
    handler.records.map(({ levelName, msg, loggerName }) => `${loggerName} ${levelName} ${msg}`),
    [
      "network DEBUG [Echo] at debug",
      "network INFO [Echo] at info",
      "network WARN [Echo] at warn",
      "network ERROR [Echo] at error",
      "network CRITICAL [Echo] at critical",
    ],
  );
  const [fields] = handler.records[0]?.args ?? [];
  assertEquals(Reflect.get(Object(fields), "port"), 80);
});

Deno.test("stdLogObserver() passes one line with continuations, without control characters", () => {
  const publisher = new LogPublisher();
  const handler = new Records("NOTSET");
  publisher.addObserver(stdLogObserver(new Logger("x", "NOTSET", { handlers: [handler] })));
  publisher.msg("x\x1b[2J\ny\u2028", { system: "a\nb" });
  assertEquals(handler.records.map(({ msg }) => msg), ["[a\\nb] x\\x1b[2J\n\ty\\u2028"]);
});

Deno.test("stdLogObserver() passes the error and its stack on", () => {
  const publisher = new LogPublisher();
  const handler = new Records("NOTSET");
  publisher.addObserver(stdLogObserver(new Logger("x", "NOTSET", { handlers: [handler] })));
  const error = Object.assign(new Error("boom"), { stack: "" });
  publisher.err(error, "Cannot open");
  assertEquals(handler.records.map(({ msg }) => msg), ["Cannot open\n\tError: boom"]);
  assertStrictEquals(Reflect.get(Object(handler.records[0]?.args[0]), "failure"), error);
});

Deno.test("stdLogObserver() accepts a logger of getLogger(), and respects its level", () => {
  const handler = new Records("NOTSET");
  setup({ handlers: { records: handler }, loggers: { default: { handlers: ["records"] } } });
  try {
    const publisher = new LogPublisher();
    publisher.addObserver(stdLogObserver(getLogger()));
    publisher.debug("below the level");
    publisher.msg("hello");
    assertEquals(handler.records.map(({ msg }) => msg), ["hello"]);
  } finally {
    setup({ handlers: {}, loggers: {} });
  }
});

Deno.test("startLogging() accepts a logger of @std/log", () => {
  const publisher = new LogPublisher();
  const handler = new Records("NOTSET");
  startLogging(new Logger("x", "NOTSET", { handlers: [handler] }), { publisher });
  publisher.critical("end");
  assertEquals(handler.records.map(({ levelName, msg }) => `${levelName} ${msg}`), [
    "INFO Log opened.",
    "CRITICAL end",
  ]);
});
