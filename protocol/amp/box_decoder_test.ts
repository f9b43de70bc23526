import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { chunksAt, chunksOfSize, decodeChunks } from "../../testing/fixtures/split_input.ts";
import { FrameTooLongError, FramingError, IncompleteFrameError } from "../mod.ts";
import { AmpBox, BoxDecoder, type BoxDecoderOptions, KeyTooLongError } from "./mod.ts";
import { MalformedAmpBox, parseString, TooLong } from "./mod.ts";

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** The outcome of a whole input. */
const decode = (chunks: Iterable<Uint8Array>, options?: BoxDecoderOptions): unknown[] =>
  decodeChunks(new BoxDecoder(options), chunks);

Deno.test("BoxDecoder.next() returns the boxes of a chunk, and null when more is needed", () => {
  const decoder = new BoxDecoder();
  decoder.push(bytes("\0\x01a\0\x011\0\0\0\x01b\0\x012\0\0\0\x01c"));
  assertEquals(decoder.next(), new AmpBox({ a: "1" }));
  assertEquals(decoder.next(), new AmpBox({ b: "2" }));
  assertEquals([decoder.next(), decoder.buffered], [null, 3]);
  decoder.push(bytes("\0\0\0\0"));
  assertEquals(decoder.next(), new AmpBox({ c: "" }));
  decoder.finish();
});

Deno.test("BoxDecoder.next() returns a box without keys, which a list of boxes may contain", () => {
  assertEquals(decode([bytes("\0\0\0\0")]), [new AmpBox(), new AmpBox()]);
});

Deno.test("BoxDecoder.next() keeps the last value of a repeated key", () => {
  assertEquals(decode([bytes("\0\x01a\0\x011\0\x01a\0\x012\0\0")]), [new AmpBox({ a: "2" })]);
});

Deno.test("BoxDecoder.next() throws for a key of 256 bytes as soon as its length arrives", () => {
  const decoder = new BoxDecoder();
  decoder.push(bytes("\0\x01k\0\x01v\x01"));
  assertStrictEquals(decoder.next(), null);
  decoder.push(bytes("\0"));
  const error = assertThrows(() => decoder.next(), KeyTooLongError);
  assertEquals([error.length, error.offset], [256, 6]);
  assertStrictEquals(assertThrows(() => decoder.next()), error);
});

Deno.test("BoxDecoder.next() throws for a key that is not UTF-8", () => {
  assertEquals(decode([bytes("\0\x02a\xff\0\x01v\0\0")]), [
    "FramingError: Cannot decode the key of an AMP box: it is not UTF-8 (at byte 2 of the input)",
  ]);
});

Deno.test("BoxDecoder.next() throws for a box that is longer than maxBoxLength", () => {
  const options = { maxBoxLength: 20 };
  const longest = new AmpBox({ k: "x".repeat(13) });
  assertEquals(longest.serialize().length, 20);
  assertEquals(decode([longest.serialize()], options), [longest]);
  const tooLong = new AmpBox({ k: "x".repeat(14) }).serialize();
  // The length of the value is enough: its bytes are not waited for.
  const decoder = new BoxDecoder(options);
  decoder.push(tooLong.subarray(0, 5));
  const error = assertThrows(() => decoder.next(), FrameTooLongError);
  assertEquals([error.length, error.maxLength], [21, 20]);
});

Deno.test("BoxDecoder.next() throws for a box that has more than maxKeys keys", () => {
  const two = new AmpBox({ a: "1", b: "2" });
  assertEquals(decode([two.serialize()], { maxKeys: 2 }), [two]);
  assertEquals(decode([two.serialize()], { maxKeys: 1 }), [
    "FramingError: Cannot receive an AMP box of more than 1 keys (at byte 0 of the input)",
  ]);
});

Deno.test("BoxDecoder.finish() throws when the input ends within a box", () => {
  const decoder = new BoxDecoder();
  decoder.push(bytes("\0\x01a\0"));
  assertStrictEquals(decoder.next(), null);
  assertThrows(() => decoder.finish(), IncompleteFrameError, "AMP box");
});

Deno.test("BoxDecoder.takeRest() returns the incomplete box, and the next box is whole", () => {
  const decoder = new BoxDecoder();
  decoder.push(bytes("\0\x01a\0\x011\0\x01b\0\x05123"));
  assertStrictEquals(decoder.next(), null);
  assertEquals(decoder.takeRest(), bytes("\0\x01a\0\x011\0\x01b\0\x05123"));
  decoder.push(bytes("\0\x01c\0\x011\0\0"));
  assertEquals(decoder.next(), new AmpBox({ c: "1" }));
});

Deno.test("BoxDecoder() checks its limits", () => {
  assertThrows(() => new BoxDecoder({ maxBoxLength: 1 }), RangeError, "maxBoxLength");
  assertThrows(() => new BoxDecoder({ maxKeys: -1 }), RangeError, "maxKeys");
  assertThrows(() => new BoxDecoder({ maxKeys: 1.5 }), RangeError, "maxKeys");
});

/** Bytes of boxes, with damage in places. */
const inputs = fc.tuple(
  fc.array(
    fc.array(
      fc.tuple(
        fc.string({ minLength: 1, maxLength: 5, unit: "binary" }),
        fc.uint8Array({ maxLength: 40 }),
      ),
      { maxLength: 4 },
    ),
    { maxLength: 4 },
  ),
  fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }),
).map(([boxes, damage]) => {
  const data = boxes.flatMap((contents) => [...new AmpBox(contents).serialize()]);
  for (const [at, value] of damage) if (data.length > 0) data[at % data.length] = value;
  return new Uint8Array(data);
});

Deno.test("BoxDecoder takes any split of the same bytes to the same boxes and errors", () => {
  const options = { maxBoxLength: 120, maxKeys: 3 };
  fc.assert(fc.property(inputs, fc.array(fc.nat(), { maxLength: 8 }), (data, positions) => {
    const whole = decode([data], options);
    assertEquals(decode(chunksAt(data, positions), options), whole);
    assertEquals(decode(chunksOfSize(data, 1), options), whole);
  }));
});

Deno.test("BoxDecoder buffers at most the limit of one box and the last chunk", () => {
  const chunk = new Uint8Array(10).fill(0x61);
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (chunks) => {
    const decoder = new BoxDecoder({ maxBoxLength: 100 });
    for (const each of [...chunks, chunk]) {
      decoder.push(each);
      try {
        while (decoder.next() !== null);
      } catch (error) {
        assert(error instanceof FramingError);
        return;
      }
      assert(decoder.buffered <= 100 + each.length, `${decoder.buffered}`);
    }
  }));
});

Deno.test("parseString() throws MalformedAmpBox for an incomplete box", () => {
  const error = assertThrows(() => parseString(bytes("\0\x01a")), MalformedAmpBox);
  assert(error.cause instanceof IncompleteFrameError);
});

Deno.test("parseString() throws TooLong for a key of more than 255 bytes", () => {
  const error = assertThrows(() => parseString(bytes("\x01\0")), TooLong);
  assertEquals([error.isKey, error.isLocal, error.length], [true, false, 256]);
});
