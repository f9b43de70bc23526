/**
 * The decoders of lines, netstrings and length-prefixed strings: what they have in common. Their
 * receivers have tests of their own; `bench/fuzz/` sends them random input.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { byteCost } from "../../testing/fixtures/byte_cost.ts";
import {
  encodeIntString,
  encodeNetstring,
  type FrameDecoder,
  FrameTooLongError,
  FramingError,
  IncompleteFrameError,
  IntStringDecoder,
  LineDecoder,
  NetstringDecoder,
  NetstringParseError,
  TextLineDecoder,
} from "../mod.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (data: Uint8Array): string => String.fromCharCode(...data);

/** A format, with what the tests need to know about it. */
interface Format {
  readonly name: string;
  readonly make: (maxLength?: number) => FrameDecoder<Uint8Array>;
  readonly encode: (frame: Uint8Array) => Uint8Array;
  /** The greatest number of bytes beside those of the content. */
  readonly overhead: number;
}

const withLength = (maxLength: number | undefined): { maxLength?: number } =>
  maxLength === undefined ? {} : { maxLength };
const intFormat = (prefixLength: number, littleEndian = false): Format => ({
  name: `IntStringDecoder (${prefixLength} bytes)`,
  make: (maxLength) =>
    new IntStringDecoder({ prefixLength, littleEndian, ...withLength(maxLength) }),
  encode: (frame) => encodeIntString(frame, { prefixLength, littleEndian }),
  overhead: prefixLength,
});
const FORMATS: readonly Format[] = [
  {
    name: "LineDecoder",
    make: (maxLength) => new LineDecoder(withLength(maxLength)),
    encode: (frame) => bytes(`${text(frame)}\r\n`),
    overhead: 2,
  },
  {
    name: "NetstringDecoder",
    make: (maxLength) => new NetstringDecoder(withLength(maxLength)),
    encode: encodeNetstring,
    overhead: 8,
  },
  intFormat(1),
  intFormat(2),
  intFormat(4),
  intFormat(3, true),
  intFormat(8),
];

/** Cuts bytes into chunks whose sizes repeat. */
function* cut(all: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let start = 0, i = 0; start < all.length; i++) {
    const end = start + (sizes[i % sizes.length] ?? 1);
    yield all.slice(start, end);
    start = end;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return bytes(parts.map(text).join(""));
}

/** Returns the frames that are complete, as texts. */
function framesOf(decoder: FrameDecoder<Uint8Array>): string[] {
  const frames: string[] = [];
  for (let frame = decoder.next(); frame !== null; frame = decoder.next()) frames.push(text(frame));
  return frames;
}

/** Returns the error of the next frame. */
function errorOf(decoder: FrameDecoder<Uint8Array>): FramingError {
  return assertThrows(() => decoder.next(), FramingError);
}

