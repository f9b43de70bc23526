import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  DEFAULT_FAULTS,
  type Fault,
  FAULT_KINDS,
  formatFault,
  hostsOfFault,
  inMicroseconds,
  inSeconds,
  isTimed,
  type OccurrenceKind,
  OCCURRENCES,
  parseFault,
  type TimedKind,
} from "./faults.ts";
import { LAST_MOMENT } from "./schedule.ts";

const occurrences = Object.keys(OCCURRENCES) as OccurrenceKind[]; // the keys of a constant object
const timed = FAULT_KINDS.filter((kind): kind is TimedKind =>
  kind !== "skew" && !(kind in OCCURRENCES)
);

const name = fc.string({ unit: "grapheme-composite", minLength: 1, maxLength: 8 })
  .filter((text) => !/[\s,|#]|->/.test(text) && text.trim() !== "");
const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const occurrence = fc.record({
  kind: fc.constantFrom(...occurrences),
  place: fc.oneof(name, fc.tuple(name, name).map((two) => two.join("->"))),
  n: count,
  value: fc.nat(),
}).map((fault): Fault => ({ ...fault, value: OCCURRENCES[fault.kind] === "" ? 0 : fault.value }));

const lasting = fc.record({
  kind: fc.constantFrom(...timed),
  hosts: fc.array(name, { minLength: 1, maxLength: 3 }),
  from: fc.array(name, { minLength: 1, maxLength: 3 }),
  by: fc.integer(),
  times: fc.tuple(fc.nat({ max: LAST_MOMENT }), fc.nat({ max: LAST_MOMENT })),
}).map(({ times: [a, b], from, by, ...fault }): Fault => ({
  ...fault,
  by: fault.kind === "clock jump" ? by : 0,
  from: fault.kind.includes("partition") ? from : [],
  at: Math.min(a, b),
  until: Math.max(a, b),
}));

const skew = fc.record({
  kind: fc.constant("skew" as const),
  host: name,
  offset: fc.integer(),
  drift: fc.integer({ min: -100_000, max: 100_000 }),
});

Deno.test("parseFault() reads what formatFault() writes, for every fault", () => {
  fc.assert(
    fc.property(fc.oneof(occurrence, lasting, skew), (fault) => {
      assertEquals(parseFault(formatFault(fault)), fault);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("formatFault() writes the lines of the documentation", () => {
  for (
    const line of [
      "refuse alice->bob #3",
      "delay alice->bob #17 0.012 s",
      "split alice->bob #2 3 bytes",
      "short write alice #1 3 bytes",
      "lookup failure alice #1",
      "partition alice,bob | carol 5 s to 9.5 s",
      "one-way partition alice | bob,carol 0.000001 s to 1 s",
      "crash server 2 s to 4 s",
      "crash losing data server 2 s to 4 s",
      "clock jump server 2 s to 4 s by -30.5 s",
      "full queue server #2 2.5 s",
      "skew alice -0.25 s 40 ppm",
    ]
  ) assertEquals(formatFault(parseFault(line)), line);
});

Deno.test("parseFault() throws an error that names the line and the form", () => {
  const messages = [
    "explode alice 1 s to 2 s",
    "crash alice 2 s to 1 s",
    "crash alice, bob 1 s to 2 s",
    "partition alice 1 s to 2 s",
    "clock jump alice 1 s to 2 s",
    "crash alice 1 s to 2 s by 3 s",
    "crash alice | bob 1 s to 2 s",
    "refuse alice->bob #0",
    "refuse alice->bob #1 12 s",
    "delay alice->bob #1",
    "delay alice->bob #1 12 bytes",
    "split a->b #1 1.5 bytes",
    "skew alice 12 s",
    "split a->b #1 1.0000001 bytes",
    "delay a->b #1 0.0000001 s",
    "crash",
    "",
  ].map((line) => {
    const { message } = assertThrows(() => parseFault(line), SyntaxError);
    assertStringIncludes(message, `Cannot read the fault ${JSON.stringify(line)}: it must`);
    return message;
  });
  assertStringIncludes(messages[0] ?? "", "begin with one of delay, split, loss");
  assertStringIncludes(
    messages[1] ?? "",
    '"crash alice 5 s to 9.5 s", and not end before it begins',
  );
  assertStringIncludes(messages[7] ?? "", '"refuse alice->bob #3", count from 1');
  // @ts-expect-error: the error for a value of another type is tested
  assertThrows(() => parseFault(7), TypeError, "a fault must be a string, got 7");
});

Deno.test("hostsOfFault() returns the hosts of every kind of fault", () => {
  const hosts = ["refuse a->b #1", "lookup failure a #1", "skew a 1 s 1 ppm", "kill a 1 s to 2 s"]
    .map((line) => hostsOfFault(parseFault(line)).join());
  assertEquals(hosts, ["a,b", "a", "a", "a"]);
  assertEquals(hostsOfFault(parseFault("partition a,b | c 1 s to 2 s")), ["a", "b", "c"]);
});

Deno.test("isTimed() holds for the faults that last", () => {
  fc.assert(fc.property(occurrence, (fault) => !isTimed(fault)));
  fc.assert(fc.property(lasting, (fault) => isTimed(fault)));
});

Deno.test("inSeconds() writes no exponent, and inMicroseconds() reads it back", () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 49 }), (time) => {
    assertEquals(inMicroseconds(Number(inSeconds(time))), time);
  }));
  assertEquals([0, 1, 1_500_000, 1e15].map(inSeconds), ["0", "0.000001", "1.5", "1000000000"]);
});

Deno.test("DEFAULT_FAULTS has a rate for every kind of fault", () => {
  assertEquals(Object.keys(DEFAULT_FAULTS).toSorted(), FAULT_KINDS.toSorted());
});
