import { assert, assertEquals, assertExists, assertStrictEquals, assertThrows } from "@std/assert";
import {
  BaseHandler,
  ConsoleHandler,
  getLevelByName,
  getLevelName,
  getLogger,
  Logger,
  LogLevels,
  type LogRecord,
  setup,
} from "@std/log";

class Lines extends BaseHandler {
  lines: string[] = [];
  isSetUp = false;
  override setup(): void {
    this.isSetUp = true;
  }
  override destroy(): void {
    this.isSetUp = false;
  }
  override log(msg: string): void {
    this.lines.push(msg);
  }
}

/** Back to how the package is when it is loaded. */
function reset(): void {
  setup({ handlers: {}, loggers: {} });
}

Deno.test("Logger and handlers pass on only records at their level or above", () => {
  const all = new Lines("NOTSET");
  const errors = new Lines("ERROR");
  const logger = new Logger("app", "INFO", { handlers: [all, errors] });
  logger.debug("one");
  logger.info("two");
  logger.warn("three");
  logger.error("four");
  logger.critical("five");
  assertEquals(all.lines, ["INFO two", "WARN three", "ERROR four", "CRITICAL five"]);
  assertEquals(errors.lines, ["ERROR four", "CRITICAL five"]);
  logger.levelName = "ERROR";
  assertEquals([logger.level, logger.loggerName], [LogLevels.ERROR, "app"]);
  logger.warn("six");
  assertEquals(all.lines.length, 4);
});

Deno.test("Logger methods return the message, and call a message function only if needed", () => {
  const lines = new Lines("NOTSET");
  const logger = new Logger("app", "INFO", { handlers: [lines] });
  assertEquals(logger.info("text"), "text");
  assertEquals(logger.info(() => 5), 5);
  let calls = 0;
  assertEquals(logger.debug(() => ++calls), undefined);
  assertEquals(calls, 0);
  logger.info({ a: 1, b: "c" });
  assertEquals(lines.lines, ["INFO text", "INFO 5", 'INFO {"a":1,"b":"c"}']);
  logger.error(new Error("boom"));
  assert(lines.lines[3]?.startsWith("ERROR Error: boom\n    at "));
});

Deno.test("LogRecord has the message, arguments, level, logger name and time", () => {
  const args = [1, { two: 2 }];
  const records: LogRecord[] = [];
  const formatter = (record: LogRecord): string => String(records.push(record));
  const handlers = [new Lines("NOTSET", { formatter })];
  new Logger("app", "DEBUG", { handlers }).warn("m", ...args);
  const record = records[0];
  assertExists(record);
  assertEquals([record.msg, record.level, record.levelName, record.loggerName], [
    "m",
    30,
    "WARN",
    "app",
  ]);
  assertEquals(record.args, args);
  assert(record.datetime instanceof Date);
});

Deno.test("BaseHandler writes a record as its formatter returns it", () => {
  const lines = new Lines("NOTSET", { formatter: (r) => `${r.loggerName}: ${r.msg} ${r.args[0]}` });
  new Logger("app", "DEBUG", { handlers: [lines] }).info("text", "more");
  assertEquals(lines.lines, ["app: text more"]);
});

Deno.test("setup() sets levels and handlers of loggers, and destroys the earlier handlers", () => {
  const first = new Lines("NOTSET");
  const second = new Lines("NOTSET");
  setup({
    handlers: { first, second },
    loggers: { default: { level: "WARN", handlers: ["first"] }, app: { handlers: ["second"] } },
  });
  assert(first.isSetUp);
  getLogger().info("too low");
  getLogger().warn("default");
  getLogger("app").debug("too low");
  getLogger("app").info("app");
  assertEquals([first.lines, second.lines], [["WARN default"], ["INFO app"]]);
  reset();
  assert(!first.isSetUp);
});

Deno.test("getLogger() creates an unknown logger without handlers, once", () => {
  const logger = getLogger("unknown");
  assertEquals([logger.levelName, logger.handlers, logger.loggerName], ["NOTSET", [], "unknown"]);
  assertStrictEquals(getLogger("unknown"), logger);
  assertStrictEquals(getLogger(), getLogger("default"));
  reset();
});

Deno.test("ConsoleHandler writes to the console, in colour by default", () => {
  const written: unknown[] = [];
  const { log } = console;
  console.log = (...args: unknown[]): void => void written.push(...args);
  try {
    const handlers = [new ConsoleHandler("INFO", { useColors: false }), new ConsoleHandler("INFO")];
    const logger = new Logger("app", "NOTSET", { handlers });
    logger.debug("too low");
    logger.error("text");
  } finally {
    console.log = log;
  }
  assertEquals(written[0], "ERROR text");
  // Whether there are colours depends on the terminal and on NO_COLOR; the text does not.
  assert(String(written[1]).includes("ERROR text"));
  assertEquals(written.length, 2);
});

Deno.test("getLevelName() and getLevelByName() convert between levels and names", () => {
  assertEquals(getLevelByName("CRITICAL"), 50);
  assertEquals(getLevelName(LogLevels.DEBUG), "DEBUG");
  assertThrows(() => getLevelByName("LOUD" as "INFO"), Error, "LOUD");
  assertThrows(() => new Logger("app", "INFO").level = 42 as 40, TypeError);
});