for (const { name, make, encode, overhead } of FORMATS) {
  Deno.test(`${name} returns the encoded frames, for any split`, () => {
    // The content of a line has no delimiter.
    const frames = fc.array(
      fc.uint8Array({ maxLength: 40 }).map((frame) => frame.map((byte) => byte === 10 ? 0 : byte)),
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    fc.assert(fc.property(frames, sizes, (frames, sizes) => {
      const decoder = make();
      const decoded: string[] = [];
      for (const chunk of cut(join(frames.map(encode)), sizes)) {
        decoder.push(chunk);
        decoded.push(...framesOf(decoder));
      }
      assertEquals(decoded, frames.map(text));
      assertEquals(decoder.buffered, 0);
      decoder.finish();
    }));
  });

  Deno.test(`${name}.finish() throws for every truncation of a frame`, () => {
    const whole = encode(bytes("abc"));
    for (let size = 1; size < whole.length; size++) {
      const decoder = make();
      decoder.push(encode(bytes("x")));
      assertEquals(framesOf(decoder), ["x"]);
      decoder.push(whole.slice(0, size));
      assertEquals(framesOf(decoder), []);
      const error = assertThrows(() => decoder.finish(), IncompleteFrameError);
      assertEquals([error.buffered, error.offset], [size, encode(bytes("x")).length]);
    }
  });

  Deno.test(`${name} refuses a frame above maxLength, wherever it is split`, () => {
    const long = encode(bytes("x".repeat(11)));
    const errors = [[1], [3], [1000]].map((sizes) => {
      const decoder = make(10);
      decoder.push(encode(bytes("x".repeat(10))));
      assertEquals(framesOf(decoder), ["x".repeat(10)]);
      for (const chunk of cut(long, sizes)) {
        decoder.push(chunk);
        try {
          assertEquals(framesOf(decoder), []);
        } catch (error) {
          assert(error instanceof FrameTooLongError);
          assertStrictEquals(errorOf(decoder), error);
          assertStrictEquals(assertThrows(() => decoder.finish()), error);
          assert(decoder.buffered <= 10 + overhead + (sizes[0] ?? 0));
          return [error.message, error.length, error.maxLength, error.offset];
        }
      }
      throw new Error("The frame was accepted");
    });
    assertEquals(errors[0], errors[1]);
    assertEquals(errors[0], errors[2]);
    assertEquals(errors[0]?.slice(1, 3), [11, 10]);
    assertEquals(errors[0]?.[3], encode(bytes("x".repeat(10))).length);
  });

  Deno.test(`${name}.takeRest() returns the rest, and prepares for a new frame`, () => {
    const decoder = make(10);
    const long = encode(bytes("x".repeat(11)));
    for (const rest of [encode(bytes("abc")).slice(0, -1), long]) {
      decoder.push(rest);
      try {
        framesOf(decoder);
      } catch (error) {
        assert(error instanceof FrameTooLongError);
      }
      assertEquals(decoder.takeRest(), rest);
      assertEquals([decoder.buffered, decoder.next()], [0, null]);
      decoder.push(encode(bytes("y")));
      assertEquals(framesOf(decoder), ["y"]);
    }
  });

  Deno.test(`${name} does not copy a frame that arrived in one chunk`, () => {
    const decoder = make();
    const chunk = join([encode(bytes("one")), encode(bytes("two"))]);
    decoder.push(chunk);
    const { copied } = byteCost(() => {
      assertStrictEquals(decoder.next()?.buffer, chunk.buffer);
      assertStrictEquals(decoder.next()?.buffer, chunk.buffer);
    });
    assertEquals(copied, 0);
  });

  Deno.test(`${name} decodes 64 KiB in linear time, byte by byte`, () => {
    const frame = encode(bytes("x".repeat(200)));
    const count = Math.ceil(65536 / frame.length);
    const decoder = make();
    let decoded = 0;
    const { copied, searched } = byteCost(() => {
      for (let i = 0; i < count; i++) {
        for (const byte of frame) {
          decoder.push(Uint8Array.of(byte));
          decoded += framesOf(decoder).length;
        }
      }
    });
    assertEquals(decoded, count);
    const size = count * frame.length;
    assert(copied < 5 * size, `${copied} bytes were copied`);
    assert(searched < 5 * size, `${searched} bytes were searched`);
  });
}

Deno.test("IntStringDecoder and NetstringDecoder copy less than 2.5 bytes per byte of a long string", () => {
  for (const { make, encode } of FORMATS.filter(({ name }) => /Netstring|4 bytes/.test(name))) {
    const size = 1_000_000;
    const frame = encode(new Uint8Array(size));
    const decoder = make(size);
    let received: Uint8Array | null = null;
    const { copied } = byteCost(() => {
      for (let at = 0; at < frame.length; at += 65536) {
        decoder.push(frame.subarray(at, at + 65536));
        received ??= decoder.next();
      }
    });
    assertEquals(received, new Uint8Array(size));
    assert(copied < 2.5 * size, `${copied} bytes were copied`);
  }
});

Deno.test("NetstringDecoder names the malformed byte and its offset", () => {
  const cases: [input: string, message: string][] = [
    ["x", "its length must be digits and a colon, got the byte 0x78 (at byte 4 of the input)"],
    [":", "its length must be digits and a colon, got the byte 0x3a (at byte 4 of the input)"],
    ["3a", "its length must be digits and a colon, got the byte 0x61 (at byte 5 of the input)"],
    ["01", "its length must not begin with a zero, got the byte 0x31 (at byte 5 of the input)"],
    ["1:ab", "its last byte must be a comma, got the byte 0x62 (at byte 7 of the input)"],
  ];
  for (const [input, message] of cases) {
    const decoder = new NetstringDecoder();
    decoder.push(bytes(`1:a,${input}`));
    assertEquals(text(decoder.next() ?? bytes("")), "a");
    const error = errorOf(decoder);
    assert(error instanceof NetstringParseError);
    assertEquals(error.message, `Cannot decode a netstring: ${message}`);
  }
});

Deno.test("NetstringDecoder without a limit refuses a length that is not exact", () => {
  const decoder = new NetstringDecoder({ maxLength: Infinity });
  decoder.push(bytes("9007199254740992:"));
  assert(errorOf(decoder) instanceof FrameTooLongError);
});

Deno.test("IntStringDecoder without a limit refuses a length that is not exact", () => {
  const decoder = new IntStringDecoder({ prefixLength: 8, maxLength: Infinity });
  decoder.push(new Uint8Array(8).fill(0xff));
  assert(errorOf(decoder) instanceof FrameTooLongError);
});

Deno.test("IntStringDecoder.skip() skips the string that was too long, in any chunks", () => {
  const input = join(
    ["ab", "x".repeat(300), "cd"].map((frame) =>
      encodeIntString(bytes(frame), { prefixLength: 2 })
    ),
  );
  for (const size of [1, 5, 100, input.length]) {
    const decoder = new IntStringDecoder({ prefixLength: 2, maxLength: 10 });
    const frames: string[] = [];
    for (const chunk of cut(input, [size])) {
      decoder.push(chunk);
      try {
        frames.push(...framesOf(decoder));
      } catch (error) {
        assert(error instanceof FrameTooLongError);
        assertEquals([error.length, error.offset], [300, 4]);
        frames.push("too long");
        decoder.skip();
        frames.push(...framesOf(decoder));
      }
      assert(decoder.buffered < 12);
    }
    decoder.finish();
    // The frames before the error in the same chunk are lost to this simple loop.
    assertEquals(frames.slice(-2), ["too long", "cd"]);
  }
});

Deno.test("IntStringDecoder.finish() throws while a string is being skipped", () => {
  const decoder = new IntStringDecoder({ prefixLength: 1, maxLength: 1 });
  decoder.push(new Uint8Array([3, 0]));
  errorOf(decoder);
  decoder.skip();
  assertThrows(() => decoder.finish(), IncompleteFrameError);
  decoder.push(new Uint8Array([0, 0]));
  assertEquals(decoder.next(), null);
  decoder.finish();
});

Deno.test("IntStringDecoder.skip() does nothing without an error", () => {
  const decoder = new IntStringDecoder({ prefixLength: 1 });
  decoder.push(new Uint8Array([1]));
  decoder.skip();
  decoder.push(new Uint8Array([7]));
  assertEquals(decoder.next(), new Uint8Array([7]));
});

Deno.test("LineDecoder.allowUnterminated makes the end of the input end a line", () => {
  for (const [input, lines] of [["a\r\nb", ["a", "b"]], ["a\r\n", ["a"]], ["", []]] as const) {
    const decoder = new LineDecoder({ allowUnterminated: true });
    decoder.push(bytes(input));
    const before = framesOf(decoder);
    decoder.finish();
    assertEquals([...before, ...framesOf(decoder)], [...lines]);
  }
});

Deno.test("LineDecoder.delimiter may be changed between two lines", () => {
  const decoder = new LineDecoder();
  decoder.push(bytes("a\r\nb;c\r\n"));
  assertEquals(text(decoder.next() ?? bytes("")), "a");
  decoder.delimiter = ";";
  assertEquals(framesOf(decoder), ["b"]);
  decoder.delimiter = bytes("\r\n");
  assertEquals(framesOf(decoder), ["c"]);
  assertThrows(() => decoder.delimiter = "", RangeError, "the delimiter is empty");
});

Deno.test("decoders refuse a limit that is not one", () => {
  for (const { make } of FORMATS) {
    for (const wrong of [-1, 1.5, NaN]) {
      assertThrows(() => make(wrong), RangeError, "maxLength must be");
    }
  }
  const decoders = [
    new LineDecoder(),
    new NetstringDecoder(),
    new IntStringDecoder({ prefixLength: 4 }),
  ];
  for (const decoder of decoders) {
    for (const wrong of [-1, 1.5, NaN]) {
      assertThrows(() => decoder.maxLength = wrong, RangeError, "maxLength must be");
    }
    decoder.maxLength = 7;
    assertEquals(decoder.maxLength, 7);
  }
});

/** An outcome of a line decoder: its lines, its error, and what is left. */
type Outcome = readonly [lines: string[], error: string | null, rest: string];

/** Decodes chunks to text, by a method of the decoder that is chosen for each line. */
function textLines(
  chunks: readonly Uint8Array[],
  decoder: LineDecoder,
  asText: (index: number) => boolean,
): Outcome {
  const lines: string[] = [];
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  const next = (): string | null => {
    if (asText(lines.length)) return decoder.nextText();
    const line = decoder.next();
    return line === null ? null : utf8.decode(line);
  };
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let line = next(); line !== null; line = next()) {
        lines.push(line);
        if (line === "r") decoder.putBack(decoder.takeRest().subarray(1));
        if (line === "b") decoder.push(bytes("pushed\r\n"));
      }
    }
  } catch (error) {
    assert(error instanceof FrameTooLongError);
    return [lines, error.message, text(decoder.takeRest())];
  }
  return [lines, null, text(decoder.takeRest())];
}

