// Of Twisted's tests:
// - `test/test_log.py`, `FileObserverTests` and `TextFromEventDictTests`: times are in
//   `format_time_test.ts`, `startLogging()` in `start_logging_test.ts`, and values whose text
//   cannot be made in `message_test.ts`. There are no formats with `%`.
// - `logger/test/test_file.py`: `TextFileLogObserverTests`; of `FileLogObserverTests` only the
//   writing, as the format of an observer is fixed and each write is complete.
// - `logger/test/test_format.py`, `ClassicLogFormattingTests` and `EventAsTextTests`: a line always
//   has a time and a system. `TimeFormattingTests` is in `format_time_test.ts`.

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { LogEvent } from "./event.ts";
import { textFileLogObserver } from "./text_observer.ts";

/** A writer that accepts at most `limit` bytes in one call. */
class Memory {
  readonly #limit: number;
  #bytes: number[] = [];
  constructor(limit = Infinity) {
    this.#limit = limit;
  }
  writeSync(data: Uint8Array): number {
    const taken = data.subarray(0, this.#limit);
    this.#bytes.push(...taken);
    return taken.length;
  }
  get text(): string {
    return new TextDecoder().decode(new Uint8Array(this.#bytes));
  }
}

const options = { formatTime: (seconds: number): string => `<${seconds}>` };

function eventOf(fields: Partial<LogEvent>): LogEvent {
  return { time: 5, level: "info", message: "hello", isError: false, system: "-", ...fields };
}

Deno.test("textFileLogObserver() writes lines of time, system and text", () => {
  const memory = new Memory();
  const observe = textFileLogObserver(memory, options);
  observe(eventOf({}));
  observe(eventOf({ time: 6, system: "Echo,3,127.0.0.1", message: "zwölf €" }));
  assertEquals(memory.text, "<5> [-] hello\n<6> [Echo,3,127.0.0.1] zwölf €\n");
});

Deno.test("textFileLogObserver() writes times in Twisted's format by default", () => {
  const memory = new Memory();
  textFileLogObserver(memory)(eventOf({ time: Date.now() / 1000 }));
  assertMatch(memory.text, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} \[-\] hello\n$/);
});

Deno.test("textFileLogObserver() indents continuation lines by a tab", () => {
  const memory = new Memory();
  textFileLogObserver(memory, options)(eventOf({ message: "a\nb\n" }));
  assertEquals(memory.text, "<5> [-] a\n\tb\n\t\n");
});

Deno.test("textFileLogObserver() writes an error's stack and causes after its message", () => {
  const memory = new Memory();
  const cause = Object.assign(new TypeError("why"), { stack: "" });
  const failure = Object.assign(new Error("boom", { cause }), {
    stack: "Error: boom\n    at here",
  });
  textFileLogObserver(memory, options)(eventOf({ message: "Cannot", isError: true, failure }));
  assertEquals(
    memory.text,
    "<5> [-] Cannot\n\tError: boom\n\t    at here\n\tCaused by: TypeError: why\n",
  );
});

Deno.test("textFileLogObserver() writes whole lines to a writer with partial writes", () => {
  const memory = new Memory(3);
  textFileLogObserver(memory, options)(eventOf({ message: "€".repeat(100) }));
  assertEquals(memory.text, `<5> [-] ${"€".repeat(100)}\n`);
});

Deno.test("textFileLogObserver() throws if the writer accepts nothing", () => {
  const observe = textFileLogObserver(new Memory(0), options);
  assertThrows(
    () => observe(eventOf({})),
    Error,
    "Cannot write the log: writeSync() must return the number of bytes that it wrote, at least 1, got 0",
  );
});

Deno.test("textFileLogObserver() writes one line per event, also for hostile event fields", () => {
  const memory = new Memory();
  const observe = textFileLogObserver(memory, options);
  const forged = "a\r\n<5> [-] forged\x1b[31m\x85\u2028b";
  const failure = Object.assign(new Error(forged), { stack: "", name: "E\x07" });
  observe(eventOf({ system: forged, message: forged, failure }));
  const visible = "forged\\x1b[31m\\x85\\u2028b";
  assertEquals(
    memory.text,
    `<5> [a\\r\\n<5> [-] ${visible}] a\\r\n\t<5> [-] ${visible}\n\tE\\x07: a\\r\n\t<5> [-] ${visible}\n`,
  );
});
