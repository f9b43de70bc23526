import { assertEquals, assertThrows } from "@std/assert";
import { LogPublisher } from "./publisher.ts";
import { type LogSink, startLogging } from "./start_logging.ts";

class Memory {
  text = "";
  writeSync(data: Uint8Array): number {
    this.text += new TextDecoder().decode(data);
    return data.length;
  }
}

const formatTime = (): string => "now";

Deno.test("startLogging() writes the buffered history, then 'Log opened.'", () => {
  const publisher = new LogPublisher();
  const memory = new Memory();
  publisher.msg("before");
  startLogging(memory, { publisher, formatTime });
  publisher.msg("after");
  assertEquals(memory.text, "now [-] before\nnow [-] Log opened.\nnow [-] after\n");
});

Deno.test("startLogging() returns the observer, which can be removed", () => {
  const publisher = new LogPublisher();
  const memory = new Memory();
  const observer = startLogging(memory, { publisher, formatTime });
  publisher.removeObserver(observer);
  publisher.msg("after");
  assertEquals(memory.text, "now [-] Log opened.\n");
});

Deno.test("startLogging() may be called several times, for different sinks", () => {
  const publisher = new LogPublisher();
  const first = new Memory();
  const second = new Memory();
  startLogging(first, { publisher, formatTime });
  startLogging(second, { publisher, formatTime });
  assertEquals(first.text, "now [-] Log opened.\nnow [-] Log opened.\n");
  assertEquals(second.text, "now [-] Log opened.\n");
});

Deno.test("startLogging() writes events of the given level and above", () => {
  const publisher = new LogPublisher();
  const memory = new Memory();
  startLogging(memory, { publisher, formatTime, level: "warn" });
  publisher.info("no");
  publisher.warn("yes");
  assertEquals(memory.text, "now [-] yes\n");
});

Deno.test("startLogging() passes messages to a logger", () => {
  const publisher = new LogPublisher();
  const calls: string[] = [];
  const method = (name: string) => (text: string): void => void calls.push(`${name} ${text}`);
  const logger = {
    debug: method("debug"),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
  };
  startLogging(logger, { publisher });
  publisher.critical("end");
  assertEquals(calls, ["info Log opened.", "error end"]);
});

Deno.test("startLogging() rejects a value that is not a sink", () => {
  const publisher = new LogPublisher();
  for (const sink of [null, undefined, {}, { writeSync: 5 }, { info(): void {} }, "stdout"]) {
    // Arguments that the types reject.
    assertThrows(
      () => startLogging(sink as unknown as LogSink, { publisher }),
      TypeError,
      "either",
    );
  }
});
