/** `DateTimeTests`, `UTCTests` and `ListOfDateTimeTests` of `test_amp.py`; see `amp_test.ts`. */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DateTime, OffsetDateTime } from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

Deno.test("DateTime encodes the local time, microseconds and the offset", () => {
  const time = new OffsetDateTime(new Date("9876-01-23T13:57:56.054Z"), {
    microseconds: 321,
    offset: -83,
  });
  assertEquals(text(DateTime.encode(time, null)), "9876-01-23T12:34:56.054321-01:23");
});

Deno.test("DateTime decodes the local time, microseconds and the offset", () => {
  const time = DateTime.decode(bytes("9876-01-23T12:34:56.054321-01:23"), null);
  assertEquals(
    [time.date.toISOString(), time.microseconds, time.offset],
    ["9876-01-23T13:57:56.054Z", 321, -83],
  );
});

Deno.test("DateTime agrees with the vectors of Twisted", () => {
  const vectors: [wire: string, utc: string, offset: number][] = [
    ["2010-12-25T00:00:00.000000-00:00", "2010-12-25T00:00:00.000Z", 0],
    ["2010-12-25T00:00:00.000000+01:00", "2010-12-24T23:00:00.000Z", 60],
    ["2010-12-25T00:00:00.000000+03:30", "2010-12-24T20:30:00.000Z", 210],
    ["2010-12-25T00:00:00.000000-05:00", "2010-12-25T05:00:00.000Z", -300],
    ["2010-12-25T00:00:00.000000+03:19", "2010-12-24T20:41:00.000Z", 199],
    ["2010-12-25T00:00:00.000000-06:59", "2010-12-25T06:59:00.000Z", -419],
  ];
  for (const [wire, utc, offset] of vectors) {
    assertEquals(DateTime.decode(bytes(wire), null), new OffsetDateTime(new Date(utc), { offset }));
    assertEquals(text(DateTime.encode(new OffsetDateTime(new Date(utc), { offset }), null)), wire);
  }
});

Deno.test("DateTime sends a Date as UTC", () => {
  const wire = text(DateTime.encode(new Date("2024-02-29T01:02:03.004Z"), null));
  assertEquals(wire, "2024-02-29T01:02:03.004000-00:00");
});

Deno.test("DateTime decodes the text that it has encoded", () => {
  const dates = fc.date({
    min: new Date("0001-01-02T00:00:00Z"),
    max: new Date("9999-12-30T00:00:00Z"),
    noInvalidDate: true,
  });
  const options = fc.record({
    microseconds: fc.nat({ max: 999 }),
    offset: fc.integer({ min: -1439, max: 1439 }),
  });
  fc.assert(fc.property(dates, options, (date, options) => {
    const time = new OffsetDateTime(date, options);
    assertEquals(DateTime.decode(DateTime.encode(time, null), null), time);
  }));
});

Deno.test("DateTime refuses text of another form", () => {
  const wires = [
    "abc",
    "2010-12-25T00:00:00.000000Z",
    "2010-12-25T00:00:00.000000?00:00",
    "2010-12-25 00:00:00.000000+00:00",
    "2010-12-25T00:00:00.000000+24:00",
    "2010-12-25T00:00:00.000000+00:60",
  ];
  for (const wire of wires) {
    assertThrows(() => DateTime.decode(bytes(wire), null), RangeError, "expected a date and time");
  }
});

Deno.test("DateTime refuses dates that do not exist", () => {
  const days = ["2023-02-29", "2023-02-31", "2023-13-01", "2023-00-01", "0000-01-01"];
  const wires = [
    ...days.map((day) => `${day}T00:00:00.000000+00:00`),
    ...["24:00:00", "00:60:00", "00:00:60"].map((time) => `2023-01-01T${time}.000000+00:00`),
  ];
  for (const wire of wires) assertThrows(() => DateTime.decode(bytes(wire), null), RangeError);
});

Deno.test("DateTime refuses values of other types", () => {
  // Callers without types may pass any value.
  const encode = (value: unknown): Uint8Array => DateTime.encode(value as Date, null);
  assertThrows(() => encode("2010-12-25"), TypeError, "expected an OffsetDateTime or a Date");
  assertThrows(() => encode(new Date(NaN)), RangeError, "The date must be valid");
});

Deno.test("OffsetDateTime() checks its arguments", () => {
  const date = new Date(0);
  assertThrows(() => new OffsetDateTime(date, { microseconds: 1000 }), RangeError, "microseconds");
  assertThrows(() => new OffsetDateTime(date, { offset: 1440 }), RangeError, "offset");
  const last = new Date("9999-12-31T23:59:59Z");
  assertThrows(() => new OffsetDateTime(last, { offset: 1 }), RangeError, "the years from 1");
});

Deno.test("OffsetDateTime copies its date", () => {
  const date = new Date(0);
  const time = new OffsetDateTime(date);
  date.setFullYear(2000);
  assertEquals(time.date, new Date(0));
});
