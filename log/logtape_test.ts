// loggerLogObserver() with the logger of LogTape itself.

import { assertEquals } from "@std/assert";
import { configure, getLogger, type LogRecord, reset } from "@logtape/logtape";
import { LogPublisher } from "./publisher.ts";
import { startLogging } from "./start_logging.ts";

Deno.test("startLogging() passes events to LogTape, with their fields as properties", async () => {
  const records: LogRecord[] = [];
  await configure({
    sinks: { memory: (record) => void records.push(record) },
    loggers: [
      { category: "server", sinks: ["memory"], lowestLevel: "debug" },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  try {
    const publisher = new LogPublisher();
    startLogging(getLogger("server"), { publisher });
    publisher.warn('got {"a": 1}', { system: "Echo", port: 80 });
    publisher.critical("The disk is full");
  } finally {
    await reset();
  }
  const texts = records.map(({ level, message }) => [level, message.join("")]);
  assertEquals(texts, [
    ["info", "Log opened."],
    ["warning", '[Echo] got {"a": 1}'],
    ["fatal", "The disk is full"],
  ]);
  assertEquals(records[1]?.category, ["server"]);
  assertEquals(records[1]?.properties["port"], 80);
});
