// Of Twisted's tests: `logger/test/test_capture.py`, and of `logger/test/test_json.py` all but
// `LogFileReaderTests`: `JSON.parse()` reads each line. An event that was read is a plain object,
// so errors and levels stay as they were written.

import { assertEquals, assertThrows } from "@std/assert";
import {
  capturedLogs,
  eventAsJSON,
  jsonFileLogObserver,
  type LogFields,
  LogPublisher,
} from "./mod.ts";

/** Returns the fields of an event after its way through JSON. */
function roundTrip(fields: LogFields): Record<string, unknown> {
  const publisher = new LogPublisher();
  using events = capturedLogs(publisher);
  publisher.info("Hello.", fields);
  const [event] = events;
  if (event === undefined) throw new Error("nothing was logged");
  return JSON.parse(eventAsJSON(event));
}

Deno.test("eventAsJSON() has all fields of the event", () => {
  assertEquals(roundTrip({ time: 7, system: "web", rows: 3, where: { host: "db", up: true } }), {
    time: 7,
    level: "info",
    message: "Hello.",
    isError: false,
    system: "web",
    rows: 3,
    where: { host: "db", up: true },
  });
});

Deno.test("eventAsJSON() describes errors with their causes and fields", () => {
  const failure = Object.assign(new TypeError("outer", { cause: new Error("inner") }), {
    code: "EIO",
  });
  failure.stack = "the stack";
  const { failure: read } = roundTrip({ failure });
  const { cause, ...rest } = read as { cause: { message: string } };
  assertEquals(rest, { name: "TypeError", message: "outer", stack: "the stack", code: "EIO" });
  assertEquals(cause.message, "inner");
});

Deno.test("eventAsJSON() converts values that JSON does not have", () => {
  const circular: Record<string, unknown> = { name: "x" };
  circular["self"] = circular;
  const fields = {
    big: 12n,
    nan: NaN,
    bytes: new Uint8Array([65, 255]),
    map: new Map([["a", 1]]),
    set: new Set([1, 2]),
    date: new Date(0),
    nothing: undefined,
    f: () => 1,
    symbol: Symbol("s"),
    circular,
  };
  const { time: _time, level: _level, message: _message, isError: _isError, system: _s, ...read } =
    roundTrip(fields);
  assertEquals(read, {
    big: "12",
    nan: "NaN",
    bytes: "A\xff",
    map: { a: 1 },
    set: [1, 2],
    date: "1970-01-01T00:00:00.000Z",
    symbol: "Symbol(s)",
    circular: { name: "x", self: "(circular)" },
  });
});

Deno.test("eventAsJSON() never throws, whatever the fields do", () => {
  const fail = (): never => {
    throw new Error("simulated");
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  let deep: unknown = 1;
  for (let i = 0; i < 20_000; i++) deep = [deep];
  for (
    const value of [
      { toJSON: fail },
      {
        get x() {
          return fail();
        },
      },
      proxy,
      deep,
    ]
  ) {
    assertEquals(roundTrip({ value })["message"], "Hello.");
  }
});

Deno.test("jsonFileLogObserver() writes a record separator, the event and a newline", () => {
  let text = "";
  const writer = {
    writeSync(data: Uint8Array): number {
      text += new TextDecoder().decode(data);
      return data.length;
    },
  };
  const publisher = new LogPublisher();
  publisher.addObserver(jsonFileLogObserver(writer));
  publisher.addObserver(jsonFileLogObserver(writer, { recordSeparator: "" }));
  publisher.info("two\nlines", { time: 1 });
  const json = '{"time":1,"system":"-","level":"info","message":"two\\nlines","isError":false}';
  assertEquals(text, `\x1e${json}\n${json}\n`);
});

Deno.test("jsonFileLogObserver() refuses a record separator that is not a string", () => {
  const options = JSON.parse('{ "recordSeparator": 7 }');
  assertThrows(() => jsonFileLogObserver(Deno.stderr, options), TypeError, "recordSeparator");
});

Deno.test("capturedLogs() captures events until it is disposed of, and no earlier ones", () => {
  const publisher = new LogPublisher();
  publisher.info("before");
  const events = capturedLogs(publisher);
  publisher.info("within", { rows: 3 });
  events[Symbol.dispose]();
  publisher.info("after");
  assertEquals(events.map(({ message, rows }) => [message, rows]), [["within", 3]]);
  // The history stays for the first observer that replays it.
  const replayed: string[] = [];
  publisher.addObserver(({ message }) => void replayed.push(message));
  assertEquals(replayed[0], "before");
});
