import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Fault, formatFault, type OccurrenceKind, OCCURRENCES } from "./faults.ts";
import { FaultSource } from "./fault_source.ts";
import { RandomStream } from "../random_stream.ts";

const KINDS = Object.keys(OCCURRENCES) as OccurrenceKind[]; // the keys of a constant object

function makeSource(script: readonly string[] | null = null, seed = "1"): FaultSource {
  return new FaultSource(new RandomStream(seed), script, () => {});
}

Deno.test("FaultSite.next() follows the rates, and reports each fault with its number and value", () => {
  const reported: Fault[] = [];
  const source = new FaultSource(new RandomStream("1"), null, (fault) => reported.push(fault));
  source.setRates({ split: 0.25, refuse: 1 });
  const site = source.site("a->b");
  const values = Array.from({ length: 4000 }, () => site.next("split", 3, 5));
  const splits = values.filter((value) => value > 0);
  assert(Math.abs(splits.length - 1000) < 100, String(splits.length));
  assertEquals(new Set(splits), new Set([3, 4, 5]));
  assertEquals([site.next("refuse"), site.next("loss")], [1, 0]);
  assertEquals(source.faults, reported);
  const lines = reported.map(formatFault);
  const first = values.findIndex((value) => value > 0);
  assertEquals([lines[0], lines.at(-1)], [
    `split a->b #${first + 1} ${values[first]} bytes`,
    "refuse a->b #1",
  ]);
});

Deno.test("FaultSite.next() returns 0 where no value is possible, but counts the occurrence", () => {
  const source = makeSource();
  source.setRates({ split: 1 });
  const site = source.site("a->b");
  assertEquals([site.next("split", 1, 0), site.next("split", 1, 1)], [0, 1]);
  assertEquals(source.faults.map(formatFault), ["split a->b #2 1 bytes"]);
});

Deno.test("FaultSource.site() draws for each place independently of the others", () => {
  const draw = (busy: boolean) => {
    const source = makeSource();
    source.setRates({ delay: 0.5 });
    const [one, other] = [source.site("a->b"), source.site("b->a")];
    return Array.from({ length: 50 }, () => {
      if (busy) other.next("delay", 1, 9);
      return one.next("delay", 1, 1000);
    });
  };
  assertEquals(draw(true), draw(false));
});

Deno.test("FaultSource.site() of a local link has only faults of time and size", () => {
  const source = makeSource();
  source.setRates(Object.fromEntries(KINDS.map((kind) => [kind, 1])));
  const site = source.site("a->a", true);
  assertEquals(KINDS.filter((kind) => site.next(kind) > 0), ["delay", "split"]);
});

Deno.test("FaultSource with a script applies its lines, and no others", () => {
  const source = makeSource(["delay a->b #2 0.0007 s", "refuse a->b #1", "loss b->a #1"]);
  source.setRates({ delay: 1, refuse: 1, loss: 1 });
  const site = source.site("a->b");
  const delays = [1, 2, 3].map(() => site.next("delay", 1, 1000));
  assertEquals([delays, site.next("refuse"), site.next("loss")], [[0, 700, 0], 1, 0]);
  assertEquals(source.unused.map(formatFault), ["loss b->a #1"]);
});

Deno.test("FaultSource with a script keeps values in their range, and reports the applied value", () => {
  const source = makeSource(["split a->b #1 100 bytes", "split a->b #2 5 bytes"]);
  const site = source.site("a->b");
  assertEquals([site.next("split", 1, 9), site.next("split", 1, 0)], [9, 0]);
  assertEquals(source.faults.map(formatFault), ["split a->b #1 9 bytes"]);
  assertEquals(source.unused.map(formatFault), ["split a->b #2 5 bytes"]);
});