Deno.test("LineDecoder.nextText() returns the text of what next() returns, for any input", () => {
  const pieces = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom("a", "hello", "\r\n", "\r\n", "\r", "\n") },
      { weight: 2, arbitrary: fc.constantFrom("x".repeat(31), "r\r\n", "b\r\n") },
      { weight: 1, arbitrary: fc.constantFrom("\xc3", "\xc3\xa9", "\xef\xbb\xbf", "\xff", "\x80") },
    ),
    { maxLength: 200 },
  ).map((pieces) => bytes(pieces.join("")));
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 });
  const delimiters = fc.constantFrom("\r\n", "\n", "a", "é", bytes("\xc3"), "\r\r\n");
  fc.assert(
    fc.property(
      pieces,
      sizes,
      delimiters,
      fc.integer({ min: 0, max: 5 }),
      (all, sizes, ...rest) => {
        const [delimiter, mix] = rest;
        const chunks = [...cut(all, sizes)];
        const make = (): LineDecoder => new LineDecoder({ delimiter, maxLength: 60 });
        const expected = textLines(chunks, make(), () => false);
        assertEquals(textLines(chunks, make(), () => true), expected);
        assertEquals(textLines(chunks, make(), (index) => index % (mix + 1) !== 0), expected);
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("LineDecoder.nextText() decodes lines in linear time, whatever the split", () => {
  const line = bytes(`${"x".repeat(2000)}\r\n`);
  for (const chunkSize of [1, 7, 300, 1448, 3000]) {
    const input = join(Array.from({ length: 20 }, () => line));
    const decoder = new LineDecoder();
    let count = 0;
    const { copied, searched, decoded } = byteCost(() => {
      for (let at = 0; at < input.length; at += chunkSize) {
        decoder.push(input.subarray(at, at + chunkSize));
        while (decoder.nextText() !== null) count++;
      }
    });
    assertEquals(count, 20);
    for (const cost of [copied, searched, decoded]) assert(cost < 5 * input.length, `${cost}`);
  }
});

Deno.test("LineDecoder.buffered does not count lines that nextText() has returned", () => {
  const decoder = new LineDecoder({ delimiter: "\n" });
  decoder.push(bytes("one\ntwo\nthree"));
  assertEquals([decoder.nextText(), decoder.buffered], ["one", 9]);
  assertEquals(text(decoder.takeRest()), "two\nthree");
  assertEquals([decoder.nextText(), decoder.buffered], [null, 0]);
});

Deno.test("TextLineDecoder returns lines as text, and the last one at the end of the input", () => {
  const decoder = new TextLineDecoder({ delimiter: "\n", allowUnterminated: true });
  decoder.push(new TextEncoder().encode("één\ntwee\ndr"));
  decoder.push(new TextEncoder().encode("ie"));
  assertEquals([decoder.next(), decoder.next(), decoder.next()], ["één", "twee", null]);
  assertEquals(decoder.buffered, 4);
  decoder.finish();
  assertEquals([decoder.next(), decoder.next()], ["drie", null]);
  decoder.push(bytes("rest"));
  assertEquals(text(decoder.takeRest()), "rest");
});
