import { assertEquals } from "@std/assert";
import { TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { alike, LogThrottle } from "./log_throttle.ts";

/** Returns a throttle that appends its lines to an array. */
function throttle(): {
  host: TestHost;
  lines: string[];
  add: (name: string) => void;
  throttle: LogThrottle;
} {
  const host = new TestHost();
  const lines: string[] = [];
  const throttle = new LogThrottle(host.reactor);
  const add = (name: string): void => {
    throttle.add((count) => void lines.push(`${host.reactor.seconds()} ${name}${alike(count)}`));
  };
  return { host, lines, add, throttle };
}

Deno.test("LogThrottle logs the first event immediately, and further ones once a second", () => {
  const { host, lines, add } = throttle();
  for (let i = 0; i < 1000; i++) add(`a${i}`);
  assertEquals(lines.splice(0), ["0 a0"]);
  host.advance(1);
  assertEquals(lines.splice(0), ["1 a999 (and 998 more)"]);
  host.advance(0.5);
  add("b");
  add("c");
  host.advance(0.25);
  assertEquals(lines, []);
  host.advance(0.25);
  assertEquals(lines.splice(0), ["2 c (and 1 more)"]);
  host.advance(1);
  assertEquals(lines, []);
  add("d");
  assertEquals(lines, ["3 d"]);
});

Deno.test("LogThrottle with a burst logs that many events a second, the summary included", () => {
  const host = new TestHost();
  const lines: string[] = [];
  const bursts = new LogThrottle(host.reactor, 3);
  const add = (name: string): void => bursts.add((count) => lines.push(`${name}${alike(count)}`));
  for (let i = 0; i < 100; i++) add(`a${i}`);
  assertEquals(lines.splice(0), ["a0", "a1", "a2"]);
  host.advance(1);
  assertEquals(lines.splice(0), ["a99 (and 96 more)"]);
  for (let i = 0; i < 5; i++) add(`b${i}`);
  assertEquals(lines.splice(0), ["b0", "b1"]);
  host.advance(1);
  assertEquals(lines.splice(0), ["b4 (and 2 more)"]);
});

Deno.test("LogThrottle logs each event if they are more than one second apart", () => {
  const { host, lines, add } = throttle();
  for (const name of ["a", "b", "c"]) {
    add(name);
    host.advance(1.5);
  }
  assertEquals(lines, ["0 a", "1.5 b", "3 c"]);
});

Deno.test("LogThrottle logs 11 lines during ten seconds with 1000 events a second", () => {
  const { host, lines, add, throttle: flood } = throttle();
  for (let i = 0; i < 1000; i++) {
    for (let j = 0; j < 10; j++) add("x");
    host.advance(0.01);
  }
  flood.flush();
  assertEquals(lines.length, 11);
  assertEquals(flood.count, 10_000);
  const counted = lines.map((line) => 1 + Number(/and (\d+) more/.exec(line)?.[1] ?? 0));
  assertEquals(counted.reduce((sum, count) => sum + count), 10_000);
});

Deno.test("LogThrottle has a timed call only while a line is pending, and none after flush()", () => {
  const { host, lines, add } = throttle();
  const calls = (): number => host.reactor.getDelayedCalls().length;
  add("a");
  assertEquals(calls(), 0);
  add("b");
  add("c");
  assertEquals(calls(), 1);
  host.advance(1);
  assertEquals(calls(), 0);
  const due = throttle();
  due.add("d");
  due.add("e");
  due.throttle.flush();
  due.throttle.flush();
  assertEquals(due.host.reactor.getDelayedCalls(), []);
  assertEquals([lines, due.lines], [["0 a", "1 c (and 1 more)"], ["0 d", "0 e"]]);
});