Deno.test("FaultSource with a script of its own faults decides the same again", () => {
  const use = fc.record({
    place: fc.constantFrom("a", "a->b", "b->a"),
    kind: fc.constantFrom(...KINDS),
    most: fc.integer({ min: 0, max: 50 }),
  });
  fc.assert(fc.property(fc.array(use, { maxLength: 200 }), fc.string(), (uses, seed) => {
    const decide = (source: FaultSource) => {
      const places = ["a", "a->b", "b->a"].map((place) => [place, source.site(place)] as const);
      const sites = new Map(places);
      return uses.map(({ place, kind, most }) => sites.get(place)?.next(kind, 1, most));
    };
    const drawn = makeSource(null, seed);
    drawn.setRates(Object.fromEntries(KINDS.map((kind) => [kind, 0.3])));
    const decisions = decide(drawn);
    const scripted = makeSource(drawn.faults.map(formatFault));
    // The values of kinds without one are not recorded, and are 1 again.
    const hasValue = (index: number) => OCCURRENCES[uses[index]?.kind ?? "delay"] !== "";
    const expected = decisions.map((value, index) => hasValue(index) ? value : value && 1);
    assertEquals(decide(scripted), expected);
    assertEquals([scripted.faults, scripted.unused], [drawn.faults, []]);
  }));
});

Deno.test("FaultSource.isSilent stops the script while it is set, but not the counting", () => {
  const source = makeSource(["refuse a->b #1", "refuse a->b #2", "skew a 1 s 1 ppm"]);
  const site = source.site("a->b");
  source.isSilent = true;
  assertEquals([site.next("refuse"), source.skew("a")], [0, null]);
  source.isSilent = false;
  assertEquals(site.next("refuse"), 1);
});

Deno.test("FaultSource.skew() draws an error of the clock, or takes it from the script", () => {
  const source = makeSource();
  source.setRates({ skew: 0.5 });
  const skews = Array.from({ length: 400 }, (_, index) => source.skew(`host${index}`));
  const wrong = skews.filter((skew) => skew !== null);
  assert(Math.abs(wrong.length - 200) < 50, String(wrong.length));
  assert(wrong.every(({ offset, drift }) => Math.abs(offset) <= 6e7 && Math.abs(drift) <= 100));
  const scripted = makeSource(["skew b -0.000005 s 7 ppm"]);
  assertEquals([scripted.skew("a"), scripted.skew("b")?.offset], [null, -5]);
});

Deno.test("FaultSource.setRates() throws for an unknown fault, and a rate out of range", () => {
  const source = makeSource();
  const wrong: [rates: unknown, message: string][] = [
    [{ explosion: 1 }, 'Cannot set the rate of "explosion": the faults are delay, split'],
    [{ loss: 1.1 }, "Cannot set the rate of loss to 1.1: it must be a probability from 0 to 1"],
    [{ skew: -1 }, "Cannot set the rate of skew to -1"],
    [{ crash: 61 }, "Cannot set the rate of crash to 61: it must be from 0 to 60 in a minute"],
    [{ crash: NaN }, "Cannot set the rate of crash to NaN"],
    [{ loss: "1" }, 'Cannot set the rate of loss to "1"'],
  ];
  for (const [rates, message] of wrong) {
    // The types forbid these values, which a program without types may pass.
    assertThrows(() => source.setRates(rates as Record<string, number>), RangeError, message);
  }
  const nothing: unknown = null;
  assertThrows(
    () => source.setRates(nothing as Record<string, number>), // as above
    TypeError,
    "faults must be an object of rates, got null",
  );
  source.setRates({ loss: undefined, crash: 60, refuse: 1 });
});

Deno.test("FaultSource throws for a script with a value that is not a fault", () => {
  const make = (value: unknown) => () =>
    new FaultSource(new RandomStream("1"), [value as string], () => {}); // a wrong value
  assertThrows(make({ kind: "refuse" }), TypeError, "a fault must be a string, got an object");
  assertThrows(make("explosion a 1 s to 2 s"), SyntaxError, "it must begin with one of");
});

Deno.test("FaultSource.lines has a line for each fault that has happened", () => {
  const source = makeSource();
  source.setRates({ refuse: 1 });
  const site = source.site("a->b");
  site.next("refuse");
  assertEquals(source.lines, ["refuse a->b #1"]);
  site.next("refuse");
  assertEquals(source.lines, ["refuse a->b #1", "refuse a->b #2"]);
});
